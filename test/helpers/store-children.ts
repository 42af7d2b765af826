/** Operations on a store in processes of their own: many at once, or killed at every step. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ChildResult, ChildTask } from "./store-child.js";

const SCRIPT = fileURLToPath(new URL("./store-child.js", import.meta.url));

/** Runs the tasks at the same moment: all processes are up before the first begins. */
export async function atOnce(tasks: readonly ChildTask[]): Promise<ChildResult[]> {
  const children = tasks.map((task) => start({ ...task, wait: true }));
  await Promise.all(children.map(({ ready }) => ready));
  for (const { process } of children) process.stdin?.end("\n");
  return Promise.all(children.map(({ result }) => result));
}

interface Child {
  readonly process: ChildProcess;
  readonly ready: Promise<void>;
  readonly result: Promise<ChildResult>;
}

function start(task: ChildTask): Child {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  let isReady: () => void;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output.startsWith("ready\n")) isReady();
  });
  const result = once(child, "close").then(([code]) => {
    assert.equal(code, 0, "the child failed");
    return JSON.parse(output.slice("ready\n".length)) as ChildResult;
  });
  return { process: child, ready, result };
}

/**
 * Kills the operation before its first changing system call, then before its second, and so on, each time on a store
 * of its own, and shows `check` what is left; ends when the operation survives. Returns how many calls it made.
 */
export function killedEverywhere(
  prepare: () => Omit<ChildTask, "killBefore">,
  check: (root: string) => void,
): number {
  for (let count = 0; ; count += 1) {
    const task = prepare();
    const child = spawnSync(process.execPath, [SCRIPT, JSON.stringify({ ...task, killBefore: count })], {
      encoding: "utf8",
    });
    if (child.signal !== "SIGKILL") {
      assert.equal(child.status, 0, child.stderr);
      assert.deepEqual(Object.keys(JSON.parse(child.stdout) as object), ["value"], child.stdout);
      check(task.root);
      return count;
    }
    check(task.root);
  }
}
