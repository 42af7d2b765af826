/** The command line as tokens, read with the options known so far. */
import type { Option, Options } from "../command.js";

/** What one token says when it is an option. */
export interface OptionToken {
  /** The option's own name, whatever spelling was used. */
  readonly name: string;
  readonly option: Option;
  /** The value after `=`, or glued to a single letter (`-n5`). */
  readonly glued: string | undefined;
}

/** Parts at the first `--`, which is dropped. `tail` is undefined when there is none. */
export function cutAtDashes(argv: readonly string[]): {
  readonly head: readonly string[];
  readonly tail: readonly string[] | undefined;
} {
  const cut = argv.indexOf("--");
  return cut === -1
    ? { head: argv, tail: undefined }
    : { head: argv.slice(0, cut), tail: argv.slice(cut + 1) };
}

const NEGATIVE_NUMBER = /^-(\d|\.\d)/;

export function looksLikeOption(token: string): boolean {
  return token.length > 1 && token.startsWith("-") && !NEGATIVE_NUMBER.test(token);
}

/** Finds the option a token names; undefined when there is none of that name. */
export function readOptionToken(token: string, options: Options): OptionToken | undefined {
  const long = token.startsWith("--");
  const body = token.slice(long ? 2 : 1);
  const equals = body.indexOf("=");
  const spelled = equals === -1 ? body : body.slice(0, equals);
  const exact = findOption(spelled, options, long);
  if (exact !== undefined) return { ...exact, glued: equals === -1 ? undefined : body.slice(equals + 1) };
  if (long) return undefined;
  const letter = findOption(body.slice(0, 1), options, false);
  if (letter === undefined || letter.option.type === "boolean") return undefined;
  return { ...letter, glued: body.slice(1) };
}

/** One letter goes with one dash, longer names with two. */
function findOption(
  spelled: string,
  options: Options,
  long: boolean,
): { readonly name: string; readonly option: Option } | undefined {
  if (spelled.length === 0 || (spelled.length === 1) === long) return undefined;
  for (const [name, option] of Object.entries(options))
    if (name === spelled || option.alias?.includes(spelled)) return { name, option };
  return undefined;
}

/** Every spelling of every option that is shown, with its dashes. */
export function optionSpellings(options: Options): string[] {
  return Object.entries(options)
    .filter(([, option]) => option.hidden !== true)
    .flatMap(([name, option]) => [name, ...(option.alias ?? [])])
    .map((spelled) => (spelled.length === 1 ? `-${spelled}` : `--${spelled}`));
}
