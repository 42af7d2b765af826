/** The log of a writer's slot in a run. */
import { dirname, relative } from "node:path";
import type { WriterSlot } from "../../leases/index.js";
import type { StoreContext } from "../context.js";
import { assertNoClashAmong, freePath } from "../key-files.js";
import type { RunLocation } from "../read/index.js";
import { PointLog } from "./point-log.js";
import { keepTornTail } from "./torn-metrics.js";

/** A torn tail that is met is kept in `torn/` and told of; a key that clashes with another is refused. */
export function openPointLog(
  context: StoreContext,
  location: RunLocation,
  { metricsDirectory, linksPath }: WriterSlot,
): PointLog {
  const { directory } = location;
  const slotDirectory = dirname(metricsDirectory);
  const checkNewKeys = (keys: readonly string[]): void => {
    assertNoClashAmong("metrics", keys);
    for (const key of keys)
      for (const owner of new Set([directory, slotDirectory])) freePath({ owner, folder: "metrics" }, key);
  };
  const place = { top: directory, metricsDirectory, linksPath, temporaryIn: slotDirectory, checkNewKeys };
  return new PointLog(place, (path) => keepTornTail(context, location, relative(directory, path)));
}
