/** What a directory holds. */

import { compareCodePoints } from "../../../store-format/index.js";
import type { Dirent } from "../../fs/index.js";
import { listTrueDirectory, statIfExists } from "../../fs/index.js";
import { type OnDamage, readable, report } from "./damages.js";
import { type Located, ROOT_PATH } from "./located.js";

/**
 * Entries in code-point order; none when the directory is absent, is a file, cannot be read, or is a link: what lies outside
 * is not in the store (all but absence reported). Only the root itself may be a link: its user named it.
 */
export function entriesOf(owner: Located, onDamage: OnDamage): Dirent[] {
  const entries = readable(onDamage, owner, undefined, () => listTrueDirectory(owner.directory)) ?? [];
  if (entries.length > 0 && owner.path !== ROOT_PATH && isLink(owner)) {
    report(onDamage, owner, "not_a_regular_file", { reason: "is a link, which is not followed" });
    return [];
  }
  return entries.sort((a, b) => compareCodePoints(a.name, b.name));
}

/** Names of the sub-directories, in code-point order. Links are not followed. */
export function directoriesOf(owner: Located, onDamage: OnDamage): string[] {
  return entriesOf(owner, onDamage)
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function isLink({ directory }: Located): boolean {
  return statIfExists(directory)?.kind === "symlink";
}
