/**
 * The `::runstone` lines that a child prints to log from any language (docs/reference/run-lines.md):
 *
 *     ::runstone metric loss=0.25 val/acc=0.9 step=3 timestamp=1700000000000
 *     ::runstone param lr=0.1 name="two words"
 *     ::runstone tag team=a
 *     ::runstone artifact out/roc.png as plots
 *
 * A line begins with `::runstone` (blanks before it are allowed) and a blank; words are parted by blanks. In a word,
 * `'...'` is taken as it stands, `"..."` knows `\"`, `\\`, `\n`, `\r`, `\t` and `\uXXXX`; outside quotes every other
 * character, the backslash included, stands for itself. `key=value` is cut at the first `=` outside quotes. Keys and
 * values may be quoted; a quoted `"step"` is a metric of that name, a bare `step` is the step. Parsing takes time
 * linear in the length of the line. A line that cannot be understood is reported, never fatal.
 */
import type { Integer, StringMap } from "../../store-format/index.js";
import { parseLineInteger, parseLineNumber } from "./line-numbers.js";

export interface KeyedValue {
  readonly key: string;
  readonly value: number;
}

export interface MetricLine {
  readonly kind: "metric";
  readonly values: readonly KeyedValue[];
  /** Absent: the points of each key are counted. */
  readonly step?: Integer;
  /** Milliseconds since 1970; absent: when the line was read. */
  readonly timestamp?: Integer;
}

export interface ParamLine {
  readonly kind: "param";
  readonly params: StringMap;
}

export interface TagLine {
  readonly kind: "tag";
  readonly tags: StringMap;
}

export interface ArtifactLine {
  readonly kind: "artifact";
  /** A file or a directory, relative to the working directory of the child. */
  readonly source: string;
  /** The directory among the artifacts that receives it; absent: the top. */
  readonly directory?: string;
}

export type RunLine = MetricLine | ParamLine | TagLine | ArtifactLine;

/** A line that begins like a run line and is none. */
export interface BadRunLine {
  readonly kind: "bad";
  readonly reason: string;
}

/** What every run line begins with, after blanks. */
export const RUN_LINE_MARK = "::runstone";

interface Pair {
  readonly key: string;
  readonly value: string;
  readonly bareKey: boolean;
}

/** What a line says (without its line end); null when it is no run line. */
export function parseRunLine(line: string): RunLine | BadRunLine | null {
  const start = skipBlanks(line, 0);
  if (!line.startsWith(RUN_LINE_MARK, start)) return null;
  const after = start + RUN_LINE_MARK.length;
  if (after < line.length && !isBlank(line.charCodeAt(after))) return null;
  try {
    return parseWords(splitWords(line, after));
  } catch (error) {
    if (error instanceof BadLine) return { kind: "bad", reason: error.message };
    throw error;
  }
}

/** Leaves the parser at the first thing that cannot be understood; never leaves this file. */
class BadLine extends Error {}

function parseWords(words: readonly Word[]): RunLine {
  const [verb, ...rest] = words;
  switch (verb?.text) {
    case "metric":
      return parseMetric(rest.map(toPair));
    case "param":
      return { kind: "param", params: toMap(rest.map(toPair)) };
    case "tag":
      return { kind: "tag", tags: toMap(rest.map(toPair)) };
    case "artifact":
      return parseArtifact(rest);
    case undefined:
      throw new BadLine("nothing follows ::runstone; say metric, param, tag or artifact");
    default:
      throw new BadLine(`unknown word ${quoteShort(verb?.text ?? "")}; say metric, param, tag or artifact`);
  }
}

function parseMetric(pairs: readonly Pair[]): MetricLine {
  const values: KeyedValue[] = [];
  const seen: { step?: Integer; timestamp?: Integer } = {};
  for (const { key, value, bareKey } of pairs) {
    if (bareKey && (key === "step" || key === "timestamp")) seen[key] = toInteger(key, value);
    else values.push({ key, value: toNumber(key, value) });
  }
  if (values.length === 0) throw new BadLine("no metric is named; write key=number");
  return { kind: "metric", values, ...seen };
}

function toNumber(key: string, value: string): number {
  const number = parseLineNumber(value);
  if (number === null)
    throw new BadLine(`the value of ${quoteShort(key)} is no number: ${quoteShort(value)}`);
  return number;
}

function toInteger(key: string, value: string): Integer {
  const integer = parseLineInteger(value);
  if (integer === null) throw new BadLine(`${key} is no 64-bit integer: ${quoteShort(value)}`);
  return integer;
}

function toMap(pairs: readonly Pair[]): StringMap {
  if (pairs.length === 0) throw new BadLine("nothing is named; write key=value");
  const map: Record<string, string> = Object.create(null);
  for (const { key, value } of pairs) map[key] = value;
  return map;
}

function parseArtifact(words: readonly Word[]): ArtifactLine {
  const [source, as, directory] = words;
  if (source === undefined || source.text === "") throw new BadLine("no file is named");
  if (words.length === 1) return { kind: "artifact", source: source.text };
  if (as?.text !== "as" || directory === undefined || words.length > 3) {
    throw new BadLine("write: artifact FILE [as DIRECTORY]; quote names that hold blanks");
  }
  return { kind: "artifact", source: source.text, directory: directory.text };
}

/** A word with its quotes resolved. */
interface Word {
  readonly text: string;
  /** Index in `text` of the first `=` that stood outside quotes; -1 without one. */
  readonly equals: number;
  /** Whether a quote stood before that `=`. */
  readonly quotedKey: boolean;
}

function toPair(word: Word): Pair {
  if (word.equals < 0) throw new BadLine(`${quoteShort(word.text)} is not key=value`);
  const key = word.text.slice(0, word.equals);
  if (key === "") throw new BadLine("a key is empty");
  return { key, value: word.text.slice(word.equals + 1), bareKey: !word.quotedKey };
}

function splitWords(line: string, from: number): Word[] {
  const words: Word[] = [];
  let at = skipBlanks(line, from);
  while (at < line.length) {
    const { word, end } = readWord(line, at);
    words.push(word);
    at = skipBlanks(line, end);
  }
  return words;
}

function readWord(line: string, from: number): { readonly word: Word; readonly end: number } {
  const parts: string[] = [];
  let [length, equals, quotedKey, at] = [0, -1, false, from];
  const add = (part: string): void => {
    parts.push(part);
    length += part.length;
  };
  while (at < line.length && !isBlank(line.charCodeAt(at))) {
    const quote = line.charAt(at);
    if (quote === '"' || quote === "'") {
      if (equals < 0) quotedKey = true;
      const { text, end } = readQuoted(line, at, quote);
      add(text);
      at = end;
      continue;
    }
    const end = endOfBare(line, at);
    const bare = line.slice(at, end);
    const found = equals < 0 ? bare.indexOf("=") : -1;
    if (found >= 0) equals = length + found;
    add(bare);
    at = end;
  }
  return { word: { text: parts.join(""), equals, quotedKey }, end: at };
}

function endOfBare(line: string, from: number): number {
  let at = from;
  while (at < line.length) {
    const code = line.charCodeAt(at);
    if (isBlank(code) || code === 0x22 || code === 0x27) break;
    at += 1;
  }
  return at;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", n: "\n", r: "\r", t: "\t" };

function readQuoted(
  line: string,
  from: number,
  quote: string,
): { readonly text: string; readonly end: number } {
  const parts: string[] = [];
  let at = from + 1;
  let start = at;
  for (; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === quote) return { text: parts.join("") + line.slice(start, at), end: at + 1 };
    if (char !== "\\" || quote === "'") continue;
    const escaped = readEscape(line, at + 1);
    parts.push(line.slice(start, at), escaped.text);
    at += escaped.length;
    start = at + 1;
  }
  throw new BadLine(`a quote is not closed: ${quoteShort(line.slice(from))}`);
}

function readEscape(line: string, at: number): { readonly text: string; readonly length: number } {
  const known = ESCAPES[line.charAt(at)];
  if (known !== undefined) return { text: known, length: 1 };
  const hex = /^u([0-9a-fA-F]{4})/.exec(line.slice(at, at + 5))?.[1];
  if (hex === undefined) throw new BadLine(`unknown escape ${quoteShort(`\\${line.charAt(at)}`)}`);
  return { text: String.fromCharCode(Number.parseInt(hex, 16)), length: 5 };
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (at < line.length && isBlank(line.charCodeAt(at))) at += 1;
  return at;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** A short piece of foreign text for a message. */
function quoteShort(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
