/** Who holds a lease or a writer slot: a process, a person's shell, or a SLURM job. */
import { LEASE_FORMAT, type Lease as LeaseInfo } from "../../store-format/index.js";
import {
  currentHost,
  type HostIdentity,
  type ProcessIdentity,
  processIdentity,
} from "../capture/process-identity.js";
import { randomHex } from "../fs/index.js";

/**
 * `process`: the process itself beats and lives as long as the run. `shell`: the parent of `runstone start`, no heartbeat.
 * `slurm`: a job; its processes may change, the job id stays.
 */
export interface LeaseOwner {
  readonly kind: "process" | "shell" | "slurm";
  readonly host: HostIdentity;
  readonly process: ProcessIdentity;
  /** The command line, as it may be shown; the caller redacts secrets first. */
  readonly command: string;
  readonly slurmJobId: string | null;
}

/** This process. Reads `/proc` once; keep the result. */
export function processOwner(command: string, slurmJobId: string | null = null): LeaseOwner {
  return { kind: "process", host: currentHost(), process: processIdentity(process.pid), command, slurmJobId };
}

/** The shell (or script) that called a short-lived command; usually `process.ppid`. */
export function shellOwner(pid: number, command: string): LeaseOwner {
  return { kind: "shell", host: currentHost(), process: processIdentity(pid), command, slurmJobId: null };
}

/** A SLURM job, `pid` being one process of it on this host. */
export function slurmOwner(jobId: string, pid: number, command: string): LeaseOwner {
  return { kind: "slurm", host: currentHost(), process: processIdentity(pid), command, slurmJobId: jobId };
}

/** A longer command line is cut off in a claim. */
const MAX_COMMAND = 4096;

/** A new claim of this owner, with a token that no other claim has; `heartbeatMs` 0 means that it has no heartbeat. */
export function newClaim(owner: LeaseOwner, startedTime: number, heartbeatMs = 0): LeaseInfo {
  return {
    format: LEASE_FORMAT,
    token: randomHex(16),
    host: owner.host.host,
    bootId: owner.host.bootId ?? "",
    pid: owner.process.pid,
    pidStart: owner.process.start ?? "",
    pidNs: owner.host.pidNs ?? "",
    startedTime,
    command: owner.command.slice(0, MAX_COMMAND),
    owner: owner.kind,
    ...(owner.slurmJobId === null ? {} : { slurmJobId: owner.slurmJobId }),
    heartbeatMs,
  };
}

/** Whether a claim was made by this very process, shell or job. */
export function isOwnClaim(claim: LeaseInfo, owner: LeaseOwner): boolean {
  if (claim.owner !== owner.kind) return false;
  if (owner.kind === "slurm") return claim.slurmJobId === (owner.slurmJobId ?? undefined);
  return (
    claim.host === owner.host.host &&
    claim.bootId === (owner.host.bootId ?? "") &&
    claim.pidNs === (owner.host.pidNs ?? "") &&
    claim.pid === owner.process.pid &&
    claim.pidStart === (owner.process.start ?? "")
  );
}
