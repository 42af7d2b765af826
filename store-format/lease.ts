import type { Integer } from "./entities.js";
import { RunstoneError } from "./errors.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** The newest format of a lease that this code writes. */
export const LEASE_FORMAT = 1;

export const LEASE_OWNERS = ["process", "shell", "slurm"] as const;
/** Whose end is the end of the claim: a process, the shell around single commands, or a SLURM job. */
export type LeaseOwner = (typeof LEASE_OWNERS)[number];

/** `<run>/lease.yaml`: who is writing this run. Texts that a system does not know are empty. */
export interface Lease {
  readonly format: number;
  /** Random: tells a claim of our own from a later one. */
  readonly token: string;
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  /** Start time of the process as its system tells it (Linux: clock ticks since boot). */
  readonly pidStart: string;
  /** The pid namespace in which `pid` counts. */
  readonly pidNs: string;
  readonly startedTime: Integer;
  readonly command: string;
  readonly owner: LeaseOwner;
  readonly slurmJobId?: string;
  /** How often the heartbeat renews the lease's modification time. */
  readonly heartbeatMs: number;
}

const WHAT = "lease";

/** Throws DAMAGED: unreadable, no token, pid or format. A newer format is read as far as it can be. */
export function parseLease(bytes: Uint8Array, options: ParseOptions = {}): Lease {
  const fields = MetaFields.parse(bytes, WHAT, options);
  const slurmJobId = fields.string("slurm_job_id");
  const owner = fields.string("owner");
  return {
    format: Number(fields.requiredInteger("runstone_lease")),
    token: fields.requiredString("token"),
    host: fields.string("host") ?? "",
    bootId: fields.string("boot_id") ?? "",
    pid: Number(fields.requiredInteger("pid")),
    pidStart: fields.string("pid_start") ?? "",
    pidNs: fields.string("pid_ns") ?? "",
    startedTime: fields.integer("started_time") ?? 0,
    command: fields.string("command") ?? "",
    owner: LEASE_OWNERS.find((known) => known === owner) ?? "process",
    ...(slurmJobId === null ? {} : { slurmJobId }),
    heartbeatMs: Number(fields.integer("heartbeat_ms") ?? 0),
  };
}

export function serializeLease(lease: Lease): string {
  return serializeYamlMap({
    runstone_lease: lease.format,
    token: lease.token,
    host: lease.host,
    boot_id: lease.bootId,
    pid: lease.pid,
    pid_start: lease.pidStart,
    pid_ns: lease.pidNs,
    started_time: lease.startedTime,
    command: lease.command,
    owner: lease.owner,
    slurm_job_id: lease.slurmJobId,
    heartbeat_ms: lease.heartbeatMs,
  });
}

/** Throws FORMAT_TOO_NEW when a newer release holds the lease. */
export function assertWritableLease(lease: Pick<Lease, "format">): void {
  if (lease.format <= LEASE_FORMAT) return;
  throw new RunstoneError(
    "FORMAT_TOO_NEW",
    `The lease has format ${lease.format}; this release knows format ${LEASE_FORMAT}`,
    {
      hint: "Upgrade runstone to write to this run.",
      data: { found: lease.format, expected: LEASE_FORMAT },
    },
  );
}
