import { closeSync, openSync, readSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { type Env, findProgram, isExecutableFile } from "./find-program.js";

/** The language runtime that a command will start. */
export interface CommandTarget {
  readonly runtime: "python" | "node";
  /** Absolute path as found (links not followed: a virtual environment is known by its link), or null. */
  readonly interpreter: string | null;
  /** Started through `uv run`. */
  readonly uv: boolean;
}

export interface CommandPlace {
  readonly env: Env;
  readonly cwd: string;
}

const NODE_PROGRAMS = /^(?:node|nodejs|npm|npx|pnpm|yarn|bun|tsx|ts-node)(?:\.exe|\.cmd)?$/i;
const PYTHON_PROGRAMS = /^(?:python|pypy)[\d.]*(?:\.exe)?$/i;
/** Programs that start the rest of their arguments; the value is their options that take a value of their own. */
const WRAPPERS: Readonly<Record<string, readonly string[]>> = {
  env: ["-u", "--unset", "-C", "--chdir"],
  nohup: [],
  time: ["-f", "-o"],
  nice: ["-n", "--adjustment"],
  stdbuf: ["-i", "-o", "-e"],
  timeout: ["-s", "-k", "--signal", "--kill-after"],
};
const UV_OPTIONS = [
  "--with",
  "--extra",
  "--group",
  "--python",
  "-p",
  "--env-file",
  "--directory",
  "--project",
  "-m",
];

/** Finds what a command starts: by its name, behind common wrappers, or by the first line of a script. */
export function commandTarget(command: readonly string[], place: CommandPlace): CommandTarget | null {
  return resolveCommand(command, place, 0);
}

function resolveCommand(
  command: readonly string[],
  place: CommandPlace,
  depth: number,
): CommandTarget | null {
  const [first, ...rest] = command;
  if (first === undefined || depth > 4) return null;
  const name = basename(first);
  if (name === "uv" && rest[0] === "run") return uvTarget(rest.slice(1), place);
  if (PYTHON_PROGRAMS.test(name)) return python(programPath(first, place));
  if (NODE_PROGRAMS.test(name))
    return { runtime: "node", interpreter: findProgram("node", place.env), uv: false };
  const wrapper = WRAPPERS[name];
  if (wrapper !== undefined) return resolveCommand(afterWrapper(name, rest, wrapper), place, depth + 1);
  return scriptTarget(programPath(first, place), place, depth);
}

function python(interpreter: string | null): CommandTarget {
  return { runtime: "python", interpreter, uv: false };
}

/** `uv run` prefers the project's `.venv`, then an active environment. */
function uvTarget(args: readonly string[], place: CommandPlace): CommandTarget | null {
  const inner = resolveCommand(skipOptions(args, UV_OPTIONS), place, 1);
  if (inner?.runtime === "node") return inner;
  const folder = place.env.UV_PROJECT_ENVIRONMENT ?? ".venv";
  const candidates = upwards(place.cwd).map((directory) => pythonIn(resolve(directory, folder)));
  return { runtime: "python", interpreter: candidates.find(isFound) ?? inner?.interpreter ?? null, uv: true };
}

const isFound = (path: string | null): path is string => path !== null;

/** The interpreter of an environment's directory, or null. */
export function pythonIn(prefix: string): string | null {
  const names =
    process.platform === "win32" ? ["Scripts/python.exe", "python.exe"] : ["bin/python", "bin/python3"];
  return names.map((name) => join(prefix, name)).find(isExecutableFile) ?? null;
}

/** A directory and all above it, the nearest first. */
export function upwards(directory: string): readonly string[] {
  const above = resolve(directory, "..");
  return above === directory ? [directory] : [directory, ...upwards(above)];
}

function afterWrapper(name: string, args: readonly string[], valued: readonly string[]): readonly string[] {
  const rest = skipOptions(args, valued);
  if (name === "timeout") return rest.slice(1);
  if (name !== "env") return rest;
  const at = rest.findIndex((argument) => !/^[A-Za-z_]\w*=/.test(argument));
  return at === -1 ? [] : rest.slice(at);
}

function skipOptions(args: readonly string[], valued: readonly string[]): readonly string[] {
  let at = 0;
  while (args[at]?.startsWith("-")) {
    if (args[at] === "--") return args.slice(at + 1);
    at += valued.includes(args[at] ?? "") ? 2 : 1;
  }
  return args.slice(at);
}

function programPath(program: string, { env, cwd }: CommandPlace): string | null {
  if (!/[\\/]/.test(program)) return findProgram(program, env);
  const path = isAbsolute(program) ? program : resolve(cwd, program);
  return isExecutableFile(path) ? path : null;
}

/** The program that the first line of a script names (`torchrun`, `pytest`, `./train.py`). */
function scriptTarget(path: string | null, place: CommandPlace, depth: number): CommandTarget | null {
  if (path !== null && isPyenvShim(path)) return python(join(dirname(path), "python"));
  const line = path === null ? null : /^#![ \t]*(.+?)\r?\n/.exec(readHead(path))?.[1];
  if (!line) return null;
  const [program = "", ...args] = line.trim().split(/[ \t]+/);
  const command = basename(program) === "env" ? args.filter((argument) => argument !== "-S") : [program];
  return resolveCommand(command, place, depth + 1);
}

/** Whether pyenv put this program on PATH: a shell script that finds out at each start which Python is meant. */
export function isPyenvShim(path: string): boolean {
  return basename(dirname(path)) === "shims" && readHead(path).includes("pyenv");
}

/** The first 512 bytes of a file as text; `""` when it cannot be read. */
export function readHead(path: string, size = 512): string {
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(size);
      return buffer.toString("utf8", 0, readSync(file, buffer, 0, size, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}
