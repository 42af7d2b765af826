/**
 * A process that syncs a workspace with a directory and kills itself at one file operation, of either store. Prints `ops <n>`
 * at the end. Argument: a {@link NativeSyncTask} as JSON.
 */
import { writeSync } from "node:fs";
import { intercept } from "../../core/fs/index.js";
import { openFileStore } from "../../core/index.js";
import type { Direction } from "../../sync/native/plan.js";
import { isChanging } from "./changing-operations.js";
import { directoryPeer } from "./native-peers.js";
import { syncWith } from "./native-sync.js";

export interface NativeSyncTask {
  readonly workspace: string;
  readonly directory: string;
  readonly direction: Direction;
  /** Counted from 0 over the operations that change something. Absent: no crash. */
  readonly at?: number;
}

async function main({ workspace, directory, direction, at }: NativeSyncTask): Promise<void> {
  let operations = 0;
  intercept({
    after(operation) {
      if (!isChanging(operation)) return;
      if (operations === at) process.kill(process.pid, "SIGKILL");
      operations += 1;
    },
  });
  const { context } = openFileStore({ cwd: workspace });
  const report = await syncWith(context, directoryPeer(directory), { direction });
  const failed = report.outcomes.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw failed[0]!.error;
  writeSync(1, `ops ${operations}\n`);
  process.exit(0);
}

await main(JSON.parse(process.argv[2] ?? "") as NativeSyncTask);
