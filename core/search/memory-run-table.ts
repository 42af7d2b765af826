/** The run table of records in memory: what a search without an index is evaluated over. Columns are made when asked for. */
import { allKeys, numberColumn, numberOf, textColumn, textListColumn } from "./make-columns.js";
import type { RunRecord } from "./run-record.js";
import type { RunTable } from "./run-table.js";
import type { Column, Field, MetricAggregate } from "./table.js";

/** The derived state of a run marked RUNNING: RUNNING or LOST. */
export type StateOf = (run: RunRecord) => string;

export class MemoryRunTable implements RunTable {
  readonly asOf: number;
  readonly #runs: readonly RunRecord[];
  readonly #stateOf: StateOf;
  readonly #columns = new Map<string, Column | null>();
  readonly #keys = new Map<string, readonly string[]>();
  readonly #keySets = new Map<string, ReadonlySet<string>>();
  #rows: Map<string, number> | undefined;

  constructor(runs: readonly RunRecord[], options: { readonly asOf: number; readonly stateOf: StateOf }) {
    this.#runs = runs;
    this.asOf = options.asOf;
    this.#stateOf = options.stateOf;
  }

  get rowCount(): number {
    return this.#runs.length;
  }

  runAt(row: number): RunRecord {
    const run = this.#runs[row];
    if (run === undefined) throw new RangeError(`there is no row ${row}`);
    return run;
  }

  rowOf(runId: string): number | null {
    this.#rows ??= rowsById(this.#runs);
    return this.#rows.get(runId) ?? null;
  }

  column(field: Field): Column | null {
    const name = JSON.stringify(field);
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = this.#make(field);
      this.#columns.set(name, column);
    }
    return column;
  }

  keys(entity: "metric" | "param" | "tag"): readonly string[] {
    let keys = this.#keys.get(entity);
    if (keys === undefined) {
      keys = allKeys(this.#runs.map((run) => run[`${entity}s`]));
      this.#keys.set(entity, keys);
    }
    return keys;
  }

  #make(field: Field): Column | null {
    switch (field.entity) {
      case "attribute":
        return this.#attribute(field.key);
      case "metric":
        if (!this.#has(field)) return null;
        return numberColumn(this.#runs, (run) => metricValue(run, field.key, field.aggregate));
      case "param":
        return this.#has(field) ? textColumn(this.#runs, (run) => run.params[field.key]) : null;
      case "tag":
        return this.#has(field) ? textColumn(this.#runs, (run) => run.tags[field.key]) : null;
      case "dataset":
        return textListColumn(this.#runs, (run) =>
          run.datasets.flatMap((dataset) => dataset[field.key] ?? []),
        );
    }
  }

  /** Whether a run may have the key: so a filter of many that none has costs little. */
  #has({ entity, key }: { readonly entity: "metric" | "param" | "tag"; readonly key: string }): boolean {
    let keys = this.#keySets.get(entity);
    if (keys === undefined) {
      keys = new Set(this.keys(entity));
      this.#keySets.set(entity, keys);
    }
    return keys.has(key);
  }

  #attribute(key: string): Column | null {
    if (key === "state") return textColumn(this.#runs, (run) => stateOfRun(run, this.#stateOf));
    const number = NUMBERS[key];
    if (number !== undefined) return numberColumn(this.#runs, number);
    const text = TEXTS[key];
    return text === undefined ? null : textColumn(this.#runs, text);
  }
}

const NUMBERS: Readonly<Record<string, (run: RunRecord) => number | undefined>> = {
  __proto__: null as never,
  start_time: ({ info }) => numberOf(info?.startTime),
  end_time: ({ info }) => numberOf(info?.endTime),
};

const TEXTS: Readonly<Record<string, (run: RunRecord) => string | undefined>> = {
  __proto__: null as never,
  run_id: (run) => run.runId,
  run_name: (run) => run.info?.runName,
  user_id: (run) => run.info?.userId,
  status: (run) => run.info?.status,
  artifact_uri: (run) => run.info?.artifactUri,
  experiment_id: (run) => run.experimentId,
  lifecycle_stage: (run) => lifecycleStageOf(run),
  place: (run) => run.place,
};

/** A damaged run counts as deleted when it lies in `.trash`. */
export function lifecycleStageOf({ info, place }: Pick<RunRecord, "info" | "place">): string {
  return info?.lifecycleStage ?? (place === "trash" ? "deleted" : "active");
}

function stateOfRun(run: RunRecord, stateOf: StateOf): string {
  if (run.info === null) return "DAMAGED";
  return run.info.status === "RUNNING" ? stateOf(run) : run.info.status;
}

function metricValue(run: RunRecord, key: string, aggregate: MetricAggregate): number | undefined {
  const summary = run.metrics[key];
  if (summary === undefined) return undefined;
  return aggregate === "count" ? summary.count : summary[aggregate]?.value;
}

function rowsById(runs: readonly RunRecord[]): Map<string, number> {
  const rows = new Map<string, number>();
  runs.forEach((run, row) => {
    const before = rows.get(run.runId);
    if (before === undefined || (runs[before]?.place === "trash" && run.place === "root"))
      rows.set(run.runId, row);
  });
  return rows;
}
