import type { BestArguments } from "../commands/best.js";
import { runBest as rankRuns } from "../commands/best.run.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import { runSearch } from "../runs/runs-search.js";
import { withServer } from "./open-server.js";
import { openServerRuns } from "./server-runs.js";

export async function runRuns(context: CommandContext, args: RunsArguments): Promise<void> {
  await withServer(context, (store) =>
    runSearch({ ...context, openRuns: (options) => openServerRuns(context, store, options) }, args),
  );
}

/** By the latest values: others a server does not tell. */
export async function runBest(context: CommandContext, args: BestArguments): Promise<void> {
  if (!args.last)
    context.err.line("runstone: a server tells only the latest values; these are compared, as by --last");
  await withServer(context, (store) =>
    rankRuns(
      { ...context, openRuns: (options) => openServerRuns(context, store, options) },
      { ...args, last: true },
    ),
  );
}
