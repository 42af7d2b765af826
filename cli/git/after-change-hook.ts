/** After Git changed the work tree: what it dropped is made again, what a merge left is put right. */
import { checkMerge } from "../../core/git/check-merge.js";
import type { HookName } from "../../core/git/hooks/index.js";
import { openRepository } from "../../core/git/repository.js";
import { type RepairReport, restoreDirectories } from "../../core/maintenance/repair.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import type { StoreRuns } from "../store/open-runs.js";
import { openHookStore } from "./hook-store.js";

/** Of a checkout Git tells the two commits, and 0 where only files were checked out. Throws nothing that is to stop Git. */
export async function afterChange(
  context: CommandContext,
  name: HookName,
  args: readonly string[],
): Promise<void> {
  if (name === "post-checkout" && args[2] === "0") return;
  try {
    const opened = openHookStore(context);
    if (opened === null) return;
    tell(context, restoreDirectories(opened.place.context));
    if (name === "post-merge") tell(context, await mergeChecked(context, opened));
    // The table is read now, after the repair: that brings the index up to date.
    opened.table.rowOf("");
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    context.err.line(`runstone: ${visible(error.message)}`);
  }
}

async function mergeChecked({ env }: CommandContext, { place }: StoreRuns): Promise<RepairReport> {
  const repository = await openRepository({ cwd: place.context.root, env });
  return checkMerge({ repository, context: place.context });
}

function tell({ err }: CommandContext, { actions, failures }: RepairReport): void {
  const made = actions.filter(({ done }) => done === "made again").length;
  if (made > 0)
    err.line(`runstone: made ${made} empty ${made === 1 ? "directory" : "directories"} of runs again`);
  for (const { path, done } of actions)
    if (done !== "made again") err.line(`runstone: ${visible(path)}: ${visible(done)}`);
  for (const { path, reason } of failures) err.line(`runstone: ${visible(path)}: ${visible(reason)}`);
}
