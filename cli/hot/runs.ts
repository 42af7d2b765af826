import { listRuns } from "../commands/runs-list.js";
import type { Invocation } from "../execute.js";
import { runHot } from "./run-hot.js";

/** `runstone runs ...` without a subcommand */
export function run(invocation: Invocation): Promise<boolean> {
  return runHot(listRuns, invocation.argv.slice(1), invocation);
}
