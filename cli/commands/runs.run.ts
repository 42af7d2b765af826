import type { CommandContext } from "../context.js";
import { isPlainListing } from "../runs/is-plain-listing.js";
import { runNewest } from "../runs/runs-newest.js";
import type { RunsArguments } from "./runs-list.js";

export async function runRuns(context: CommandContext, args: RunsArguments): Promise<void> {
  if (isPlainListing(args, context)) return runNewest(context, args);
  const { runSearch } = await import("../runs/runs-search.js");
  await runSearch(context, args);
}
