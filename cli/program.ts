/** The frame of every command: find it, parse its line, run it, tell what went wrong. */
import { resolve } from "node:path";
import { RunstoneError } from "../store-format/errors.js";
import type { Command } from "./command.js";
import { COMMANDS } from "./command-table.js";
import type { CommandContext, Environment } from "./context.js";
import { EXIT } from "./exit-codes.js";
import { Output, OutputClosed } from "./output/output.js";
import { chooseStyle } from "./output/style.js";
import { GLOBAL_OPTIONS } from "./parse/global-options.js";
import { nearest } from "./parse/nearest.js";
import { type ParsedLine, parsePlainly } from "./parse/parse-plainly.js";
import { allOptions, optionLength, type Route, routeWithin } from "./parse/route.js";
import { cutAtDashes, looksLikeOption, optionSpellings, readOptionToken } from "./parse/tokens.js";
import { usageError } from "./parse/usage-error.js";
import { lastText, readArguments } from "./parse/values.js";
import { reportError } from "./report-error.js";

export interface Invocation {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
}

/** Runs one command line. Returns the exit code; a command may have set `process.exitCode` before. */
export async function runProgram(invocation: Invocation): Promise<void> {
  const out = new Output(1);
  const err = new Output(2);
  try {
    await dispatch(invocation, out, err);
    out.flush();
    err.flush();
  } catch (error) {
    if (error instanceof OutputClosed) return;
    flushQuietly(out);
    const { argv, env } = invocation;
    const json = cutAtDashes(argv).head.includes("--json");
    process.exitCode = reportError(fromSystem(error), { err, json, debug: Boolean(env.RUNSTONE_DEBUG) });
  }
}

async function dispatch(invocation: Invocation, out: Output, err: Output): Promise<void> {
  const { head, tail } = cutAtDashes(invocation.argv);
  const { before, name, after } = findName(head);
  if (name === undefined) return withoutCommand(before, { tail, invocation, out, err });
  const command = await loadCommand(name);
  const route = routeWithin(command, [...before, ...after]);
  if (asks(route, "help", "h")) return printHelp(route, out, invocation.env);
  if (asks(route, "version")) return (await import("./version-line.js")).printVersion(out);
  if (route.command.load === undefined) {
    const names = (route.command.subcommands ?? []).map((sub) => sub.name).join(", ");
    throw usageError(`runstone ${route.names.join(" ")} needs a subcommand`, `One of: ${names}`);
  }
  await runCommand(route, { tail, invocation, out, err });
}

interface Surroundings {
  readonly tail: readonly string[] | undefined;
  readonly invocation: Invocation;
  readonly out: Output;
  readonly err: Output;
}

async function runCommand(route: Route, { tail, invocation, out, err }: Surroundings): Promise<void> {
  const { command } = route;
  const parsed = await parse(route);
  const takesLine = command.takesCommandLine === true;
  const positionals = takesLine ? parsed.positionals : [...parsed.positionals, ...(tail ?? [])];
  const args = readArguments(command, parsed.raw, positionals);
  const restored = tail === undefined ? [] : ["--", ...tail];
  const commandLine = route.commandLine === undefined ? (tail ?? []) : [...route.commandLine, ...restored];
  const endings: (() => void)[] = [];
  const style = chooseStyle({
    refused: parsed.raw.has("no-color"),
    isTerminal: out.isTerminal,
    env: invocation.env,
  });
  const context: CommandContext = {
    cwd: resolve(invocation.cwd, lastText(parsed.raw, "C") ?? "."),
    env: invocation.env,
    store: lastText(parsed.raw, "store"),
    json: parsed.raw.has("json"),
    out,
    err,
    style,
    width: out.columns(invocation.env),
    tail: takesLine ? commandLine : [],
    now: Date.now,
    atEnd: (say) => endings.push(say),
  };
  const implementation = await command.load!();
  await implementation(context, args as never);
  out.flush();
  for (const say of endings) say();
}

async function parse(route: Route): Promise<ParsedLine> {
  const plain = route.command.hot === true ? parsePlainly(route.rest, allOptions(route.command)) : null;
  if (plain !== null) return plain;
  const { parseWithYargs } = await import("./parse/parse-with-yargs.js");
  return parseWithYargs(route.command, route.names, route.rest);
}

/** The first token that is no option: the command's name. Global options may stand before it. */
function findName(tokens: readonly string[]): {
  readonly before: readonly string[];
  readonly name: string | undefined;
  readonly after: readonly string[];
} {
  let index = 0;
  while (index < tokens.length && looksLikeOption(tokens[index]!)) {
    index += optionLength(tokens, index, GLOBAL_OPTIONS);
  }
  return { before: tokens.slice(0, index), name: tokens[index], after: tokens.slice(index + 1) };
}

async function withoutCommand(
  options: readonly string[],
  { tail, invocation, out, err }: Surroundings,
): Promise<void> {
  for (const token of options)
    if (looksLikeOption(token) && readOptionToken(token, GLOBAL_OPTIONS) === undefined)
      throw unknownGlobalOption(token);
  if (options.includes("--version")) return (await import("./version-line.js")).printVersion(out);
  const { topLevelHelp } = await import("./help/top-level.js");
  const asked = options.includes("--help") || options.includes("-h");
  const channel = asked ? out : err;
  channel.line(topLevelHelp(helpWidth(channel, invocation.env)));
  if (tail !== undefined) throw usageError("no command before --", "Did you mean runstone run -- COMMAND?");
  if (!asked) process.exitCode = EXIT.usage;
}

function unknownGlobalOption(token: string): Error {
  const spelled = token.split("=")[0]!;
  const meant = nearest(spelled, optionSpellings(GLOBAL_OPTIONS));
  const hint = meant === undefined ? "See runstone --help" : `Did you mean ${meant}?`;
  return usageError(`runstone has no option ${spelled}`, hint);
}

async function loadCommand(name: string): Promise<Command> {
  const entry = COMMANDS.find((known) => known.name === name);
  if (entry !== undefined) return entry.load();
  const meant = nearest(
    name,
    COMMANDS.map((known) => known.name),
  );
  const hint = meant === undefined ? "See runstone --help" : `Did you mean ${meant}?`;
  throw usageError(`runstone has no command ${name}`, hint);
}

/** Whether a boolean option stands among the options of a line. */
function asks(route: Route, ...spellings: readonly string[]): boolean {
  const options = allOptions(route.command);
  for (let index = 0; index < route.rest.length; index += optionLength(route.rest, index, options)) {
    const token = route.rest[index]!;
    if (spellings.some((word) => token === (word.length === 1 ? `-${word}` : `--${word}`))) return true;
  }
  return false;
}

const HELP_WIDTH = 100;

function helpWidth(out: Output, env: Environment): number {
  return Math.min(out.columns(env) ?? HELP_WIDTH, HELP_WIDTH);
}

async function printHelp(route: Route, out: Output, env: Environment): Promise<void> {
  const { commandHelp } = await import("./help/command-help.js");
  out.line(commandHelp(route.command, route.names, helpWidth(out, env)));
}

/** Failures of stdout itself (a full disk behind `>`) are told like those of the store. */
function fromSystem(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (error instanceof RunstoneError || (code !== "ENOSPC" && code !== "EIO" && code !== "EDQUOT"))
    return error;
  const full = code === "EIO" ? "IO_ERROR" : "DISK_FULL";
  return new RunstoneError(full, `cannot write the output: ${(error as Error).message}`, { cause: error });
}

function flushQuietly(out: Output): void {
  try {
    out.flush();
  } catch {
    // The failure that brought us here is the one to tell.
  }
}
