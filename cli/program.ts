/** Everything but the plain lines of hot commands: finds the command, parses its line with yargs, runs it. */
import type { Command } from "./command.js";
import { loadCommand } from "./command-loaders.js";
import { COMMAND_NAMES } from "./command-names.js";
import type { Environment } from "./context.js";
import { type Channels, execute, type Invocation, withChannels } from "./execute.js";
import { EXIT } from "./exit-codes.js";
import { commandHelp } from "./help/command-help.js";
import { helpWidth } from "./help/layout.js";
import { topLevelHelp } from "./help/top-level.js";
import type { Output } from "./output/output.js";
import { GLOBAL_OPTIONS } from "./parse/global-options.js";
import { nearest } from "./parse/nearest.js";
import { type ParsedLine, parsePlainly } from "./parse/parse-plainly.js";
import { allOptions, optionLength, type Route, routeWithin } from "./parse/route.js";
import { cutAtDashes, looksLikeOption, optionSpellings, readOptionToken } from "./parse/tokens.js";
import { usageError } from "./parse/usage-error.js";
import { textsOf } from "./parse/values.js";
import { serverOf } from "./server/address.js";
import { VERSION } from "./version.js";

/** Runs one command line; sets `process.exitCode`. */
export async function runProgram(invocation: Invocation): Promise<void> {
  await withChannels(invocation, (channels) => dispatch(invocation, channels));
}

async function dispatch(invocation: Invocation, channels: Channels): Promise<void> {
  const { head, tail } = cutAtDashes(invocation.argv);
  const { before, name, after } = findName(head);
  if (name === undefined) return withoutCommand(before, tail, invocation.env, channels);
  if (name === "version" && after.length === 0) return channels.out.line(VERSION);
  if (name === "help") return printHelpOf([...before, ...after], channels.out, invocation.env);
  const route = routeWithin(await findCommand(name), [...before, ...after]);
  if (asks(route, "--help", "-h")) return printHelp(route, channels.out, invocation.env);
  if (asks(route, "--version")) return channels.out.line(VERSION);
  if (route.command.load === undefined) throw needsSubcommand(route);
  await runRoute(route, tail, { invocation, ...channels });
}

async function runRoute(
  given: Route,
  tail: readonly string[] | undefined,
  surroundings: Channels & { readonly invocation: Invocation },
): Promise<void> {
  const { raw, positionals } = await parse(given);
  const route = await onServerIfNamed(given, textsOf(raw, "store"), surroundings.invocation.env);
  if (route.command.takesCommandAfterDashes === true)
    return execute(route.command, { raw, positionals, commandLine: tail ?? [] }, surroundings);
  if (route.command.takesCommandLine !== true)
    return execute(
      route.command,
      { raw, positionals: [...positionals, ...(tail ?? [])], commandLine: [] },
      surroundings,
    );
  const dashed = tail === undefined ? [] : ["--", ...tail];
  const commandLine = route.commandLine === undefined ? (tail ?? []) : [...route.commandLine, ...dashed];
  await execute(route.command, { raw, positionals, commandLine }, surroundings);
}

/** Commands that work on a server do it in their own way. */
async function onServerIfNamed(route: Route, stores: readonly string[], env: Environment): Promise<Route> {
  if (serverOf(stores, env) === null) return route;
  const { onServer } = await import("./server/commands.js");
  return { ...route, command: onServer(route.command, route.names) };
}

async function parse(route: Route): Promise<ParsedLine> {
  const plain = route.command.hot === true ? parsePlainly(route.rest, allOptions(route.command)) : null;
  if (plain !== null) return plain;
  const { parseWithYargs } = await import("./parse/parse-with-yargs.js");
  return parseWithYargs(route.command, route.names, route.rest);
}

function needsSubcommand({ command, names }: Route): Error {
  const below = (command.subcommands ?? []).filter((sub) => sub.hidden !== true).map((sub) => sub.name);
  return usageError(`runstone ${names.join(" ")} needs a subcommand`, `One of: ${below.join(", ")}`);
}

/** The first token that is no option: the command's name. Global options may stand before it. */
function findName(tokens: readonly string[]): {
  readonly before: readonly string[];
  readonly name: string | undefined;
  readonly after: readonly string[];
} {
  let index = 0;
  while (index < tokens.length && looksLikeOption(tokens[index]!))
    index += optionLength(tokens, index, GLOBAL_OPTIONS);
  return { before: tokens.slice(0, index), name: tokens[index], after: tokens.slice(index + 1) };
}

async function withoutCommand(
  options: readonly string[],
  tail: readonly string[] | undefined,
  env: Environment,
  { out, err }: Channels,
): Promise<void> {
  for (const token of options)
    if (looksLikeOption(token) && readOptionToken(token, GLOBAL_OPTIONS) === undefined)
      throw unknownGlobalOption(token);
  if (tail !== undefined) throw usageError("no command before --", "Did you mean runstone run -- COMMAND?");
  if (options.includes("--version")) return out.line(VERSION);
  const asked = options.includes("--help") || options.includes("-h");
  const channel = asked ? out : err;
  channel.line(topLevelHelp(helpWidth(channel, env)));
  if (!asked) process.exitCode = EXIT.usage;
}

function unknownGlobalOption(token: string): Error {
  const spelled = token.split("=")[0]!;
  const meant = nearest(spelled, optionSpellings(GLOBAL_OPTIONS));
  const hint = meant === undefined ? "See runstone --help" : `Did you mean ${meant}?`;
  return usageError(`runstone has no option ${spelled}`, hint);
}

async function findCommand(name: string): Promise<Command> {
  const found = await loadCommand(name);
  if (found !== undefined) return found;
  const meant = nearest(name, COMMAND_NAMES);
  const hint = meant === undefined ? "See runstone --help" : `Did you mean ${meant}?`;
  throw usageError(
    `runstone has no command ${name}`,
    name === "filter" ? "See runstone help filter, or: runstone runs FILTER" : hint,
  );
}

/** Whether a boolean option stands among the options of a line, and not as the value of another. */
function asks(route: Route, ...spellings: readonly string[]): boolean {
  const options = allOptions(route.command);
  for (let index = 0; index < route.rest.length; index += optionLength(route.rest, index, options))
    if (spellings.includes(route.rest[index]!)) return true;
  return false;
}

/** `runstone help`, `runstone help artifacts list`, `runstone help filter` */
async function printHelpOf(tokens: readonly string[], out: Output, env: Environment): Promise<void> {
  const { before, name, after } = findName(tokens);
  if (name === undefined) return out.line(topLevelHelp(helpWidth(out, env)));
  if (name === "filter" && after.length === 0) {
    const { filterHelp } = await import("./help/filter-help.js");
    return out.line(filterHelp(helpWidth(out, env)));
  }
  printHelp(routeWithin(await findCommand(name), [...before, ...after]), out, env);
}

function printHelp(route: Route, out: Output, env: Environment): void {
  out.line(commandHelp(route.command, route.names, helpWidth(out, env)));
}
