/** Columns that were asked for, the latest of them: columns of thousands of keys do not fill the memory. */
import type { Column } from "../search/table.js";

const MAX_BYTES = 1 << 28;

export class ColumnCache {
  readonly #columns = new Map<string, Column | null>();
  #bytes = 0;

  get(name: string, make: () => Column | null): Column | null {
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = make();
      this.#columns.set(name, column);
      this.#bytes += bytesOf(column);
      this.#forgetSome(name);
    }
    return column;
  }

  /** The oldest first, never the one that was just made. */
  #forgetSome(latest: string): void {
    for (const [name, column] of this.#columns) {
      if (this.#bytes <= MAX_BYTES || name === latest) return;
      this.#columns.delete(name);
      this.#bytes -= bytesOf(column);
    }
  }
}

function bytesOf(column: Column | null): number {
  if (column === null) return 0;
  if (column.kind === "number") return column.values.byteLength + (column.present?.byteLength ?? 0);
  const lists = column.kind === "texts" ? column.offsets.byteLength : 0;
  return column.codes.byteLength + lists + column.texts.length * 16;
}
