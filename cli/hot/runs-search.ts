import { implement } from "../command.js";
import { runRuns } from "../commands/runs.run.js";
import { listRuns, RUNS_SUBCOMMANDS } from "../commands/runs-list.js";
import type { Invocation } from "../execute.js";
import type { ParsedLine } from "../parse/parse-plainly.js";
import { runHot } from "./run-hot.js";

/** `runstone runs ...` with a search, without a subcommand */
export function run(invocation: Invocation): Promise<boolean> {
  const command = implement(listRuns, async () => runRuns);
  return runHot(command, invocation.argv.slice(1), invocation, namesNoSubcommand);
}

function namesNoSubcommand({ positionals: [first] }: ParsedLine): boolean {
  return first === undefined || !RUNS_SUBCOMMANDS.includes(first);
}
