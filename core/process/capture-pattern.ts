/**
 * `--capture` patterns: points from the lines that a program prints anyway. Two ways to write one (docs/reference/run-lines.md):
 *
 * - a template as programs print: `loss=%f`, `epoch %(step)d: val loss %(val/loss)f`. `%f` stands for a number, `%d` for
 *   an integer, `%s` for a word that is passed over, `%%` for `%`; blanks stand for one blank or more. The key of a bare
 *   `%f` or `%d` is the name before it (`loss` in `loss=%f`, `loss: %f`, `loss %f`);
 * - a regular expression with named groups: `loss=(?<loss>[0-9.]+) .* step (?<step>\d+)` (see linear-regexp.ts).
 *
 * The key `step` is the step of the points of its line. A pattern is tried once per line, anywhere in it, over the
 * first 4,096 characters, in time linear in the line.
 */
import { type Integer, RunstoneError } from "../../store-format/index.js";
import { parseLineInteger, parseLineNumber } from "./line-numbers.js";
import { LinearRegExp } from "./linear-regexp.js";
import type { KeyedValue } from "./run-lines.js";

/** A longer line is looked at up to here. */
const MAX_LINE = 4_096;

export interface CapturedPoints {
  readonly values: readonly KeyedValue[];
  readonly step?: Integer;
}

export interface CapturePattern {
  readonly source: string;
  /** The points of a line, or null. */
  match(line: string): CapturedPoints | null;
}

/** Compiles a pattern. Throws `INVALID_PARAMETER_VALUE` for one that is not understood or names no metric. */
export function compileCapturePattern(source: string): CapturePattern {
  const isRegExp = source.includes("(?<") || source.includes("(?P<");
  const regexp = new LinearRegExp(isRegExp ? source : templateToRegExp(source));
  if (!regexp.names.some((name) => name !== "step")) {
    throw refused(source, "it names no metric");
  }
  return { source, match: (line) => matchLine(regexp, line) };
}

function matchLine(regexp: LinearRegExp, line: string): CapturedPoints | null {
  const match = regexp.exec(line.length > MAX_LINE ? line.slice(0, MAX_LINE) : line);
  if (match === null) return null;
  const values: KeyedValue[] = [];
  for (const [key, text] of match.groups) {
    const value = key === "step" ? null : parseLineNumber(text.replace(/[,;:.]$/, ""));
    if (value !== null) values.push({ key, value });
  }
  if (values.length === 0) return null;
  const step = parseLineInteger(match.groups.get("step") ?? "");
  return step === null ? { values } : { values, step };
}

const NUMBER = String.raw`[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])`;
const INTEGER = String.raw`[+-]?\d+`;
const PLACEHOLDER = /%(?:\(([^)]*)\))?([fds%])/g;

function templateToRegExp(source: string): string {
  const parts: string[] = [];
  const names = new Set<string>();
  let from = 0;
  for (const found of source.matchAll(PLACEHOLDER)) {
    const before = source.slice(from, found.index);
    parts.push(
      escapeText(before),
      placeholder(source, names, { before, name: found[1], type: found[2] ?? "" }),
    );
    from = found.index + found[0].length;
  }
  if (from === 0) throw refused(source, "it holds neither %f nor a named group");
  return parts.join("") + escapeText(source.slice(from));
}

interface Placeholder {
  /** The text since the last placeholder. */
  readonly before: string;
  readonly name: string | undefined;
  readonly type: string;
}

function placeholder(source: string, names: Set<string>, { before, name, type }: Placeholder): string {
  if (type === "%") return "%";
  if (type === "s") return String.raw`\S+`;
  const key = name ?? nameBefore(before);
  if (key === null || key === "" || key.includes(">")) {
    throw refused(source, `no name stands before %${type}; write %(name)${type}`);
  }
  if (names.has(key)) throw refused(source, `${JSON.stringify(key)} is named twice`);
  names.add(key);
  return `(?<${key}>${type === "d" ? INTEGER : NUMBER})`;
}

/** `val/loss` of `, val/loss = `. */
function nameBefore(text: string): string | null {
  const end = text.replace(/[\s=:(["'|]+$/, "");
  return /[A-Za-z_][\w./-]*$/.exec(end.slice(-250))?.[0] ?? null;
}

/** Literal text of a template: blanks match one blank or more. */
function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replace(/\s+/g, String.raw`\s+`);
}

function refused(source: string, reason: string): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `cannot use the pattern ${JSON.stringify(source)}: ${reason}`,
    {
      hint: "Write it like 'loss=%f' or like 'loss=(?<loss>[0-9.]+)'.",
      data: { pattern: source },
    },
  );
}
