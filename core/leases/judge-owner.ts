/** Is the owner of a claim alive? Dead only when proven; a silence proves nothing. */
import { uptime } from "node:os";
import type { Lease as LeaseInfo } from "../../store-format/index.js";
import {
  currentHost,
  type HostIdentity,
  isSameProcessAlive,
  type ProcessIdentity,
} from "../capture/process-identity.js";
import { slurmJobEnded } from "./slurm-job.js";

/** `silent`: not proven dead, and no sign of life for {@link FRESH_MS}. */
export type Verdict = "alive" | "dead" | "silent";

/** A sign of life this young (ms) counts as alive. */
export const FRESH_MS = 60_000;

/** What a judgement looks at, apart from the claim itself. */
export interface OwnerProbes {
  readonly here: HostIdentity;
  /** When this host booted, in milliseconds since 1970. */
  readonly bootTime: number;
  now(): number;
  isProcessAlive(identity: ProcessIdentity): boolean;
  /** True: the SLURM job ended. False: it is there. Null: cannot tell (no `squeue`, timeout). Must not throw. */
  slurmJobEnded?(jobId: string, host: string): boolean | null;
}

let ownHost: HostIdentity | undefined;

/** Probes of this host. */
export function systemProbes(more: Partial<OwnerProbes> = {}): OwnerProbes {
  ownHost ??= currentHost();
  return {
    here: ownHost,
    bootTime: Date.now() - uptime() * 1000,
    now: Date.now,
    isProcessAlive: isSameProcessAlive,
    slurmJobEnded,
    ...more,
  };
}

/** `lastSign`: the newest sign of life of the claim in milliseconds since 1970 (see {@link lastSignOf}). */
export function judgeOwner(claim: LeaseInfo, lastSign: number, probes: OwnerProbes): Verdict {
  if (isSlurmJobOver(claim, probes)) return "dead";
  const here = probes.here;
  if (claim.host === here.host) {
    if (claim.bootId !== (here.bootId ?? ""))
      return wasBefore(lastSign, probes) ? "dead" : bySign(lastSign, probes);
    if (claim.pidNs === (here.pidNs ?? "")) return judgeProcess(claim, probes);
  }
  return bySign(lastSign, probes);
}

/** Whether a sign is too young, or too far in the future, to call its giver silent. */
export function isFresh(lastSign: number, probes: OwnerProbes): boolean {
  return Math.abs(probes.now() - lastSign) <= FRESH_MS;
}

function bySign(lastSign: number, probes: OwnerProbes): Verdict {
  return isFresh(lastSign, probes) ? "alive" : "silent";
}

function isSlurmJobOver(claim: LeaseInfo, probes: OwnerProbes): boolean {
  return claim.slurmJobId !== undefined && probes.slurmJobEnded?.(claim.slurmJobId, claim.host) === true;
}

/** A job outlives the process that took its lease; every other owner is that process. */
function judgeProcess(claim: LeaseInfo, probes: OwnerProbes): Verdict {
  if (probes.isProcessAlive({ pid: claim.pid, start: claim.pidStart || null })) return "alive";
  if (claim.owner !== "slurm") return "dead";
  return probes.slurmJobEnded?.(claim.slurmJobId ?? "", claim.host) === false ? "alive" : "silent";
}

/**
 * Another boot of a host of that name is a reboot of this one only if all signs are older than our boot: two machines
 * that share a name (cloned images, containers) and a disk must not bury each other's runs.
 */
function wasBefore(lastSign: number, probes: OwnerProbes): boolean {
  return probes.here.bootId !== null && lastSign < probes.bootTime;
}
