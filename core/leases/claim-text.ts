/** Stand-in until store-format/lease.ts lands. */
import { type Integer, RunstoneError } from "../../store-format/index.js";

export const LEASE_FORMAT = 1;

export interface LeaseInfo {
  readonly format: number;
  readonly token: string;
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  readonly pidStart: string;
  readonly pidNs: string;
  readonly startedTime: Integer;
  readonly command: string;
  readonly owner: "process" | "shell" | "slurm";
  readonly slurmJobId?: string;
  readonly heartbeatMs: number;
}

export function serializeLease(lease: LeaseInfo): string {
  return `${JSON.stringify(lease)}\n`;
}

export function parseLease(bytes: Uint8Array): LeaseInfo {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as LeaseInfo;
  } catch (cause) {
    throw new RunstoneError("DAMAGED", "unreadable lease", { cause });
  }
}

export function assertWritableLease(lease: LeaseInfo): void {
  if (lease.format > LEASE_FORMAT) throw new RunstoneError("FORMAT_TOO_NEW", "lease of a newer format");
}
