/** The objects of `runstone dump` (docs/reference/dump.md). Field names are MLflow's. */
import type { Integer, StringMap } from "../../store-format/index.js";

/** A number, or the text of one that JSON has not. */
export type DumpNumber = number | "NaN" | "Infinity" | "-Infinity";

export const DUMP_KINDS = [
  "experiment",
  "run",
  "param",
  "tag",
  "metric",
  "input",
  "output",
  "dataset",
  "logged_model",
  "registered_model",
  "model_version",
  "alias",
  "trace",
  "damage",
] as const;
export type DumpKind = (typeof DUMP_KINDS)[number];

export type DumpValue = string | boolean | Integer | null | StringMap | readonly string[];

/** One line of a dump; docs/reference/dump.md says which fields a kind has. Integers beyond 2^53 are bigints. */
export interface DumpObject {
  readonly kind: DumpKind;
  readonly [field: string]: DumpValue | undefined;
}

/** The JSON text of an object, without a line end. Integers of any size are JSON numbers; none is rounded. */
export function serializeDumpObject(object: DumpObject): string {
  for (const field in object) {
    const value = object[field];
    if (typeof value === "bigint" || Object.is(value, -0)) return serializeFields(object);
  }
  return JSON.stringify(object);
}

function serializeFields(object: DumpObject): string {
  const fields: string[] = [];
  for (const [field, value] of Object.entries(object)) {
    if (value !== undefined) fields.push(`${JSON.stringify(field)}:${serializeValue(value)}`);
  }
  return `{${fields.join(",")}}`;
}

/** What JSON.stringify refuses (a bigint) or changes (negative zero). */
function serializeValue(value: DumpValue): string {
  if (typeof value === "bigint") return String(value);
  return Object.is(value, -0) ? "-0.0" : JSON.stringify(value);
}

/** NaN and the infinities as texts. */
export function dumpNumber(value: number): DumpNumber {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}
