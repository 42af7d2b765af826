/**
 * A process that pulls into a workspace, and kills itself before one of its file operations. Says `ops <n>` at the end.
 * Argument: a {@link PullTask} as JSON.
 */
import { intercept } from "../../core/fs/index.js";
import { isChanging } from "../helpers/changing-operations.js";
import { pullOnce } from "./pull-once.js";

export interface PullTask {
  readonly directory: string;
  readonly url: string;
  readonly experimentName: string;
  /** Counted from 0 over the operations that change something. Absent: it lives. */
  readonly at?: number;
}

const { at, experimentName, ...task } = JSON.parse(process.argv[2] ?? "") as PullTask;
let operations = 0;
intercept({
  before(operation) {
    if (!isChanging(operation)) return undefined;
    if (operations === at) process.kill(process.pid, "SIGKILL");
    operations += 1;
    return undefined;
  },
});
await pullOnce({ ...task, pull: { jobs: 1, experimentNames: new Set([experimentName]) } });
console.log(`ops ${operations}`);
