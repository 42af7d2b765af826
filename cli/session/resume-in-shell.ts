import { takeLease } from "../../core/leases/index.js";
import { mustFindRun } from "../../core/store/read/runs.js";
import type { CommandContext } from "../context.js";
import type { OpenStore } from "../store/open-store.js";
import { ownerOfShell } from "./shell.js";

/** Makes a run RUNNING again, owned by this shell. Throws LEASE_HELD; `force` takes it from an owner that may be alive. */
export async function resumeInShell(
  context: CommandContext,
  { store }: OpenStore,
  runId: string,
  force: boolean,
): Promise<void> {
  const { directory } = mustFindRun(store.context, runId);
  const lease = takeLease(directory, ownerOfShell(context.env), { force });
  try {
    await (await store.resumeRun(runId)).close();
  } catch (error) {
    lease.release();
    throw error;
  }
}
