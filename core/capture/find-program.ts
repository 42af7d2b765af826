import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** The environment of the process that is captured, handed in by the caller. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * The absolute path of a program by the `PATH` given, or null. Relative and empty entries of `PATH` are passed over:
 * a program of the current directory must not be started because a repository holds one of that name.
 */
export function findProgram(name: string, env: Env): string | null {
  const endings = process.platform === "win32" ? (env.PATHEXT ?? ".EXE;.CMD").split(";") : [""];
  for (const folder of searchPath(env)) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (isExecutableFile(path)) return path;
    }
  }
  return null;
}

/** The absolute entries of `PATH`, in order. */
export function searchPath(env: Env): readonly string[] {
  const path = env.PATH ?? env.Path ?? "";
  return path.split(delimiter).filter((entry) => isAbsolute(entry));
}

export function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
