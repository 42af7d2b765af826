import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, told apart from a later one that was given the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, as text; null where the system does not tell (no /proc). */
  readonly start: string | null;
}

/** Where pids of this process have a meaning: two hosts with all three equal share one pid table. */
export interface HostIdentity {
  readonly host: string;
  /** Changes with every boot; null where unknown. Containers on one machine share it. */
  readonly bootId: string | null;
  /** The pid namespace, as `pid:[4026531836]`; null where unknown. */
  readonly pidNs: string | null;
}

interface ProcessStat {
  readonly state: string;
  readonly threads: number;
  readonly start: string;
}

/** The identity of a process of this host; `start` is null when it is gone or hidden. */
export function processIdentity(pid: number): ProcessIdentity {
  return { pid, start: processStartTime(pid) };
}

/** Start time of a process (field 22 of `/proc/<pid>/stat`); null when it is gone, hidden or not Linux. */
export function processStartTime(pid: number): string | null {
  return readProcessStat(pid)?.start ?? null;
}

export function currentHost(): HostIdentity {
  return { host: hostName(), bootId: bootId(), pidNs: pidNamespace() };
}

export function hostName(): string {
  return hostname();
}

export function bootId(): string | null {
  return readSoft("/proc/sys/kernel/random/boot_id")?.trim() || null;
}

export function pidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

/** Whether some process of this pid exists and still runs; a zombie does not. */
export function isProcessAlive(pid: number): boolean {
  return isSameProcessAlive({ pid, start: null });
}

/**
 * False only when it is proven that the process is gone: the pid is free, is a zombie, or belongs to a process that
 * started at another time. A start time that cannot be read (hidepid, no /proc) proves nothing.
 */
export function isSameProcessAlive(identity: ProcessIdentity): boolean {
  if (!pidExists(identity.pid)) return false;
  const stat = readProcessStat(identity.pid);
  if (stat === null) return true;
  if (isGone(stat)) return false;
  return identity.start === null || stat.start === identity.start;
}

/** A dead leader stays visible as `Z` while other threads of its process still run: that is not the end. */
function isGone(stat: ProcessStat): boolean {
  return (stat.state === "Z" && stat.threads <= 1) || stat.state === "X" || stat.state === "x";
}

function pidExists(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function readProcessStat(pid: number): ProcessStat | null {
  const text = readSoft(`/proc/${pid}/stat`);
  return text === null ? null : parseProcessStat(text);
}

/** proc(5): the command name is in parentheses and may itself hold blanks and parentheses. */
function parseProcessStat(text: string): ProcessStat | null {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, threads, start] = [fields[0], Number(fields[17]), fields[19]];
  return state && start ? { state, threads, start } : null;
}

function readSoft(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
