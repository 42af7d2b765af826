/** The runs of several tables, one after another, as one table. */
import { compareCodePoints } from "../../store-format/index.js";
import type { RunRecord } from "./run-record.js";
import type { RunTable } from "./run-table.js";
import type { Column, Field, NumberColumn, TextColumn, TextListColumn } from "./table.js";

/** Some rows of a table, in this order. */
export interface TablePart {
  readonly table: RunTable;
  readonly rows: readonly number[];
}

export class JoinedRunTable implements RunTable {
  readonly #parts: readonly TablePart[];
  readonly #columns = new Map<string, Column | null>();
  /** The first row of each part, and the number of all. */
  readonly #starts: readonly number[];

  constructor(parts: readonly TablePart[]) {
    const starts = [0];
    for (const { rows } of parts) starts.push(starts.at(-1)! + rows.length);
    this.#parts = parts;
    this.#starts = starts;
  }

  get rowCount(): number {
    return this.#starts.at(-1)!;
  }

  /** That of the part that is oldest. */
  get asOf(): number {
    return this.#parts.reduce((oldest, { table }) => Math.min(oldest, table.asOf), Number.POSITIVE_INFINITY);
  }

  /** Which part a row is of, counted from 0. */
  partOf(row: number): number {
    if (!(row >= 0 && row < this.rowCount)) throw new RangeError(`there is no row ${row}`);
    return this.#starts.findIndex((start, part) => row >= start && row < this.#starts[part + 1]!);
  }

  runAt(row: number): RunRecord {
    const part = this.partOf(row);
    const { table, rows } = this.#parts[part]!;
    return table.runAt(rows[row - this.#starts[part]!]!);
  }

  /** The first part that has it decides. */
  rowOf(runId: string): number | null {
    for (const [part, { table, rows }] of this.#parts.entries()) {
      const own = table.rowOf(runId);
      const index = own === null ? -1 : rows.indexOf(own);
      if (index >= 0) return this.#starts[part]! + index;
    }
    return null;
  }

  column(field: Field): Column | null {
    const name = JSON.stringify(field);
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = this.#join(this.#parts.map(({ table }) => table.column(field)));
      this.#columns.set(name, column);
    }
    return column;
  }

  keys(entity: "metric" | "param" | "tag"): readonly string[] {
    const keys = new Set(this.#parts.flatMap(({ table }) => table.keys(entity)));
    return [...keys].sort(compareCodePoints);
  }

  /** Columns of one field are of one kind. */
  #join(columns: readonly (Column | null)[]): Column | null {
    switch (columns.find((column) => column !== null)?.kind) {
      case "number":
        return this.#joinNumbers(columns as readonly (NumberColumn | null)[]);
      case "text":
        return this.#joinTexts(columns as readonly (TextColumn | null)[]);
      case "texts":
        return this.#joinTextLists(columns as readonly (TextListColumn | null)[]);
      default:
        return null;
    }
  }

  #joinNumbers(columns: readonly (NumberColumn | null)[]): NumberColumn {
    const values = new Float64Array(this.rowCount);
    const present = new Uint8Array(this.rowCount);
    this.#eachRow((row, part, at) => {
      const column = columns[part];
      if (column === null || column === undefined || column.present?.[row] === 0) return;
      values[at] = column.values[row]!;
      present[at] = 1;
    });
    return { kind: "number", values, present };
  }

  #joinTexts(columns: readonly (TextColumn | null)[]): TextColumn {
    const { texts, codesOf } = joinDictionaries(columns);
    const codes = new Uint32Array(this.rowCount);
    this.#eachRow((row, part, at) => {
      const code = columns[part]?.codes[row] ?? 0;
      if (code > 0) codes[at] = codesOf[part]![code - 1]!;
    });
    return { kind: "text", codes, texts };
  }

  #joinTextLists(columns: readonly (TextListColumn | null)[]): TextListColumn {
    const { texts, codesOf } = joinDictionaries(columns);
    const offsets = new Uint32Array(this.rowCount + 1);
    const codes: number[] = [];
    this.#eachRow((row, part, at) => {
      const column = columns[part];
      const own = column?.codes.subarray(column.offsets[row], column.offsets[row + 1]) ?? [];
      for (const code of own) codes.push(codesOf[part]![code - 1]!);
      offsets[at + 1] = codes.length;
    });
    return { kind: "texts", offsets, codes: Uint32Array.from(codes), texts };
  }

  #eachRow(visit: (row: number, part: number, at: number) => void): void {
    let at = 0;
    for (const [part, { rows }] of this.#parts.entries())
      for (const row of rows) {
        visit(row, part, at);
        at += 1;
      }
  }
}

interface JoinedDictionary {
  readonly texts: readonly string[];
  /** For each part: by its own code - 1, the code here. */
  readonly codesOf: readonly (readonly number[])[];
}

function joinDictionaries(
  parts: readonly ({ readonly texts: readonly string[] } | null)[],
): JoinedDictionary {
  const codes = new Map<string, number>();
  const codesOf = parts.map((part) =>
    (part?.texts ?? []).map((text) => {
      const code = codes.get(text) ?? codes.size + 1;
      codes.set(text, code);
      return code;
    }),
  );
  return { texts: [...codes.keys()], codesOf };
}
