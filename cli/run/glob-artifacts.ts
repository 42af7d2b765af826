/** Files that the command made or changed, by pattern. */
import { statSync } from "node:fs";
import { basename, isAbsolute, relative, resolve, sep } from "node:path";
import type { RunWriter } from "../../core/interfaces.js";
import type { Problems } from "./problems.js";

export interface GlobArtifactsOptions {
  readonly patterns: readonly string[];
  /** Patterns and artifact paths count from here. */
  readonly cwd: string;
  /** Files that changed since (milliseconds since 1970, by the clock of their disk). */
  readonly since: number;
  /** Directories that are left out: the store, Git's own. */
  readonly leftOut: readonly string[];
  readonly writer: RunWriter;
  readonly problems: Problems;
}

/** Logs them under their path from `cwd`; a file from elsewhere under its name. Returns how many. */
export async function logGlobArtifacts(options: GlobArtifactsOptions): Promise<number> {
  const { patterns, cwd, leftOut, problems } = options;
  const { default: fastGlob } = await import("fast-glob");
  const found = fastGlob.sync([...patterns], {
    cwd,
    absolute: true,
    followSymbolicLinks: false,
    unique: true,
  });
  const inside = (path: string): boolean => leftOut.some((place) => path.startsWith(place + sep));
  const files = found
    .map((path) => resolve(path))
    .filter((path) => !inside(path) && changedSince(path, options.since));
  for (const path of files.sort()) {
    problems.guard("artifact", () => options.writer.logArtifactFile(path, artifactPath(path, cwd)));
  }
  if (found.length === 0) problems.add(`--artifacts ${patterns.join(" ")}: no file matches`);
  return files.length;
}

/** The change time: unlike the modification time, no tool sets it back (`cp -p`, `tar`). */
function changedSince(path: string, since: number): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0) >= since;
}

function artifactPath(path: string, cwd: string): string {
  const below = relative(cwd, path);
  const outside = below.startsWith("..") || isAbsolute(below);
  return outside ? basename(path) : below.split(sep).join("/");
}
