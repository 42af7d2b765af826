/** What a run's state is, as derived from its status and its owner. Reading never writes. */
import { join } from "node:path";
import type { Lease as LeaseInfo, RunInfo, RunStatus } from "../../store-format/index.js";
import { statIfExists } from "../fs/index.js";
import { LEASE } from "../store/layout.js";
import { isFresh, type OwnerProbes, systemProbes } from "./judge-owner.js";
import { lastActivity } from "./last-sign.js";
import { inspectLease } from "./lease.js";
import { liveWriters } from "./writer-slot.js";

export interface RunState {
  /** LOST: marked RUNNING, and its owner is proven dead. */
  readonly state: RunStatus | "LOST";
  /** Newest sign of life in milliseconds since 1970; only looked for in runs marked RUNNING. */
  readonly lastSign?: number;
  /** Set when the run is lost or silent: no sign of life since then. */
  readonly since?: number;
  /** Who holds, or held, the lease. */
  readonly lease?: LeaseInfo;
}

/** Costs nothing for a run that is not marked RUNNING. */
export function readRunState(
  location: { readonly directory: string },
  info: Pick<RunInfo, "status">,
  probes: OwnerProbes = systemProbes(),
): RunState {
  if (info.status !== "RUNNING") return { state: info.status };
  if (statIfExists(join(location.directory, LEASE)) === null) return withoutLease(location.directory, probes);
  return withLease(location.directory, probes);
}

function withoutLease(directory: string, probes: OwnerProbes): RunState {
  const lastSign = lastActivity(directory);
  if (lastSign === null) return { state: "RUNNING" };
  return isFresh(lastSign, probes)
    ? { state: "RUNNING", lastSign }
    : { state: "RUNNING", lastSign, since: lastSign };
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
