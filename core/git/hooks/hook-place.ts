/** Where Git looks for the hooks of a repository, and how they may be written. */
import { basename, dirname, resolve } from "node:path";
import { RunstoneError } from "../../../store-format/index.js";
import { realPathIfExists } from "../../fs/index.js";
import type { Repository } from "../repository.js";

export interface HookPlace {
  /** Absolute. */
  readonly directory: string;
  /** In the work tree: other people get what is written here with the next commit. */
  readonly isShared: boolean;
  /** husky starts what lies here with `sh`; the files need no `#!` and no permission. */
  readonly isHusky: boolean;
}

/**
 * `repository` was opened as `user`: the setting core.hooksPath counts. Rejects with UNSUPPORTED where it leads to a directory
 * that is not this repository's: what is written there would run in others.
 */
export async function findHookPlace(repository: Repository): Promise<HookPlace> {
  const told = await repository.text(["rev-parse", "--git-path", "hooks"]);
  const path = resolve(repository.root, told);
  // husky 9 keeps what Git calls in `.husky/_` and calls what lies above.
  const isHusky = basename(path) === "_" && basename(dirname(path)) === ".husky";
  const directory = isHusky ? dirname(path) : path;
  const real = realPathIfExists(directory) ?? directory;
  if (isBelow(real, repository.commonDir)) return { directory, isShared: false, isHusky };
  if (isBelow(real, repository.root)) return { directory, isShared: true, isHusky };
  throw new RunstoneError("UNSUPPORTED", `core.hooksPath leads out of the repository, to ${directory}`, {
    hint: 'Hooks there run in every repository that names them. Put `runstone hooks run NAME "$@"` into them yourself.',
    data: { directory },
  });
}

function isBelow(path: string, directory: string): boolean {
  const real = realPathIfExists(directory) ?? directory;
  return path === real || path.startsWith(`${real}/`) || path.startsWith(`${real}\\`);
}
