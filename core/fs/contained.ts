/**
 * Whether a path leads where it says. A store may arrive by clone with links planted in it: nothing is written through
 * one. Checked before the step, without a guard against somebody who plants links at the same moment.
 */
import { join, relative, sep } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import { statIfExists } from "./read.js";

/** Throws PERMISSION_DENIED when a directory between `top` (not looked at) and `path` (not looked at) is a link. */
export function assertNoLinkBetween(top: string, path: string): void {
  const names = relative(top, path).split(sep);
  let at = top;
  for (const name of names.slice(0, -1)) {
    at = join(at, name);
    const found = statIfExists(at);
    if (found === null) return;
    if (found.kind === "symlink") throw isLink(at);
  }
}

/** Throws PERMISSION_DENIED when one of these entries of `directory` is a link. */
export function assertNoLinks(directory: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(directory, name);
    if (statIfExists(path)?.kind === "symlink") throw isLink(path);
  }
}

function isLink(path: string): RunstoneError {
  return new RunstoneError("PERMISSION_DENIED", `${path} is a link: nothing is written through it`, {
    hint: "Put a real directory in its place, or work on the place it leads to with --store.",
    data: { path },
  });
}
