/**
 * A process that syncs a workspace with a directory, or with who serves it, and kills itself at one file operation, of either store. Prints `ops <n>`
 * at the end. Argument: a {@link NativeSyncTask} as JSON.
 */
import { writeSync } from "node:fs";
import { intercept } from "../../core/fs/index.js";
import { openFileStore } from "../../core/index.js";
import type { Direction } from "../../sync/native/plan.js";
import { isChanging } from "./changing-operations.js";
import { startFarEnd } from "./native-far-end.js";
import { directoryPeer } from "./native-peers.js";
import { syncWith } from "./native-sync.js";

export interface NativeSyncTask {
  readonly workspace: string;
  readonly directory: string;
  readonly direction: Direction;
  /** The directory's store is served by a process of its own, over a pipe. */
  readonly overPipe?: boolean;
  /** Counted from 0 over the operations that change something. Absent: no crash. */
  readonly at?: number;
}

async function main({ workspace, directory, direction, overPipe, at }: NativeSyncTask): Promise<void> {
  let operations = 0;
  intercept({
    after(operation) {
      if (!isChanging(operation)) return;
      if (operations === at) process.kill(process.pid, "SIGKILL");
      operations += 1;
    },
  });
  const { context } = openFileStore({ cwd: workspace });
  const far = overPipe === true ? await startFarEnd({ directory }) : null;
  const report = await syncWith(context, far?.peer ?? directoryPeer(directory), { direction });
  await far?.end();
  const failed = report.outcomes.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw failed[0]!.error;
  writeSync(1, `ops ${operations}\n`);
  process.exit(0);
}

await main(JSON.parse(process.argv[2] ?? "") as NativeSyncTask);
