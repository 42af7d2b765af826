/** Hashing every object of a workspace: each must hold what its name says. */
import { join } from "node:path";
import { type Damage, damageOf, isRunstoneError } from "../../store-format/index.js";
import { hashFile, listDirectory, statIfExists } from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import { objectsPath } from "../store/layout.js";

export interface ObjectsVerification {
  readonly intact: number;
  readonly damages: readonly Damage[];
}

/** All hashes that objects are stored under, with the file of each. */
export function* listObjects(objects: string): Generator<{ readonly sha256: string; readonly path: string }> {
  for (const fan of listDirectory(objects) ?? []) {
    if (!fan.isDirectory() || !/^[0-9a-f]{2}$/.test(fan.name)) continue;
    for (const entry of listDirectory(join(objects, fan.name)) ?? [])
      if (/^[0-9a-f]{62}$/.test(entry.name))
        yield { sha256: fan.name + entry.name, path: join(objects, fan.name, entry.name) };
  }
}

/** Reads only. An object that differs is rebuildable when `hasCopy` knows an intact copy of the content. */
export function verifyObjects(
  context: StoreContext,
  hasCopy: (sha256: string) => boolean,
): ObjectsVerification {
  const objects = objectsPath(context);
  if (objects === null) return { intact: 0, damages: [] };
  let intact = 0;
  const damages: Damage[] = [];
  for (const { sha256, path } of listObjects(objects)) {
    const found = whatObjectHolds(path);
    if (found === sha256) intact += 1;
    else damages.push(damageOfObject(sha256, found, hasCopy(sha256)));
  }
  return { intact, damages };
}

/** Its hash; or, where there is nothing to be hashed, what is wrong. */
function whatObjectHolds(path: string): string {
  if (statIfExists(path)?.kind !== "file") return "it is no plain file";
  try {
    return hashFile(path).sha256;
  } catch (error) {
    if (!isRunstoneError(error, "IO_ERROR") && !isRunstoneError(error, "PERMISSION_DENIED")) throw error;
    return error.message;
  }
}

function damageOfObject(sha256: string, found: string, rebuildable: boolean): Damage {
  const path = `.runstone/objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  return damageOf("object_differs", path, {
    severity: rebuildable ? "rebuildable" : "lost",
    reason: /^[0-9a-f]{64}$/.test(found) ? `the object's content has the hash ${found}` : found,
  });
}
