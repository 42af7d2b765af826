/** What `--order-by` takes, in the words of the filter language. */
import { runstoneRuns } from "../../core/search/run-schema.js";
import type { RunTable } from "../../core/search/run-table.js";

/** `-metrics.loss` is `metrics.loss DESC`; a bare key of a metric, param or tag (in this order) is that. */
export function orderClauses(words: readonly string[], table: RunTable): readonly string[] {
  const isKey = (name: string) =>
    (["metric", "param", "tag"] as const).some((entity) => table.keys(entity).includes(name));
  return splitOrders(words, isKey).map((word) => orderClause(word, table));
}

/** `a, b DESC` is two orders, unless it is the name of a key or the comma is in backticks. */
export function splitOrders(words: readonly string[], isKey: (name: string) => boolean): readonly string[] {
  return words.flatMap((word) =>
    isKey(readOrderWord(word).name) ? [word] : word.split(/,(?=(?:[^`]*`[^`]*`)*[^`]*$)/),
  );
}

function orderClause(word: string, table: RunTable): string {
  const { name, descending } = readOrderWord(word);
  return `${qualified(name, table)}${descending ? " DESC" : ""}`;
}

export interface OrderWord {
  readonly name: string;
  readonly descending: boolean;
}

/** `loss`, `loss ASC`, `loss DESC`, `-loss`, `+loss`; both marks at once undo each other. */
export function readOrderWord(word: string): OrderWord {
  const [, sign = "", rest = "", direction = ""] =
    /^\s*([-+]?)\s*(.*?)(?:\s+(asc|desc))?\s*$/is.exec(word) ?? [];
  const descending = direction.toLowerCase() === "desc";
  return { name: rest, descending: sign === "-" ? !descending : descending };
}

const PLAIN = /^[A-Za-z_][\w/-]*$/;

function qualified(name: string, table: RunTable): string {
  if (name.includes("`") || runstoneRuns().attributes.has(name)) return name;
  for (const entity of ["metric", "param", "tag"] as const) {
    const keys = table.keys(entity);
    if (keys.includes(name)) return `${entity}s.${PLAIN.test(name) ? name : `\`${name}\``}`;
    // A key with blanks, its entity before it.
    const [, key = ""] = name.split(new RegExp(`^${entity}s?\\.`));
    if (/\s/.test(key) && keys.includes(key)) return `${entity}s.\`${key}\``;
  }
  return name;
}
