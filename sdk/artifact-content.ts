/** Values as artifact files: what `logDict`, `logTable`, `logImage` and `logFigure` write. */
import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import { RunstoneError } from "../store-format/index.js";
import { encodePng, type Pixels } from "./png.js";

/** A table: columns by name, rows as objects, or rows with named columns. */
export type Table =
  | Readonly<Record<string, readonly unknown[]>>
  | readonly Readonly<Record<string, unknown>>[]
  | { readonly columns: readonly string[]; readonly data: readonly (readonly unknown[])[] };

/** JSON for `.json` (and other names), YAML 1.1 for `.yaml` and `.yml`. */
export function dictText(value: unknown, path: string): string {
  if (!/\.ya?ml$/i.test(path)) return `${JSON.stringify(value, jsonNumber, 2)}\n`;
  const yaml = createRequire(import.meta.url)("yaml") as typeof Yaml;
  return yaml.stringify(value, { version: "1.1", lineWidth: 0 });
}

/** JSON has no NaN and no infinities, and a bigint is an integer: as texts they are not lost. */
function jsonNumber(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** The JSON that `mlflow.load_table` reads (pandas `orient="split"`). */
export function tableText(table: Table): string {
  return `${JSON.stringify(splitTable(table), jsonNumber)}\n`;
}

function splitTable(table: Table): { columns: readonly string[]; data: readonly (readonly unknown[])[] } {
  if (Array.isArray(table)) return fromRows(table as readonly Readonly<Record<string, unknown>>[]);
  if (isSplit(table)) return { columns: table.columns, data: table.data };
  return fromColumns(table as Readonly<Record<string, readonly unknown[]>>);
}

function isSplit(
  table: Table,
): table is { columns: readonly string[]; data: readonly (readonly unknown[])[] } {
  const { columns, data } = table as { columns?: unknown; data?: unknown };
  return (
    Array.isArray(columns) &&
    Array.isArray(data) &&
    data.every(Array.isArray) &&
    Object.keys(table).length === 2
  );
}

function fromRows(rows: readonly Readonly<Record<string, unknown>>[]): ReturnType<typeof splitTable> {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { columns, data: rows.map((row) => columns.map((column) => row[column] ?? null)) };
}

function fromColumns(table: Readonly<Record<string, readonly unknown[]>>): ReturnType<typeof splitTable> {
  const columns = Object.keys(table);
  const height = table[columns[0] ?? ""]?.length ?? 0;
  const uneven = columns.find((column) => table[column]?.length !== height);
  if (uneven !== undefined)
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `column ${JSON.stringify(uneven)} has not ${height} values`,
      {
        hint: "All columns of a table have the same length.",
        data: { column: uneven },
      },
    );
  const data = Array.from({ length: height }, (_, row) =>
    columns.map((column) => table[column]?.[row] ?? null),
  );
  return { columns, data };
}

/** The bytes of an image: an encoded file as it is, raw pixels as PNG. */
export function imageBytes(image: Uint8Array | Pixels): Uint8Array {
  return image instanceof Uint8Array ? image : encodePng(image);
}

/** The text of a figure: SVG markup, or an object that renders itself (`toSVG()`, or a DOM element with `outerHTML`). */
export function figureText(figure: string | { toSVG(): string } | { readonly outerHTML: string }): string {
  const text = typeof figure === "string" ? figure : "toSVG" in figure ? figure.toSVG() : figure.outerHTML;
  if (/<svg[\s>]/.test(text)) return text;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", "the figure is no SVG", {
    hint: "Give SVG markup, or an object with toSVG() or outerHTML.",
  });
}
