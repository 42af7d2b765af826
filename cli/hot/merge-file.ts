import { implement } from "../command.js";
import { mergeFileCommand } from "../commands/merge-file.js";
import { runMergeFile } from "../commands/merge-file.run.js";
import type { Invocation } from "../execute.js";
import { runHot } from "./run-hot.js";

/** `runstone merge-file ...`: Git starts it once for each file that both sides changed. */
export function run(invocation: Invocation): Promise<boolean> {
  return runHot(
    implement(mergeFileCommand, async () => runMergeFile),
    invocation.argv.slice(1),
    invocation,
  );
}
