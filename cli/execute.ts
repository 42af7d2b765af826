/** Running a command whose line is parsed: its surroundings, and what is told when it fails. */
import { resolve } from "node:path";
import { RunstoneError } from "../store-format/errors.js";
import type { Command } from "./command.js";
import type { CommandContext, Environment } from "./context.js";
import { Output, OutputClosed } from "./output/output.js";
import { chooseStyle } from "./output/style.js";
import type { ParsedLine } from "./parse/parse-plainly.js";
import { readRefresh } from "./parse/refresh.js";
import { cutAtDashes } from "./parse/tokens.js";
import { lastText, readArguments, textsOf } from "./parse/values.js";
import { reportError } from "./report-error.js";

/** How the program was called. */
export interface Invocation {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
}

export interface Channels {
  readonly out: Output;
  readonly err: Output;
}

/** Does the work, flushes, tells a failure and sets `process.exitCode`. Never rejects, never exits. */
export async function withChannels(
  { argv, env }: Invocation,
  work: (channels: Channels) => Promise<void>,
): Promise<void> {
  const out = new Output(1);
  const err = new Output(2);
  try {
    await work({ out, err });
    out.flush();
    err.flush();
  } catch (error) {
    if (error instanceof OutputClosed) return;
    flushQuietly(out);
    const json = cutAtDashes(argv).head.includes("--json");
    process.exitCode = reportError(fromSystem(error), { err, json, debug: Boolean(env.RUNSTONE_DEBUG) });
  }
}

export interface Line extends ParsedLine {
  /** What a command that takes a command line is to run. */
  readonly commandLine: readonly string[];
}

/** Reads the arguments and runs the command's implementation. */
export async function execute(
  command: Command,
  { raw, positionals, commandLine }: Line,
  { invocation, out, err }: Channels & { readonly invocation: Invocation },
): Promise<void> {
  const args = readArguments(command, raw, positionals);
  const { env } = invocation;
  const endings: (() => void)[] = [];
  const context: CommandContext = {
    cwd: resolve(invocation.cwd, lastText(raw, "C") ?? "."),
    env,
    store: lastText(raw, "store"),
    stores: textsOf(raw, "store"),
    json: raw.has("json"),
    refresh: readRefresh(raw),
    out,
    err,
    style: chooseStyle({ refused: raw.has("no-color"), isTerminal: out.isTerminal, env }),
    width: out.columns(env),
    tail: commandLine,
    now: Date.now,
    atEnd: (say) => endings.push(say),
  };
  const implementation = await command.load!();
  await implementation(context, args as never);
  out.flush();
  for (const say of endings) say();
}

/** Failures of stdout itself (a full disk behind `>`) are told like those of the store. */
function fromSystem(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (error instanceof RunstoneError || (code !== "ENOSPC" && code !== "EIO" && code !== "EDQUOT"))
    return error;
  const told = code === "EIO" ? "IO_ERROR" : "DISK_FULL";
  return new RunstoneError(told, `cannot write the output: ${(error as Error).message}`, { cause: error });
}

function flushQuietly(out: Output): void {
  try {
    out.flush();
  } catch {
    // The failure that brought us here is the one to tell.
  }
}
