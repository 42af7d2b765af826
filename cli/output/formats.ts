/** The formats of tables (docs/reference/formats.md). Imports nothing: hot commands hold it. */

export const FORMATS = ["table", "csv", "tsv", "md", "latex", "jsonl", "json", "parquet"] as const;
export type Format = (typeof FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  txt: "table",
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  md: "md",
  markdown: "md",
  tex: "latex",
  jsonl: "jsonl",
  ndjson: "jsonl",
  json: "json",
  parquet: "parquet",
  pq: "parquet",
};

/** What the name of a file says of its format; undefined when it says nothing. */
export function formatOfFile(path: string): Format | undefined {
  const extension = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase();
  return extension !== undefined && Object.hasOwn(BY_EXTENSION, extension)
    ? BY_EXTENSION[extension]
    : undefined;
}

/** Formats that people read: numbers are rounded, ids and times are shortened. */
export function isForPeople(format: Format): boolean {
  return format === "table" || format === "md" || format === "latex";
}

/** Formats that have objects. */
export function isJson(format: Format): boolean {
  return format === "json" || format === "jsonl";
}
