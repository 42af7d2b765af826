/** The keys that the runs of a listing have. */
import { numberAt, textAt } from "../../core/search/cells.js";
import type { RunTable } from "../../core/search/run-table.js";
import type { Column } from "../../core/search/table.js";
import { ATTRIBUTE_NAMES } from "./attribute-columns.js";
import type { ListedRun } from "./listed-run.js";

/** The keys that words can name. */
export interface KeyNames {
  readonly metrics: NamedKeys;
  readonly params: NamedKeys;
  readonly tags: NamedKeys;
  has(key: string): boolean;
}

interface NamedKeys {
  readonly names: readonly string[];
  has(key: string): boolean;
}

/** Those of all runs of a table. */
export function keysOfTable(table: RunTable): KeyNames {
  return keyNames((entity) => table.keys(entity));
}

/** Those that one of the rows has a value for. */
export function keysOfRows(table: RunTable, rows: readonly number[]): KeyNames {
  return keyNames((entity) =>
    table.keys(entity).filter((key) => {
      const column = table.column(entity === "metric" ? { entity, key, aggregate: "last" } : { entity, key });
      return rows.some((row) => hasValue(column, row));
    }),
  );
}

function hasValue(column: Column | null, row: number): boolean {
  return numberAt(column, row) !== null || textAt(column, row) !== null;
}

type KeyEntity = "metric" | "param" | "tag";

/** `namesOf` is asked when the keys of an entity are. */
function keyNames(namesOf: (entity: KeyEntity) => readonly string[]): KeyNames {
  const of = (entity: KeyEntity): NamedKeys => {
    let found: readonly string[] | undefined;
    const names = () => {
      found ??= namesOf(entity);
      return found;
    };
    return {
      get names() {
        return names();
      },
      has: (key) => names().includes(key),
    };
  };
  const [metrics, params, tags] = [of("metric"), of("param"), of("tag")];
  return { metrics, params, tags, has: (key) => [metrics, params, tags].some((keys) => keys.has(key)) };
}

export class KnownKeys implements KeyNames {
  readonly metrics: Keys;
  readonly params: Keys;
  readonly tags: Keys;
  readonly runCount: number;

  /** The runs are taken one by one, and none is kept. */
  constructor(runs: Iterable<ListedRun>) {
    let runCount = 0;
    const [metrics, params, tags] = [new KeyCounts(), new KeyCounts(), new KeyCounts()];
    for (const run of runs) {
      runCount += 1;
      metrics.add(run.metrics);
      params.add(run.params);
      tags.add(run.tags);
    }
    this.runCount = runCount;
    this.metrics = new Keys(metrics, runCount);
    this.params = new Keys(params, runCount);
    this.tags = new Keys(tags, runCount);
  }

  has(key: string): boolean {
    return this.metrics.has(key) || this.params.has(key) || this.tags.has(key);
  }

  /** All that a word can name, for suggestions. */
  allNames(): readonly string[] {
    return [...this.metrics.names, ...this.params.names, ...this.tags.names, ...ATTRIBUTE_NAMES];
  }
}

/** The keys of metrics, params or tags. */
export class Keys {
  readonly #counts: KeyCounts;
  readonly #runCount: number;
  #names: readonly string[] | undefined;

  constructor(counts: KeyCounts, runCount: number) {
    this.#counts = counts;
    this.#runCount = runCount;
  }

  /** Those that most runs have come first, else in code-point order. */
  get names(): readonly string[] {
    this.#names ??= this.#counts.byFrequency();
    return this.#names;
  }

  has(key: string): boolean {
    return this.#counts.count(key) > 0;
  }

  /** Whether two runs differ in it: in the value, or because only one has it. */
  varies(key: string): boolean {
    return this.#counts.differs(key) || this.#counts.count(key) < this.#runCount;
  }
}

interface Seen {
  count: number;
  readonly first: unknown;
  differs: boolean;
}

class KeyCounts {
  readonly #seen = new Map<string, Seen>();

  add(record: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(record)) {
      const value = record[key];
      const seen = this.#seen.get(key);
      if (seen === undefined) this.#seen.set(key, { count: 1, first: value, differs: false });
      else {
        seen.count += 1;
        if (value !== seen.first) seen.differs = true;
      }
    }
  }

  count(key: string): number {
    return this.#seen.get(key)?.count ?? 0;
  }

  differs(key: string): boolean {
    return this.#seen.get(key)?.differs ?? false;
  }

  byFrequency(): string[] {
    const order = (a: readonly [string, Seen], b: readonly [string, Seen]) =>
      b[1].count - a[1].count || (a[0] < b[0] ? -1 : 1);
    return [...this.#seen].sort(order).map(([key]) => key);
  }
}
