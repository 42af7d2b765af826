import { implement } from "../command.js";
import { runRuns } from "../commands/runs.run.js";
import { listRuns } from "../commands/runs-list.js";
import type { Invocation } from "../execute.js";
import { runHot } from "./run-hot.js";

/** `runstone runs ...` without a subcommand */
export function run(invocation: Invocation): Promise<boolean> {
  return runHot(
    implement(listRuns, async () => runRuns),
    invocation.argv.slice(1),
    invocation,
  );
}
