import { readdirSync, readFileSync } from "node:fs";

/** What a process and all its descendants use. */
export interface ProcessTreeUse {
  /** CPU time in clock ticks by process, told apart by start time. */
  readonly ticks: ReadonlyMap<string, number>;
  /** Resident memory in bytes; pages that processes share count for each. */
  readonly residentBytes: number;
}

/** Linux gives user space 100 ticks a second on every platform that Node runs on. */
export const TICKS_PER_SECOND = 100;

/** A tree with more processes is counted up to here. */
const MAX_PROCESSES = 4096;

/** Reads `/proc`; null when the process is gone or there is no `/proc`. */
export function readProcessTree(pid: number): ProcessTreeUse | null {
  const ticks = new Map<string, number>();
  let residentBytes = 0;
  const queue = [pid];
  for (const next of queue) {
    const use = readProcess(next);
    if (use === null) continue;
    ticks.set(`${next}:${use.start}`, use.ticks);
    residentBytes += use.residentBytes;
    if (queue.length < MAX_PROCESSES) queue.push(...childrenOf(next));
  }
  return ticks.size === 0 ? null : { ticks, residentBytes };
}

interface ProcessUse {
  readonly start: string;
  readonly ticks: number;
  readonly residentBytes: number;
}

/** proc(5): fields 14 and 15 of `stat` are user and system time, 22 the start; `VmRSS` of `status` is in KiB. */
function readProcess(pid: number): ProcessUse | null {
  const stat = readText(`/proc/${pid}/stat`);
  const status = readText(`/proc/${pid}/status`);
  if (stat === null || status === null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const resident = Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0);
  return {
    start: fields[19] ?? "",
    ticks: Number(fields[11]) + Number(fields[12]),
    residentBytes: resident * 1024,
  };
}

/** Each thread names the children it started. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const text = readText(`/proc/${pid}/task/${thread}/children`)?.trim();
      return text ? text.split(" ").map(Number) : [];
    });
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
