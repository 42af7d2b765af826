/** The full parser. Yargs gets one command, every option typed, and coerces nothing: `0.10` stays `0.10`. */
import yargs, { type Argv, type Options as YargsOption } from "yargs";
import type { Command, Option } from "../command.js";
import type { ParsedLine } from "./parse-plainly.js";
import { allOptions } from "./route.js";
import { usageError } from "./usage-error.js";

const PARSER = {
  "boolean-negation": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "duplicate-arguments-array": true,
  "flatten-duplicate-arrays": true,
  "greedy-arrays": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "populate--": false,
  "short-option-groups": true,
  "strip-aliased": true,
} as const;

/** Throws USAGE in yargs' words. */
export function parseWithYargs(
  command: Command,
  names: readonly string[],
  tokens: readonly string[],
): ParsedLine {
  const parser = parserFor(command).fail(failAsUsage(names));
  const parsed = parser.parseSync([...tokens]) as unknown as Record<string, unknown> & { _: unknown[] };
  const raw = new Map<string, true | readonly string[]>();
  for (const [name, option] of Object.entries<Option>(allOptions(command))) {
    const value = parsed[name];
    if (value === undefined || value === false) continue;
    raw.set(name, option.type === "boolean" ? true : [value].flat().map(String));
  }
  return { raw, positionals: parsed._.map(String) };
}

function parserFor(command: Command): Argv {
  const parser = yargs([])
    .locale("en")
    .parserConfiguration(PARSER)
    .help(false)
    .version(false)
    .exitProcess(false);
  for (const [name, option] of Object.entries<Option>(allOptions(command)))
    parser.option(name, yargsOption(option));
  return parser;
}

function yargsOption(option: Option): YargsOption {
  return {
    type: option.type === "boolean" ? "boolean" : "string",
    ...(option.alias === undefined ? {} : { alias: [...option.alias] }),
    ...(option.type === "boolean" ? {} : { nargs: 1 }),
    ...(option.type === "strings" ? { array: true } : {}),
  };
}

function failAsUsage(names: readonly string[]) {
  return (message: string | null, error: Error | undefined): never => {
    if (error !== undefined && message === null) throw error;
    const line = (message ?? "wrong arguments").split("\n")[0]!;
    const missing = /^Not enough arguments following: (.+)$/.exec(line)?.[1];
    const help = `See runstone ${names.join(" ")} --help`;
    if (missing === undefined) throw usageError(line, help);
    const hint = `${help}; a value that begins with a dash goes behind =: ${withDashes(missing)}=-...`;
    throw usageError(`${withDashes(missing)} needs a value`, missing.length === 1 ? help : hint);
  };
}

function withDashes(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
