/** When a run was last seen to do something: the newest modification time of its lease, heartbeat and metric files. */
import { join } from "node:path";
import { listDirectory, statIfExists } from "../fs/index.js";
import { LEASE, WRITERS } from "../store/layout.js";

/** The heartbeat's directory, which lives beside the lease. */
export const LEASE_BEAT = "lease.beat";

/** Milliseconds since 1970 of a file's last change, or null when it is not there. */
export function mtimeOf(path: string): number | null {
  const found = statIfExists(path);
  return found === null ? null : Number(found.mtimeNs / 1_000_000n);
}

/** The newest beat of a run that holds a lease, or null when there is none. */
export function lastBeat(runDirectory: string): number | null {
  return newest([mtimeOf(join(runDirectory, LEASE_BEAT)), mtimeOf(join(runDirectory, LEASE))]);
}

/** The newest change of any metric file of a run, further writers' included, or null when there is none. */
export function lastPoint(runDirectory: string): number | null {
  const writers = (listDirectory(join(runDirectory, WRITERS)) ?? [])
    .filter((entry) => entry.isDirectory())
    .map((entry) => lastPointOfSlot(join(runDirectory, WRITERS, entry.name)));
  return newest([newestFile(join(runDirectory, "metrics")), ...writers]);
}

/** The newest change of any metric file of one writer's directory (`writers/<n>`). */
export function lastPointOfSlot(slotDirectory: string): number | null {
  return newestFile(join(slotDirectory, "metrics"));
}

/** The newest change of a run's records as three directories tell it: for runs that no lease was ever taken on. */
export function lastActivity(runDirectory: string): number | null {
  return newest([
    lastPoint(runDirectory),
    mtimeOf(join(runDirectory, "metrics")),
    mtimeOf(join(runDirectory, "params")),
    mtimeOf(join(runDirectory, "tags")),
  ]);
}

export function newest(times: readonly (number | null)[]): number | null {
  return times.reduce((best, time) => (best === null || (time !== null && time > best) ? time : best), null);
}

function newestFile(directory: string): number | null {
  const entries = listDirectory(directory) ?? [];
  return newest(
    entries.map((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? newestFile(path) : mtimeOf(path);
    }),
  );
}
