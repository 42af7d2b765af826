/** From strings to the values that a command declares; shared by both parsers, so that they cannot differ. */

import type { Integer } from "../../store-format/index.js";
import type { Command, Option, Positionals } from "../command.js";
import { nearest } from "./nearest.js";
import { usageError } from "./usage-error.js";

/** Values as typed: each option's strings in their order; `true` for a boolean. */
export type RawOptions = ReadonlyMap<string, true | readonly string[]>;

/** A command's options and positionals as its implementation expects them. Throws USAGE. */
export function readArguments(
  command: Command,
  raw: RawOptions,
  positionals: readonly string[],
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = Object.create(null);
  for (const [name, option] of Object.entries<Option>(command.options ?? {}))
    values[name] = readOption(name, option, raw.get(name));
  assignPositionals(command.positionals ?? {}, positionals, values);
  return values;
}

function readOption(name: string, option: Option, raw: true | readonly string[] | undefined): unknown {
  if (option.type === "boolean") return raw !== undefined;
  const texts = raw === undefined || raw === true ? [] : raw;
  if (option.type === "strings") return texts.map((text) => checkChoice(name, option, text));
  const last = texts.at(-1);
  if (last === undefined) return undefined;
  if (option.type === "integer") return parseInteger(last, `--${name}`);
  if (option.type === "number") return parseNumber(last, `--${name}`);
  return checkChoice(name, option, last);
}

function checkChoice(name: string, option: Option, text: string): string {
  if (option.choices === undefined || option.choices.includes(text)) return text;
  const meant = nearest(text, option.choices);
  const hint = meant === undefined ? `One of: ${option.choices.join(", ")}` : `Did you mean ${meant}?`;
  throw usageError(`--${name} cannot be '${text}'`, hint);
}

function assignPositionals(
  declared: Positionals,
  given: readonly string[],
  values: Record<string, unknown>,
): void {
  let next = 0;
  for (const [name, positional] of Object.entries(declared)) {
    if (positional.required === true && next >= given.length)
      throw usageError(`missing ${name.toUpperCase()}`);
    if (positional.variadic === true) {
      values[name] = given.slice(next);
      next = given.length;
    } else {
      values[name] = given[next];
      next += 1;
    }
  }
  if (next >= given.length) return;
  const hint =
    "filter" in declared ? `Put the whole filter in quotes: "${given.join(" ").slice(0, 80)}"` : undefined;
  throw usageError(`unexpected argument '${given[next]}'`, hint);
}

/** A whole number of up to 64 bits, in decimal. */
export function parseInteger(text: string, what: string): Integer {
  if (!/^[+-]?\d{1,19}$/.test(text)) throw usageError(`${what} must be a whole number, not '${text}'`);
  const value = BigInt(text.replace(/^\+/, ""));
  if (BigInt.asIntN(64, value) !== value) throw usageError(`${what} does not fit 64 bits: ${text}`);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const NAMED_NUMBERS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
};

/** A number in decimal or exponent notation, `nan`, `inf`, `-inf` (as Python spells them too). */
export function parseNumber(text: string, what: string): number {
  const named = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (named !== null) return (named[1] === "-" ? -1 : 1) * NAMED_NUMBERS[named[2]!.toLowerCase()]!;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
    throw usageError(`${what} must be a number, not '${text}'`);
  return Number(text);
}

/** The global options, read from the same raw values. */
export function lastText(raw: RawOptions, name: string): string | undefined {
  return textsOf(raw, name).at(-1);
}

export function textsOf(raw: RawOptions, name: string): readonly string[] {
  const texts = raw.get(name);
  return texts === undefined || texts === true ? [] : texts;
}
