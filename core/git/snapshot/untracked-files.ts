/** The files of untracked directories, of which `git status` tells only the directory. */
import { isUtf8 } from "node:buffer";
import type { Repository } from "../repository.js";

/** More names than these are not listed. */
const MAX_NAMES = 20_000;
/** So many directories are named to Git; with more it looks at all. */
const MAX_NAMED = 200;

export interface UntrackedNames {
  /** latin1; a repository of its own ends in `/`. */
  readonly names: readonly string[];
  /** There are more. */
  readonly isCut: boolean;
}

/** Untracked files that are not ignored below `directories` (latin1, each ends in `/`). */
export async function listUntracked(
  repository: Repository,
  directories: readonly string[],
): Promise<UntrackedNames> {
  if (directories.length === 0) return { names: [], isCut: false };
  const bytes = directories.map((name) => Buffer.from(name, "latin1"));
  // Node hands arguments on as UTF-8: other names cannot be named.
  const canName = directories.length <= MAX_NAMED && bytes.every((name) => isUtf8(name));
  const named = canName ? bytes.map((name) => `:(top,literal)${name.toString("utf8")}`) : [":(top)"];
  const pieces = repository.stream(["ls-files", "--others", "--exclude-standard", "-z", "--", ...named]);
  const wanted = new Set(directories);
  const names: string[] = [];
  let carry = "";
  for await (const piece of pieces) {
    const words = (carry + piece.toString("latin1")).split("\0");
    carry = words.pop() ?? "";
    for (const name of words) if (canName || isBelow(name, wanted)) names.push(name);
    if (names.length > MAX_NAMES) return { names: names.slice(0, MAX_NAMES), isCut: true };
  }
  return { names, isCut: false };
}

function isBelow(name: string, directories: ReadonlySet<string>): boolean {
  for (let at = name.indexOf("/"); at !== -1; at = name.indexOf("/", at + 1))
    if (directories.has(name.slice(0, at + 1))) return true;
  return false;
}
