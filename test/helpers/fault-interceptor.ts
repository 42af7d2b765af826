/** Makes the n-th file operation of this process fail, once or from then on. */

import { type Interceptor, intercept, type Operation } from "../../core/fs/index.js";
import { Desk } from "./store-workloads.js";

export interface Fault {
  /** Counted from 0 over all operations that `counts` accepts. */
  readonly at: number;
  /** An errno name; `short 0`, `short 1` and `short half`: a write takes only so much. */
  readonly error: string;
  /** Fails once, or every time from `at` on. */
  readonly lasting: boolean;
}

const SYSCALLS: Readonly<Record<string, string>> = { fsyncdir: "fsync", copy: "copyfile", stat: "lstat" };

/** Node's own error for an errno. */
export function errnoError(code: string, operation: Operation): Error {
  const syscall = SYSCALLS[operation.name] ?? operation.name;
  const path = operation.name === "write" || operation.name === "fsync" ? "" : ` '${operation.path}'`;
  return Object.assign(new Error(`${code}: injected, ${syscall}${path}`), { code, syscall });
}

export interface Injection {
  /** Operations seen. */
  readonly count: () => number;
  /** The operation that failed first. */
  readonly hit: () => Operation | null;
}

/** Injects until {@link intercept} is given something else. `null`: counts only. */
export function inject(
  fault: Fault | null,
  isCounted: (operation: Operation) => boolean = () => true,
): Injection {
  let count = 0;
  let hit: Operation | null = null;
  const interceptor: Interceptor = {
    before(operation) {
      if (Desk.isLooking || !isCounted(operation)) return undefined;
      const n = count;
      count += 1;
      if (fault === null || n < fault.at || (n > fault.at && !fault.lasting)) return undefined;
      hit ??= operation;
      return strike(fault.error, operation);
    },
  };
  intercept(interceptor);
  return { count: () => count, hit: () => hit };
}

function strike(error: string, operation: Operation): { writeAtMost: number } | undefined {
  if (!error.startsWith("short")) throw errnoError(error, operation);
  if (operation.name !== "write") return undefined;
  const length = operation.bytes?.length ?? 0;
  const most = { "short 0": 0, "short 1": 1, "short half": length >> 1 }[error];
  return { writeAtMost: most ?? length };
}
