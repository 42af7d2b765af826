/**
 * A process that works at a workload and kills itself at one file operation. Says `ack <n>` for each step that returned,
 * `ops <n>` at the end. Argument: a {@link CrashTask} as JSON.
 */
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { intercept, type Operation } from "../../core/fs/index.js";
import { repair } from "../../core/maintenance/repair.js";
import { openFileStore } from "../../core/store/open-store.js";
import { isChanging } from "./changing-operations.js";
import { Desk, workloadOf } from "./store-workloads.js";

export interface CrashTask {
  readonly workspace: string;
  /** Name of a workload; `null`: repair the store that is there. */
  readonly workload: string | null;
  /** Counted from 0 over the operations that change something. Absent: no crash. */
  readonly at?: number;
  /** `inside`: after a part of a write or copy. */
  readonly when?: "before" | "after" | "inside";
  /** For `inside`: how much of it, 0 to 1. */
  readonly share?: number;
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

let operations = 0;
let armed = false;

function install(task: CrashTask): void {
  let dieAfter = false;
  intercept({
    before(operation) {
      if (!armed || !isChanging(operation)) return undefined;
      const hit = operations === task.at;
      operations += 1;
      if (!hit) return undefined;
      if (task.when === "before") die();
      dieAfter = true;
      return task.when === "inside" ? inside(operation, task.share ?? 0.5) : undefined;
    },
    after() {
      if (dieAfter) die();
    },
  });
}

function inside(operation: Operation, share: number): { writeAtMost: number } | undefined {
  if (operation.name === "write") {
    const length = operation.bytes?.length ?? 0;
    return { writeAtMost: Math.max(Math.min(1, length), Math.floor(length * share)) };
  }
  if (operation.name === "copy" && operation.to !== undefined) {
    const bytes = readFileSync(operation.path);
    writeFileSync(operation.to, bytes.subarray(0, Math.floor(bytes.length * share)));
    die();
  }
  return undefined;
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function main(task: CrashTask): Promise<void> {
  install(task);
  if (task.workload === null) {
    armed = true;
    repair(openFileStore({ cwd: task.workspace }).context);
  } else {
    const workload = workloadOf(task.workload);
    const desk = new Desk(task.workspace);
    await workload.setup(desk);
    for (const [index, step] of workload.steps.entries()) {
      desk.time += 1000;
      armed = true;
      await step.act(desk);
      armed = false;
      say(`ack ${index}`);
    }
  }
  armed = false;
  say(`ops ${operations}`);
  process.exit(0);
}

await main(JSON.parse(process.argv[2] ?? "") as CrashTask);
