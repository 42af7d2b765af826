/** Finds the command that a command line names; options may stand before, between and after the names. */
import type { Command, Options } from "../command.js";
import { GLOBAL_OPTIONS } from "./global-options.js";
import { nearest } from "./nearest.js";
import { looksLikeOption, optionSpellings, readOptionToken } from "./tokens.js";
import { usageError } from "./usage-error.js";

export interface Route {
  readonly command: Command;
  /** `["experiments", "list"]` */
  readonly names: readonly string[];
  /** The tokens without the names; options and positionals in their order. */
  readonly rest: readonly string[];
  /** What follows the options of a command that takes a command line. */
  readonly commandLine: readonly string[] | undefined;
}

/** Descends from `start`, whose own name was taken off already. Throws USAGE for unknown options and subcommands. */
export function routeWithin(start: Command, tokens: readonly string[]): Route {
  const route = descend(start, tokens);
  checkOptions(route);
  return route;
}

/** The options of a command and the global ones. */
export function allOptions(command: Command): Options {
  return { ...GLOBAL_OPTIONS, ...command.options };
}

/** How many tokens the option at `index` takes: itself, and the next one when that is its value. */
export function optionLength(tokens: readonly string[], index: number, options: Options): number {
  const found = readOptionToken(tokens[index]!, options);
  const takesNext = found !== undefined && found.option.type !== "boolean" && found.glued === undefined;
  return takesNext ? Math.min(2, tokens.length - index) : 1;
}

function descend(start: Command, tokens: readonly string[]): Route {
  let command = start;
  const names = [start.name];
  const rest: string[] = [];
  for (let index = 0; index < tokens.length; ) {
    const token = tokens[index]!;
    if (looksLikeOption(token)) {
      const length = optionLength(tokens, index, optionsBelow(command));
      rest.push(...tokens.slice(index, index + length));
      index += length;
      continue;
    }
    if (command.takesCommandLine) return { command, names, rest, commandLine: tokens.slice(index) };
    const below = findCommand(command.subcommands ?? [], token);
    if (below === undefined) {
      if (command.load === undefined) throw unknownSubcommand(command, names, token);
      return { command, names, rest: [...rest, ...tokens.slice(index)], commandLine: undefined };
    }
    command = below;
    names.push(below.name);
    index += 1;
  }
  return { command, names, rest, commandLine: undefined };
}

function findCommand(commands: readonly Command[], name: string): Command | undefined {
  return commands.find((command) => command.name === name || command.aliases?.includes(name));
}

/** Also the options of subcommands: they may stand before the subcommand's name. */
function optionsBelow(command: Command): Options {
  return Object.assign({}, ...(command.subcommands ?? []).map(optionsBelow), allOptions(command));
}

function checkOptions({ command, names, rest }: Route): void {
  const options = allOptions(command);
  for (let index = 0; index < rest.length; index += optionLength(rest, index, options)) {
    const token = rest[index]!;
    if (!looksLikeOption(token) || readOptionToken(token, options) !== undefined) continue;
    if (!isLetterGroup(token, options)) throw unknownOption(names, token, options);
  }
}

/** `-hx`: letters of boolean options behind one dash. */
function isLetterGroup(token: string, options: Options): boolean {
  if (token.startsWith("--")) return false;
  return [...token.slice(1)].every(
    (letter) => readOptionToken(`-${letter}`, options)?.option.type === "boolean",
  );
}

function unknownOption(names: readonly string[], token: string, options: Options): Error {
  const spelled = token.split("=")[0]!;
  const message = `runstone ${names.join(" ")} has no option ${spelled}`;
  if (spelled === "-v" || spelled === "--verbose")
    return usageError(message, "There is no verbose mode: --json prints all there is to tell.");
  const meant = nearest(spelled, optionSpellings(options));
  return usageError(
    message,
    meant === undefined ? `See runstone ${names.join(" ")} --help` : `Did you mean ${meant}?`,
  );
}

function unknownSubcommand(command: Command, names: readonly string[], token: string): Error {
  const shown = (command.subcommands ?? []).filter((sub) => sub.hidden !== true).map((sub) => sub.name);
  const meant = nearest(token, shown);
  return usageError(
    `runstone ${names.join(" ")} has no subcommand ${token}`,
    meant === undefined ? `Subcommands: ${shown.join(", ")}` : `Did you mean ${meant}?`,
  );
}
