/** Finding a command as a shell would, before a run is made for it. */
import { accessSync, constants, type Stats, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { Environment } from "./child-environment.js";

/** 127 and 126 are what shells exit with. */
export type FoundCommand =
  | { readonly found: true; readonly path: string }
  | { readonly found: false; readonly exitCode: 126 | 127; readonly reason: string };

/** The file that `name` means: a path when it holds a slash, else the first hit in `PATH`. */
export function findCommand(name: string, env: Environment, cwd: string): FoundCommand {
  const paths = name.includes("/")
    ? [resolve(cwd, name)]
    : pathEntries(env).map((entry) => resolve(cwd, join(entry, name)));
  const states = paths.map((path) => ({ path, state: stateOf(path) }));
  const runnable = states.find(({ state }) => state === "runnable");
  if (runnable !== undefined) return { found: true, path: runnable.path };
  const refused = states.find(({ state }) => state !== "absent");
  if (refused === undefined) return { found: false, exitCode: 127, reason: `${name}: command not found` };
  const why = refused.state === "directory" ? "is a directory" : "permission denied";
  return { found: false, exitCode: 126, reason: `${name}: ${why}` };
}

/** An empty entry of `PATH` means the current directory. */
function pathEntries(env: Environment): readonly string[] {
  const path = env.PATH ?? "/usr/local/bin:/usr/bin:/bin";
  return path.split(delimiter).map((entry) => (entry === "" ? "." : entry));
}

/** A folder of `PATH` that may not be searched is passed over, as execvp does. */
function statOf(path: string): Stats | "forbidden" | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES") return "forbidden";
    if (code === "ELOOP" || code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

function stateOf(path: string): "runnable" | "forbidden" | "directory" | "absent" {
  const stat = statOf(path);
  if (stat === "forbidden") return "forbidden";
  if (stat === undefined) return "absent";
  if (stat.isDirectory()) return "directory";
  try {
    accessSync(path, constants.X_OK);
    return "runnable";
  } catch {
    return "forbidden";
  }
}
