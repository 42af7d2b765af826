/** What a run's state is, as derived from its status and its owner. Reading never writes. */
import { join } from "node:path";
import {
  isRunstoneError,
  type Lease as LeaseInfo,
  type RunInfo,
  type RunStatus,
} from "../../store-format/index.js";
import { statIfExists } from "../fs/index.js";
import { LEASE } from "../store/layout.js";
import { isFresh, type OwnerProbes, systemProbes } from "./judge-owner.js";
import { lastActivity } from "./last-sign.js";
import { inspectLease } from "./lease.js";
import { liveWriters } from "./writer-slot.js";

export interface RunState {
  /** LOST: marked RUNNING, and its owner is proven dead. */
  readonly state: RunStatus | "LOST";
  /** Newest sign of life in milliseconds since 1970, of runs marked RUNNING; undefined when there is none. */
  readonly lastSign?: number | undefined;
  /** Set when the run is lost or silent: no sign of life since then. */
  readonly since?: number | undefined;
  /** Who holds, or held, the lease. */
  readonly lease?: LeaseInfo;
}

/**
 * Nothing is read for a run that is not marked RUNNING, one stat is made for one without a lease: its `lastSign` and
 * `since` are looked up when they are asked for. A lease that cannot be read is no proof: the run stays RUNNING.
 */
export function readRunState(
  location: { readonly directory: string },
  info: Pick<RunInfo, "status">,
  probes: OwnerProbes = systemProbes(),
): RunState {
  if (info.status !== "RUNNING") return { state: info.status };
  const { directory } = location;
  if (statIfExists(join(directory, LEASE)) === null) return withoutLease(directory, probes);
  return softly(() => withLease(directory, probes)) ?? { state: "RUNNING" };
}

function withoutLease(directory: string, probes: OwnerProbes): RunState {
  let known: number | null | undefined;
  const look = () => {
    if (known === undefined) known = softly(() => lastActivity(directory));
    return known ?? undefined;
  };
  return {
    state: "RUNNING",
    get lastSign() {
      return look();
    },
    get since() {
      const sign = look();
      return sign === undefined || isFresh(sign, probes) ? undefined : sign;
    },
  };
}

function withLease(directory: string, probes: OwnerProbes): RunState {
  const found = inspectLease(directory, probes);
  if (found === null) return withoutLease(directory, probes);
  const { lastSign, verdict } = found;
  const lease = found.info === null ? {} : { lease: found.info };
  if (verdict === "alive") return { state: "RUNNING", lastSign, ...lease };
  const lost = verdict === "dead" && found.info !== null && liveWriters(directory, probes).length === 0;
  return { state: lost ? "LOST" : "RUNNING", lastSign, since: lastSign, ...lease };
}

/** What cannot be read tells nothing here; fsck names it. */
function softly<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isRunstoneError(error, "IO_ERROR") || isRunstoneError(error, "PERMISSION_DENIED")) return null;
    throw error;
  }
}
