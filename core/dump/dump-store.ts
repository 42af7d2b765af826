/** `runstone dump`: a whole store as objects, one at a time, in flat memory. */

import type { Damage } from "../../store-format/index.js";
import type { StorePaths } from "../store/layout.js";
import type { PointOptions } from "../store/read/metric-points.js";
import { scanStore } from "../store/read/scan-store.js";
import { dumpDamage, dumpItem, dumpPoints } from "./dump-item.js";
import type { DumpObject } from "./dump-object.js";

/**
 * Everything readable in a store and every damage, as it is met; the same order for the same store. Throws NOT_A_STORE
 * and typed errors when the root itself cannot be read. Writes nothing.
 */
export function* dumpStore(paths: StorePaths, options: PointOptions = {}): Generator<DumpObject> {
  const damages: Damage[] = [];
  for (const item of scanStore(paths, (damage) => damages.push(damage), options)) {
    yield* damages.splice(0).map(dumpDamage);
    if (item.kind === "points") yield* dumpPoints(item.owner, item.key, item.points);
    else yield dumpItem(item);
  }
  yield* damages.splice(0).map(dumpDamage);
}
