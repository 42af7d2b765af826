/** A process that works with the state of a remote and kills itself at one file operation. Says `ack <n>` for each step. */
import { writeSync } from "node:fs";
import { intercept } from "../../core/fs/index.js";
import { isChanging } from "./changing-operations.js";
import { contextIn, work } from "./remote-state-work.js";

export interface StateCrashTask {
  readonly workspace: string;
  /** Counted from 0 over the operations that change something. Absent: no crash. */
  readonly at?: number;
  readonly when?: "before" | "after" | "inside";
}

const task = JSON.parse(process.argv[2] ?? "") as StateCrashTask;
const context = contextIn(task.workspace);
let operations = 0;
let dieAfter = false;
const die = () => process.kill(process.pid, "SIGKILL");

intercept({
  before(operation) {
    if (!isChanging(operation)) return undefined;
    const hit = operations++ === task.at;
    if (!hit) return undefined;
    if (task.when === "before") die();
    dieAfter = true;
    const length = operation.bytes?.length ?? 0;
    return task.when === "inside" && length > 0 ? { writeAtMost: length >> 1 } : undefined;
  },
  after() {
    if (dieAfter) die();
  },
});
await work(context, (step) => writeSync(1, `ack ${step}\n`));
writeSync(1, `ops ${operations}\n`);
