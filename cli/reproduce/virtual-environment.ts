/** `--venv`: the Python packages of the run, as they were recorded, in an environment of their own. */
import { existsSync, writeFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { findProgram } from "../../core/capture/find-program.js";
import { runProgram } from "../../core/capture/run-program.js";
import { startChild } from "../../core/process/child.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext, Environment } from "../context.js";
import type { RecordedRun } from "./recorded-run.js";

export interface VirtualEnvironment {
  /** Undefined: taken away. */
  readonly variables: Environment;
  readonly bin: string;
  /** What is not as recorded, for people. */
  readonly notes: readonly string[];
}

export interface VenvOptions {
  readonly recorded: RecordedRun;
  /** The top of the work tree. */
  readonly worktree: string;
  /** For files of our own. */
  readonly scratch: string;
}

/**
 * Makes it in the work tree, where Git does not see it, and installs the recorded packages without asking what they need.
 * Throws UNSUPPORTED: no list of packages of pip, no Python, or an installer that fails (its words went to stderr).
 */
export async function makeVirtualEnvironment(
  context: CommandContext,
  { recorded, worktree, scratch }: VenvOptions,
): Promise<VirtualEnvironment> {
  const { pythonVersion, requirements } = recorded;
  if (requirements === null)
    throw unsupported("the run has no list of Python packages that pip could install");
  const python = await findPython(context.env, pythonVersion);
  if (python === null) throw unsupported("there is no python3 on PATH");
  const [name = ".venv"] = [".venv", ".venv-reproduce"].filter((one) => !existsSync(join(worktree, one)));
  const directory = join(worktree, name);
  await runTool(context, python.path, ["-m", "venv", directory]);
  writeFileSync(join(directory, ".gitignore"), "*\n");
  const { lines, left } = installable(requirements);
  const list = join(scratch, "requirements.txt");
  writeFileSync(list, lines.map((line) => `${line}\n`).join(""));
  const bin = join(directory, process.platform === "win32" ? "Scripts" : "bin");
  const install = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"];
  await runTool(context, join(bin, "python"), [...install, "-r", list]);
  return {
    bin,
    variables: {
      VIRTUAL_ENV: directory,
      PATH: [bin, context.env.PATH ?? ""].join(delimiter),
      PYTHONHOME: undefined,
    },
    notes: [
      ...(python.version === pythonVersion ? [] : [`Python is ${python.version}, not ${pythonVersion}`]),
      ...left.map((line) => `${line} was not installed: it is no package with a version`),
    ],
  };
}

/** The program of the environment instead of one that the command names by its path or version. */
export function programInEnvironment(program: string, { bin }: VirtualEnvironment): string {
  const name = basename(program);
  if (/^python[\d.]*$/.test(name)) return join(bin, "python");
  return program !== name && existsSync(join(bin, name)) ? join(bin, name) : program;
}

interface FoundPython {
  readonly path: string;
  readonly version: string;
}

/** Of the recorded version, else of its series (`3.11`), else any. */
async function findPython(env: Environment, wanted: string | null): Promise<FoundPython | null> {
  const series = /^\d+\.\d+/.exec(wanted ?? "")?.[0];
  const names = [...(series === undefined ? [] : [`python${series}`]), "python3", "python"];
  const paths = new Set(names.flatMap((name) => findProgram(name, env) ?? []));
  const found: FoundPython[] = [];
  for (const path of paths) {
    const version = await versionOf(path, env);
    if (version !== null) found.push({ path, version });
  }
  return (
    found.find(({ version }) => version === wanted) ??
    found.find(({ version }) => series !== undefined && version.startsWith(`${series}.`)) ??
    found[0] ??
    null
  );
}

const ASK = "import sys; print('%d.%d.%d' % sys.version_info[:3])";

async function versionOf(file: string, env: Environment): Promise<string | null> {
  const kept = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const limits = { timeoutMs: 60_000, maxBytes: 1000 };
  const { exitCode, stdout } = await runProgram({
    ...{ file, args: ["-c", ASK], cwd: "/", env: Object.fromEntries(kept), ...limits },
  });
  return exitCode === 0 ? (/^3\.\d+\.\d+$/m.exec(stdout.toString("utf8"))?.[0] ?? null) : null;
}

/** Lists come from anybody, and pip's may hold options and addresses: only `name==version` is taken. */
function installable(text: string): { readonly lines: readonly string[]; readonly left: readonly string[] } {
  const all = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const isPinned = (line: string): boolean => /^[A-Za-z0-9][\w.-]*==[\w.+!-]+$/.test(line);
  return { lines: all.filter(isPinned), left: all.filter((line) => !isPinned(line)) };
}

async function runTool(
  { cwd, env }: CommandContext,
  program: string,
  args: readonly string[],
): Promise<void> {
  const child = await startChild({ program, args, cwd, env, stdout: 2, stderr: "inherit" });
  const { code, signal } = await child.exit;
  if (code === 0) return;
  const what = args.includes("pip") ? "pip install" : "python -m venv";
  throw unsupported(`the environment of the run cannot be made here: ${what} ended with ${code ?? signal}`);
}

function unsupported(message: string): RunstoneError {
  return new RunstoneError("UNSUPPORTED", message, {
    hint: "Without --venv the current environment is used, and its differences are listed.",
  });
}
