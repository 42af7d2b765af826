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
  const { default: fastGlob } = await import("fast-glob");
  const files = new Set<string>();
  const ignore = options.patterns
    .filter((pattern) => pattern.startsWith("!"))
    .map((pattern) => pattern.slice(1));
  for (const pattern of options.patterns.filter((text) => !text.startsWith("!"))) {
    const found = fastGlob.sync(pattern, {
      cwd: options.cwd,
      absolute: true,
      followSymbolicLinks: false,
      ignore,
    });
    for (const path of chooseFiles(pattern, found, options)) files.add(path);
  }
  for (const path of [...files].sort()) {
    options.problems.guard("artifact", () =>
      options.writer.logArtifactFile(path, artifactPath(path, options.cwd)),
    );
  }
  return files.size;
}

/** A pattern without any file is told: a slip in it would cost the files it was meant for. */
function chooseFiles(
  pattern: string,
  found: readonly string[],
  { leftOut, since, problems }: GlobArtifactsOptions,
): readonly string[] {
  const paths = found
    .map((path) => resolve(path))
    .filter((path) => !leftOut.some((place) => path.startsWith(place + sep)));
  const changed = paths.filter((path) => changedSince(path, since));
  if (paths.length === 0) problems.add(`--artifacts ${pattern}: no file matches`);
  else if (changed.length === 0)
    problems.add(
      `--artifacts ${pattern}: of the files that match (${paths.length}), none was made or changed by the command`,
    );
  return changed;
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
