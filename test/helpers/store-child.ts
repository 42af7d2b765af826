/** A process that does one operation on a store and may kill itself in the middle. Started by store-children.ts. */
import { readSync } from "node:fs";
import { intercept, type OperationName } from "../../core/fs/index.js";
import * as experiments from "../../core/store/experiments/index.js";
import * as loggedModels from "../../core/store/logged-models/index.js";
import * as registry from "../../core/store/registry/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { contextOf } from "./new-store.js";

export interface ChildTask {
  readonly root: string;
  /** Name of a function whose first argument is the context. */
  readonly operation: string;
  readonly args: readonly unknown[];
  /** SIGKILL just before this changing system call, counted from 0. */
  readonly killBefore?: number;
  /** Say `ready` and wait for a line before doing it. */
  readonly wait?: boolean;
}

export type ChildResult = { readonly value: unknown } | { readonly error: string };

const CHANGING: ReadonlySet<OperationName> = new Set([
  "open",
  "write",
  "truncate",
  "rename",
  "link",
  "unlink",
  "mkdir",
  "rmdir",
  "copy",
  "chmod",
]);

function main(task: ChildTask): void {
  if (task.wait === true) waitForLine();
  if (task.killBefore !== undefined) killBefore(task.killBefore);
  process.stdout.write(`${JSON.stringify(run(task))}\n`);
}

function waitForLine(): void {
  process.stdout.write("ready\n");
  readSync(0, new Uint8Array(1));
}

function killBefore(count: number): void {
  let seen = 0;
  intercept({
    before({ name }) {
      if (!CHANGING.has(name)) return undefined;
      if (seen === count) process.kill(process.pid, "SIGKILL");
      seen += 1;
      return undefined;
    },
  });
}

function run({ root, operation, args }: ChildTask): ChildResult {
  const all: Record<string, unknown> = { ...experiments, ...loggedModels, ...registry };
  const call = all[operation] as (...args: readonly unknown[]) => unknown;
  try {
    return { value: call(contextOf(root, { warn: () => undefined }), ...args) ?? null };
  } catch (error) {
    if (error instanceof RunstoneError) return { error: error.code };
    throw error;
  }
}

main(JSON.parse(process.argv[2] ?? "") as ChildTask);
