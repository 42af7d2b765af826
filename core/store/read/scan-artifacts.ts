/** The walk over artifact files: what of them is only a pointer, a link or a half-written file. */
import { join } from "node:path";
import { readBeginning, statIfExists } from "../../fs/index.js";
import { type OnDamage, readable, report } from "./damages.js";
import { entriesOf } from "./entries.js";
import { isLfsPointer } from "./foreign-content.js";
import { inside, type Located } from "./located.js";

/** Pointers are smaller than this. */
const POINTER_BYTES = 1_024;

/** Checks `artifacts/` of a run, logged model or trace, without reading more than the beginnings of small files. */
export function scanArtifacts(owner: Located, onDamage: OnDamage): void {
  scanDirectory(inside(owner, "artifacts"), onDamage);
}

function scanDirectory(directory: Located, onDamage: OnDamage): void {
  for (const entry of entriesOf(directory, onDamage)) {
    const { name } = entry;
    if (entry.isDirectory()) scanDirectory(inside(directory, name), onDamage);
    else if (!entry.isFile()) report(onDamage, directory, "not_a_regular_file", { name });
    else if (name.startsWith(".artifact.uploading."))
      report(onDamage, directory, "leftover_temporary", { name });
    else if (isPointer(directory, name, onDamage)) report(onDamage, directory, "lfs_pointer", { name });
  }
}

function isPointer(directory: Located, name: string, onDamage: OnDamage): boolean {
  const path = join(directory.directory, name);
  const found = readable(onDamage, directory, name, () => {
    const size = statIfExists(path)?.size ?? 0;
    if (size === 0 || size >= POINTER_BYTES) return false;
    const beginning = readBeginning(path, POINTER_BYTES);
    return beginning !== null && isLfsPointer(beginning, size);
  });
  return found === true;
}
