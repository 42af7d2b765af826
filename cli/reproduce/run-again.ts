/** The plan, carried out: our own `runstone run` records the command as a child of the origin. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ChildExit, startChild } from "../../core/process/child.js";
import { relaySignals } from "../../core/process/signals.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext, Environment } from "../context.js";
import type { Plan } from "./plan.js";

export interface RunAgainOptions {
  readonly plan: Plan;
  readonly originId: string;
  /** The store's root. */
  readonly root: string;
  /** The top of the new work tree. */
  readonly worktree: string;
  /** A directory for our own files, outside of the work tree. */
  readonly scratch: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Beyond those of the plan. */
  readonly environment?: Environment;
}

export interface RunAgain extends ChildExit {
  readonly runId: string;
  /** Somebody wanted it to end. */
  readonly isInterrupted: boolean;
}

/** Throws INVALID_STATE when no run was made: the command cannot be started; why was told on stderr. */
export async function runAgain(context: CommandContext, options: RunAgainOptions): Promise<RunAgain> {
  const { plan, worktree, scratch } = options;
  const idFile = join(scratch, "run-id");
  const child = startChild({
    program: process.execPath,
    args: [resolve(process.argv[1] ?? "runstone"), ...runArguments(options, idFile)],
    cwd: join(worktree, plan.cwd),
    env: environmentOf(context, options),
    // With --json stdout is for the verdict alone.
    stdout: context.json ? 2 : "inherit",
    stderr: "inherit",
  });
  const running = await child;
  const relay = relaySignals({ kill: (signal) => running.kill(signal) });
  const exit = await running.exit;
  relay.stop();
  const runId = readId(idFile);
  if (runId === null)
    throw new RunstoneError(
      "INVALID_STATE",
      "the command could not be started: there is nothing to compare",
      {
        hint: "Files that Git does not hold are not in the work tree. Another command: runstone reproduce RUN -- COMMAND",
        data: { command: plan.command },
      },
    );
  const isInterrupted = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"].some((name) =>
    relay.received.has(name as NodeJS.Signals),
  );
  return { ...exit, runId, isInterrupted };
}

function runArguments({ plan, originId, root, tags }: RunAgainOptions, idFile: string): readonly string[] {
  const tagWords = Object.entries(tags).flatMap(([key, value]) => ["--tag", `${key}=${value}`]);
  return [
    ...["run", "--store", root, "--parent", originId, ...tagWords, "--id-file", idFile],
    ...plan.options,
    ...["--", ...plan.command],
  ];
}

function environmentOf(
  { env }: CommandContext,
  { plan, environment = {} }: RunAgainOptions,
): NodeJS.ProcessEnv {
  const unset = Object.fromEntries(plan.unset.map((name) => [name, undefined]));
  // PWD would be that of this shell, and some programs believe it.
  const all = { ...env, ...unset, PWD: undefined, ...plan.variables, ...environment };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function readId(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
