import type { PlainValue } from "./cell.js";

/** The type of a Parquet column: UTF8, INT64, DOUBLE, BOOLEAN. */
export type ColumnType = "text" | "integer" | "number" | "boolean";

export interface RowColumn {
  /** The name that programs get; no two columns share one. */
  readonly key: string;
  /** The head that people see. */
  readonly title: string;
  /**
   * When every column has one, rows are written as they come and never held together. Default: what the values are,
   * whole numbers being integers.
   */
  readonly type?: ColumnType;
  /** Default: right for numbers and integers. */
  readonly align?: "left" | "right";
  /** The column is left out for the others: an age for people, the time itself for programs. */
  readonly only?: "people" | "programs";
  /** Of tables: see `Column` in table.ts. */
  readonly dropOrder?: number;
  readonly shrinkTo?: number;
  readonly paint?: (padded: string, cell: string) => string;
}

export function isRightAligned({ align, type }: RowColumn): boolean {
  return align === undefined ? type === "number" || type === "integer" : align === "right";
}

/** The narrowest type that holds every value without loss; text when there is none, or when kinds are mixed. */
export function typeOfValues(values: Iterable<PlainValue>): ColumnType {
  let type: ColumnType | undefined;
  for (const value of values) {
    if (value === null) continue;
    const own = typeOfValue(value);
    if (type === undefined || type === own) type = own;
    else if (isNumeric(type) && isNumeric(own)) type = "number";
    else return "text";
  }
  return type ?? "text";
}

function typeOfValue(value: Exclude<PlainValue, null>): ColumnType {
  switch (typeof value) {
    case "string":
      return "text";
    case "boolean":
      return "boolean";
    case "bigint":
      return "integer";
    default:
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? "integer" : "number";
  }
}

function isNumeric(type: ColumnType): boolean {
  return type === "integer" || type === "number";
}
