/** The help text of one command. */
import type { Command, Option, Options } from "../command.js";
import { GLOBAL_OPTIONS } from "../parse/global-options.js";
import { type Row, section, wrap } from "./layout.js";
import { optionRow } from "./option-row.js";

/** Without colours, every line at most `width` columns where words allow it. */
export function commandHelp(command: Command, names: readonly string[], width: number): string {
  return [
    wrap(`${command.describe}.`, width),
    usageLine(command, names),
    section("Arguments", positionalRows(command), width),
    section("Subcommands", subcommandRows(command), width),
    section("Options", optionRows(command.options ?? {}), width),
    section("Global options", optionRows(globalsBeside(command)), width),
    section("Examples", exampleRows(command), width),
    command.details === undefined ? "" : wrap(command.details, width),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** `Usage: runstone show RUN [options]` */
export function usageLine(command: Command, names: readonly string[]): string {
  const words = Object.entries(command.positionals ?? {}).map(([name, positional]) => {
    const shown = positional.variadic ? `${name.toUpperCase()}...` : name.toUpperCase();
    return positional.required ? shown : `[${shown}]`;
  });
  if (command.takesCommandLine) words.push("[--] COMMAND...");
  if (command.takesCommandAfterDashes) words.push("[-- COMMAND...]");
  if (command.load === undefined) words.push("SUBCOMMAND");
  return ["Usage: runstone", ...names, "[options]", ...words].join(" ");
}

function positionalRows(command: Command): Row[] {
  return Object.entries(command.positionals ?? {}).map(([name, { describe }]) => [
    name.toUpperCase(),
    describe,
  ]);
}

function subcommandRows(command: Command): Row[] {
  const shown = (command.subcommands ?? []).filter((below) => below.hidden !== true);
  return shown.map(({ name, describe }) => [name, describe]);
}

function optionRows(options: Options): Row[] {
  return Object.entries<Option>(options)
    .filter(([, option]) => option.hidden !== true)
    .map(([name, option]) => optionRow(name, option));
}

function globalsBeside(command: Command): Options {
  const own = command.options ?? {};
  return Object.fromEntries(Object.entries(GLOBAL_OPTIONS).filter(([name]) => own[name] === undefined));
}

function exampleRows(command: Command): Row[] {
  return (command.examples ?? []).map(({ line, describe }) => [`$ ${line}`, describe]);
}
