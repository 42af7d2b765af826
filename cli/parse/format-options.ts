/** `--format` and `--output`, the same in every command that prints a table. */
import type { ArgumentsOf, Options } from "../command.js";
import type { CommandContext } from "../context.js";
import { FORMATS, type Format, formatOfFile } from "../output/formats.js";
import { usageError } from "./usage-error.js";

export const formatOptions = {
  format: {
    type: "string",
    value: "FORMAT",
    choices: FORMATS,
    describe: "Print as",
    defaultText: "table, or what the name of the output file says",
  },
  output: {
    type: "string",
    alias: ["o"],
    value: "FILE",
    describe: "Write to FILE, which is replaced when all is written",
  },
} as const satisfies Options;

export type FormatArguments = ArgumentsOf<typeof formatOptions>;

/**
 * What was asked for: `--json` is `--format json`, then the name of the output file counts, then `usual`. Throws USAGE
 * when `--json` and another format are given.
 */
export function readFormat(
  { json }: Pick<CommandContext, "json">,
  { format, output }: Partial<FormatArguments>,
  usual: Format = "table",
): Format {
  if (json && format !== undefined && format !== "json")
    throw usageError(`--json and --format ${format} are both given`, "Give one of them");
  if (json) return "json";
  return format ?? (output === undefined ? undefined : formatOfFile(output)) ?? usual;
}
