/** The table of runs with joined ranks: the row that speaks for a job has what only its other ranks logged, too. */
import { textAt } from "./cells.js";
import type { Job } from "./join-ranks.js";
import type { RunRecord } from "./run-record.js";
import type { RunTable } from "./run-table.js";
import { withWorstState } from "./state-severity.js";
import type { Column, Field } from "./table.js";

/** Its rows are those of the table; only state, status, metrics, params and tags of the rows that speak for a job differ. */
export class JobTable implements RunTable {
  readonly #table: RunTable;
  readonly #jobs: readonly Job[];
  readonly #columns = new Map<string, Column | null>();

  constructor(table: RunTable, jobs: readonly Job[]) {
    this.#table = table;
    this.#jobs = jobs.filter(({ others }) => others.length > 0);
  }

  get rowCount(): number {
    return this.#table.rowCount;
  }

  get asOf(): number {
    return this.#table.asOf;
  }

  runAt(row: number): RunRecord {
    return this.#table.runAt(row);
  }

  rowOf(runId: string): number | null {
    return this.#table.rowOf(runId);
  }

  keys(entity: "metric" | "param" | "tag"): readonly string[] {
    return this.#table.keys(entity);
  }

  column(field: Field): Column | null {
    const isRecord = field.entity === "metric" || field.entity === "param" || field.entity === "tag";
    if (!isRecord && !isState(field)) return this.#table.column(field);
    const name = JSON.stringify(field);
    let column = this.#columns.get(name);
    if (column === undefined) {
      const own = this.#table.column(field);
      column = isRecord ? this.#joined(own) : this.#ofWorstRanks(own);
      this.#columns.set(name, column);
    }
    return column;
  }

  /** The rank with the worst state decides, as in listings. */
  #ofWorstRanks(column: Column | null): Column | null {
    if (column?.kind !== "text") return column;
    const states = this.#table.column({ entity: "attribute", key: "state" });
    const codes = Uint32Array.from(column.codes);
    for (const { row, others } of this.#jobs)
      codes[row] = column.codes[withWorstState([row, ...others], (rank) => textAt(states, rank))]!;
    return { ...column, codes };
  }

  /** The lowest rank that has a value decides. */
  #joined(column: Column | null): Column | null {
    if (column?.kind === "number" && column.present !== null) {
      const [values, present] = [Float64Array.from(column.values), Uint8Array.from(column.present)];
      this.#fill(
        (row) => present[row] !== 0,
        (row, from) => {
          values[row] = column.values[from]!;
          present[row] = 1;
        },
      );
      return { ...column, values, present };
    }
    if (column?.kind !== "text") return column;
    const codes = Uint32Array.from(column.codes);
    this.#fill(
      (row) => codes[row] !== 0,
      (row, from) => {
        codes[row] = column.codes[from]!;
      },
    );
    return { ...column, codes };
  }

  #fill(has: (row: number) => boolean, copy: (row: number, from: number) => void): void {
    for (const { row, others } of this.#jobs) {
      const from = has(row) ? undefined : others.find(has);
      if (from !== undefined) copy(row, from);
    }
  }
}

function isState({ entity, key }: Field): boolean {
  return entity === "attribute" && (key === "state" || key === "status");
}
