/** The runs of several stores as those of one. */
import { sep } from "node:path";
import { textAt } from "../../core/search/cells.js";
import { JoinedRunTable, type TablePart } from "../../core/search/joined-run-table.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import type { OnDamage } from "../../core/store/read/damages.js";
import type { OpenPlace } from "./open-place.js";
import type { Located, OpenedStore, OpenRuns } from "./open-runs.js";
import { isSameRun } from "./same-run.js";

export class JoinedRuns implements OpenRuns {
  readonly stores: readonly OpenedStore[];
  readonly severalStores = true;
  readonly onDamage: OnDamage;
  #joined: Joined | undefined;
  #names: ReadonlyMap<string, string> | undefined;
  #rows: ReadonlyMap<string, readonly number[]> | undefined;

  constructor(stores: readonly OpenedStore[], onDamage: OnDamage) {
    this.stores = stores;
    this.onDamage = onDamage;
  }

  get table(): RunTable {
    return this.#join().table;
  }

  get experimentNames(): ReadonlyMap<string, string> {
    this.#names ??= new Map(this.stores.flatMap(({ opened }) => [...opened.experimentNames]));
    return this.#names;
  }

  rowOf(run: RunRecord): number | null {
    const rows = this.#rowsOf(run.runId);
    return rows.find((row) => this.table.runAt(row).directory === run.directory) ?? rows[0] ?? null;
  }

  placeOf(run: Located): OpenPlace {
    return this.#storeOf(run).opened.place;
  }

  storesOf(run: RunRecord): readonly string[] {
    const row = this.rowOf(run);
    return row === null ? [this.#storeOf(run).label] : this.storesAt(row);
  }

  storesAt(row: number): readonly string[] {
    return this.#join().labels[row]!;
  }

  experimentNameOf(run: Located): string | undefined {
    return this.#storeOf(run).opened.experimentNameOf(run);
  }

  /** That in whose root it lies; of roots in one another the innermost. */
  #storeOf({ directory }: Located): OpenedStore {
    const around = this.stores.filter(({ opened }) => directory.startsWith(rootOf(opened.place)));
    const [first = this.stores[0]!, ...others] = around;
    return others.reduce(
      (inner, store) =>
        rootOf(store.opened.place).length > rootOf(inner.opened.place).length ? store : inner,
      first,
    );
  }

  #join(): Joined {
    this.#joined ??= withoutCopies(this.stores);
    return this.#joined;
  }

  #rowsOf(runId: string): readonly number[] {
    this.#rows ??= rowsById(this.table);
    return this.#rows.get(runId) ?? [];
  }
}

function rootOf({ context: { root } }: OpenPlace): string {
  return root.endsWith(sep) ? root : root + sep;
}

function rowsById(table: RunTable): ReadonlyMap<string, readonly number[]> {
  const ids = table.column({ entity: "attribute", key: "run_id" });
  const rows = new Map<string, number[]>();
  for (let row = 0; row < table.rowCount; row += 1) {
    const runId = textAt(ids, row) ?? "";
    const found = rows.get(runId);
    if (found === undefined) rows.set(runId, [row]);
    else found.push(row);
  }
  return rows;
}

interface Joined {
  readonly table: JoinedRunTable;
  /** By row, the stores it lies in. */
  readonly labels: readonly (readonly string[])[];
}

interface Kept {
  readonly part: number;
  readonly row: number;
  readonly labels: string[];
}

/** The rows that are listed, and the stores they lie in. */
function withoutCopies(stores: readonly OpenedStore[]): Joined {
  const byId = new Map<string, Kept[]>();
  const kept: Kept[] = [];
  for (const [part, { opened, label }] of stores.entries()) {
    const ids = opened.table.column({ entity: "attribute", key: "run_id" });
    for (let row = 0; row < opened.table.rowCount; row += 1) {
      const runId = textAt(ids, row) ?? "";
      const before = byId.get(runId) ?? [];
      const copy = before.find((other) => other.part !== part && isCopy(stores, other, { part, row }));
      if (copy !== undefined) {
        copy.labels.push(label);
        continue;
      }
      const own = { part, row, labels: [label] };
      byId.set(runId, [...before, own]);
      kept.push(own);
    }
  }
  const parts: readonly TablePart[] = stores.map(({ opened: { table } }, index) => ({
    table,
    rows: kept.filter(({ part }) => part === index).map(({ row }) => row),
  }));
  return { table: new JoinedRunTable(parts), labels: kept.map(({ labels }) => labels) };
}

type At = Pick<Kept, "part" | "row">;

function isCopy(stores: readonly OpenedStore[], left: At, right: At): boolean {
  const at = ({ part, row }: At) => stores[part]!.opened.table.runAt(row);
  return isSameRun(at(left), at(right));
}
