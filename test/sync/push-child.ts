/**
 * A process that pushes a workspace, and kills itself before one of its file operations. Says `ops <n>` at the end. Argument:
 * a {@link PushTask} as JSON.
 */
import { intercept } from "../../core/fs/index.js";
import { isChanging } from "../helpers/changing-operations.js";
import { pushOnce } from "./push-once.js";

export interface PushTask {
  readonly directory: string;
  readonly url: string;
  /** Counted from 0 over the operations that change something. Absent: it lives. */
  readonly at?: number;
}

const { at, ...task } = JSON.parse(process.argv[2] ?? "") as PushTask;
let operations = 0;
intercept({
  before(operation) {
    if (!isChanging(operation)) return undefined;
    if (operations === at) process.kill(process.pid, "SIGKILL");
    operations += 1;
    return undefined;
  },
});
await pushOnce(task);
console.log(`ops ${operations}`);
