import type { RestStore } from "../../sync/rest/index.js";
import type { BestArguments } from "../commands/best.js";
import { runBest as rankRuns } from "../commands/best.run.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import { readView } from "../parse/view.js";
import { isPlainListing } from "../runs/is-plain-listing.js";
import { readLimit } from "../runs/listing-limit.js";
import { runSearch } from "../runs/runs-search.js";
import type { OpenRuns } from "../store/open-runs.js";
import type { OpenStoresOptions } from "../store/open-stores.js";
import { withServer } from "./open-server.js";
import { openNewestRuns, openServerRuns } from "./server-runs.js";

/** A listing of the newest asks for them alone; everything else is searched over all runs. */
export async function runRuns(context: CommandContext, args: RunsArguments): Promise<void> {
  const limit = isPlainListing(args, context) && !args.count ? readLimit(args) : Number.POSITIVE_INFINITY;
  await withServer(context, async (store) => {
    if (limit <= MAX_NEWEST) return listNewest(context, args, { store, limit });
    const openRuns = (options: OpenStoresOptions): Promise<OpenRuns> =>
      openServerRuns(context, store, options);
    await runSearch({ ...context, openRuns }, args);
  });
}

/** What a server gives in one page. */
const MAX_NEWEST = 500;

interface Newest {
  readonly store: RestStore;
  readonly limit: number;
}

async function listNewest(
  context: CommandContext,
  args: RunsArguments,
  { store, limit }: Newest,
): Promise<void> {
  let more = false;
  const openRuns = async ({ experiments = [] }: OpenStoresOptions): Promise<OpenRuns> => {
    const newest = await openNewestRuns(context, store, { experiments, limit, view: readView(args.view) });
    more = newest.more;
    return newest.runs;
  };
  await runSearch({ ...context, openRuns }, args);
  if (more) context.err.line(`the newest ${limit} runs; --all shows all`);
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
