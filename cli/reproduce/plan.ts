/** What is run to reproduce a run: known before anything happens, so that it can be shown. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SEED_NAMES } from "../../core/capture/environment.js";
import { shellLine } from "../../core/capture/shell-words.js";
import type { Repository } from "../../core/git/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { Environment } from "../context.js";
import { parsePairs } from "../parse/pairs.js";
import { pathBelow, type RecordedRun } from "./recorded-run.js";
import { setValue } from "./set-values.js";

export interface Plan {
  readonly command: readonly string[];
  /** From the top of the work tree, `/` between components; empty for the top. */
  readonly cwd: string;
  /** Set as they were recorded. */
  readonly variables: Readonly<Record<string, string>>;
  /** Those of the list that the run did not have, and this shell has. */
  readonly unset: readonly string[];
  /** Options of `runstone run`, one a word. */
  readonly options: readonly string[];
  /** What may make a difference, for people. */
  readonly notes: readonly string[];
}

export interface PlanOptions {
  readonly repository: Repository;
  /** The code. */
  readonly commit: string;
  /** The top of the new work tree; need not be there yet. */
  readonly worktree: string;
  /** The command of the command line; empty: the recorded one. */
  readonly command: readonly string[];
  /** `key=value` words. */
  readonly set: readonly string[];
  readonly env: Environment;
}

/** Which GPUs there are is a matter of the machine. */
const OF_THE_MACHINE = new Set(["CUDA_VISIBLE_DEVICES"]);
const REDACTED = /\[redacted:[\w-]*\]/;

/**
 * Throws RESOURCE_DOES_NOT_EXIST (no command, or no such directory in the code), INVALID_PARAMETER_VALUE (secrets were
 * replaced in the command; `--set` finds nothing) and USAGE.
 */
export async function makePlan(runId: string, recorded: RecordedRun, options: PlanOptions): Promise<Plan> {
  const notes: string[] = [];
  const start = {
    command: commandOf(runId, recorded, options.command),
    options: recorded.options,
    variables: variablesOf(recorded, notes),
  };
  const pairs = Object.entries(parsePairs(options.set)).map(([key, value]) => ({ key, value }));
  const settled = pairs.reduce((before, pair) => setValue(before, pair), start);
  const cwd = await directoryOf(recorded, options, notes);
  const isOwnCommand = options.command.length > 0;
  const command = isOwnCommand
    ? settled.command
    : await inWorkTree(settled.command, { ...options, cwd, roots: rootsOf(recorded, options), notes });
  const unset = recorded.variables === null ? [] : unsetOf(recorded.variables, options.env);
  if (recorded.variables === null)
    notes.push(
      "the variables of the run (PYTHONHASHSEED and the like) were not recorded: those of this shell",
    );
  return { ...settled, command, cwd, unset, notes };
}

function commandOf(runId: string, { command }: RecordedRun, given: readonly string[]): readonly string[] {
  if (given.length > 0) return given;
  if (command === null)
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} tells no command`, {
      hint: "Give it: runstone reproduce RUN -- COMMAND",
      data: { runId },
    });
  if (!command.some((word) => REDACTED.test(word))) return command;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `secrets were taken out of the command of run ${runId}: ${shellLine(command)}`,
    { hint: "Give the whole command with them: runstone reproduce RUN -- COMMAND", data: { runId } },
  );
}

function variablesOf({ variables }: RecordedRun, notes: string[]): Readonly<Record<string, string>> {
  const kept = Object.entries(variables ?? {}).filter(([name, value]) => {
    if (OF_THE_MACHINE.has(name)) return false;
    if (REDACTED.test(value)) notes.push(`${name} had a secret in it, and is that of this shell`);
    return !REDACTED.test(value);
  });
  return Object.fromEntries(kept);
}

function unsetOf(variables: Readonly<Record<string, string>>, env: Environment): readonly string[] {
  return SEED_NAMES.filter((name) => !OF_THE_MACHINE.has(name) && variables[name] === undefined && env[name]);
}

/** The places whose files the work tree stands for: where the run ran, and where we are. */
function rootsOf({ root }: RecordedRun, { repository }: PlanOptions): readonly string[] {
  const main = basename(repository.commonDir) === ".git" ? [dirname(repository.commonDir)] : [];
  return [...new Set([...(root === null ? [] : [root]), repository.root, ...main])];
}

async function directoryOf(recorded: RecordedRun, options: PlanOptions, notes: string[]): Promise<string> {
  const { cwd } = recorded;
  const below =
    cwd === null
      ? null
      : (rootsOf(recorded, options)
          .map((root) => pathBelow(root, cwd))
          .find((path) => path !== null) ?? null);
  if (below === null) {
    const why = cwd === null ? "was not recorded" : `(${cwd}) was outside of the work tree`;
    notes.push(`the working directory ${why}: the top of the work tree is taken`);
  }
  if (below === null || below === "") return "";
  if (await isInCode(options, below)) return below;
  throw new RunstoneError(
    "RESOURCE_DOES_NOT_EXIST",
    `the run ran in ${below}, which its code does not have`,
    {
      hint: "Git keeps no empty or ignored directories: runstone checkout RUN, and runstone run there.",
      data: { path: below },
    },
  );
}

async function isInCode({ repository, commit }: PlanOptions, path: string): Promise<boolean> {
  const { exitCode } = await repository.git(["cat-file", "-e", `${commit}:${path}`], {
    answers: [0, 1, 128],
  });
  return exitCode === 0;
}

interface Placing extends PlanOptions {
  readonly cwd: string;
  readonly roots: readonly string[];
  readonly notes: string[];
}

/** Paths of the old work tree become those of the new one; its programs that Git does not hold (`.venv`) are taken where they are. */
async function inWorkTree(command: readonly string[], placing: Placing): Promise<readonly string[]> {
  const words: string[] = [];
  for (const word of command) words.push(await wordInWorkTree(word, placing));
  const [program = "", ...rest] = words;
  return [await programInWorkTree(program, placing), ...rest];
}

/** An absolute path, alone or behind `=`. */
async function wordInWorkTree(word: string, placing: Placing): Promise<string> {
  const [, before = "", path = ""] = /^([^=/]*=)?(\/.*)$/s.exec(word) ?? [];
  const root = placing.roots.find((one) => path === one || path.startsWith(`${one}/`));
  if (root === undefined) return word;
  const below = path.slice(root.length + 1);
  const moved = `${before}${join(placing.worktree, below)}`;
  if (below === "" || !existsSync(path) || (await isInCode(placing, below))) return moved;
  placing.notes.push(`${path} is not in the code of the run: it is taken where it is`);
  return word;
}

async function programInWorkTree(program: string, placing: Placing): Promise<string> {
  if (program.startsWith("/") || !program.includes("/")) return program;
  const below = join(placing.cwd, program);
  if (below.startsWith("..") || (await isInCode(placing, below))) return program;
  const here = placing.roots.map((root) => join(root, below)).find((path) => existsSync(path));
  if (here === undefined) return program;
  placing.notes.push(`${program} is not in the code of the run: ${here} is taken`);
  return here;
}
