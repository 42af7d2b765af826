/** What a directory holds. */

import { compareCodePoints } from "../../../store-format/index.js";
import type { Dirent } from "../../fs/index.js";
import { listDirectory } from "../../fs/index.js";
import { type OnDamage, readable } from "./damages.js";
import type { Located } from "./located.js";

/** Entries in code-point order; none when the directory is absent, or cannot be read (reported). */
export function entriesOf(owner: Located, onDamage: OnDamage): Dirent[] {
  const entries = readable(onDamage, owner, undefined, () => listDirectory(owner.directory)) ?? [];
  return entries.sort((a, b) => compareCodePoints(a.name, b.name));
}

/** Names of the sub-directories, in code-point order. Links are not followed. */
export function directoriesOf(owner: Located, onDamage: OnDamage): string[] {
  return entriesOf(owner, onDamage)
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}
