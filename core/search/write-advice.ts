/** What was probably meant by words and comparisons that no row passes (Runstone's dialect). */
import type { TestRequest } from "./build-test.js";
import { shown } from "./filter-error.js";
import { type NameSource, writtenName } from "./resolve-field.js";
import { nearestWord } from "./suggest.js";
import { type Token, unquoted } from "./tokenize.js";

export type Advice = () => string | null;

export interface AdvisedWord {
  readonly word: string;
  /** The token after it. */
  readonly next: Token;
  readonly names: NameSource;
}

const SQL = new Set(["SELECT", "FROM", "WHERE", "ORDER", "LIMIT"]);

/** In a few words, without a full stop; null when nothing comes to mind. */
export function wordAdvice({ word, next, names }: AdvisedWord): string | null {
  if (SQL.has(word.toUpperCase())) return "a filter is what SQL has after WHERE, and nothing else";
  const compared = colonAdvice({ word, next, names });
  if (compared !== null) return `a comparison is written with =: ${compared}`;
  const experiment = experimentCalled(word, names);
  if (experiment !== null)
    return `for the runs of that experiment, write experiment = ${asValue(experiment)}`;
  if (word.length > 1 && word.includes("*"))
    return `* is no wildcard here; write name LIKE ${asValue(word.replaceAll("*", "%"))}`;
  return null;
}

/** `state = finished` for `state: finished` and `state:finished`; null for other words. */
export function colonAdvice({ word, next, names }: AdvisedWord): string | null {
  const colon = word.indexOf(":");
  if (colon < 1 || !isName(word.slice(0, colon), names)) return null;
  const value = word.slice(colon + 1) || (next.kind === "end" ? "..." : next.raw);
  return `${shown(word.slice(0, colon))} = ${shown(value)}`;
}

function isName(raw: string, { schema, known }: NameSource): boolean {
  const { prefix, key } = writtenName(raw);
  if (prefix !== null) return schema.prefixes.has(prefix);
  return (
    schema.attributes.has(key) ||
    (["metric", "param", "tag"] as const).some((entity) => known?.keys(entity).includes(key))
  );
}

function experimentCalled(word: string, { schema }: NameSource): string | null {
  const wanted = word.toLowerCase();
  for (const name of schema.attributes.get("experiment")?.allAliases?.() ?? [])
    if (name.toLowerCase() === wanted) return name;
  return null;
}

const PLAIN = /^[\p{L}_][\p{L}\p{N}_-]*$/u;

function asValue(text: string): string {
  if (PLAIN.test(text)) return shown(text);
  return text.includes("'") ? `"${shown(text)}"` : `'${shown(text)}'`;
}

/** For a comparison by `=` that is easily meant in another way; undefined for others. */
export function testAdvice({ operator, field, name, values }: TestRequest): Advice | undefined {
  const [value] = values;
  if (operator !== "=" || value === undefined) return undefined;
  const text = unquoted(value.raw) ?? value.raw;
  const quote = value.kind === "text" ? value.raw.charAt(0) : "";
  if (quote !== "" && text.includes(quote)) return () => quoteAdvice(text, quote);
  const { allAliases } = field;
  if (allAliases !== undefined && field.aliases?.(text).includes(text) !== false)
    return () => aliasAdvice(name.raw, text, allAliases());
  if (!text.includes("*")) return undefined;
  return () =>
    `= compares whole texts, and * is no wildcard; write ${shown(name.raw)} LIKE ${asValue(text.replaceAll("*", "%"))}`;
}

/** A doubled quote is not one quote: nothing is escaped, as in MLflow. */
function quoteAdvice(text: string, quote: string): string {
  const other = quote === "'" ? '"' : "'";
  const meant = text.replaceAll(quote + quote, quote).replaceAll(`\\${quote}`, quote);
  return `nothing is escaped between quotes; write ${other}${shown(meant)}${other}`;
}

function aliasAdvice(name: string, text: string, aliases: Iterable<string>): string | null {
  const all = [...aliases];
  if (all.includes(text)) return null;
  const nearest = nearestWord(text, all);
  const missing = `no ${shown(name)} is called '${shown(text)}'`;
  return nearest === null ? missing : `${missing}; did you mean ${shown(nearest)}?`;
}
