import type { RunsArguments } from "../commands/runs-list.js";
import { usageError } from "../parse/usage-error.js";

/** Throws USAGE for options that say nothing together, so that none is ignored. */
export function checkCombination(args: RunsArguments): void {
  if (args.filter !== undefined && args["filter-string"] !== undefined)
    throw usageError("a filter is given twice", "Join the two with `and`.");
  const grouped = args["group-by"].length > 0;
  const refused: readonly (readonly [string, boolean])[] = [
    ["--tree with --group-by", grouped && args.tree],
    ["--ids with --group-by", grouped && args.ids],
    ["--ids with --tree", args.tree && args.ids],
    ["--page-token with --group-by", grouped && args["page-token"] !== undefined],
    ["--page-token with --tree", args.tree && args["page-token"] !== undefined],
    ["--page-token with --all", args.all && args["page-token"] !== undefined],
    ["--stats without --group-by", args.stats && !grouped],
    ["--best without --group-by or --tree", args.best !== undefined && !(grouped || args.tree)],
    ["--ids with --count", args.ids && args.count],
  ];
  const found = refused.find(([, isGiven]) => isGiven);
  if (found !== undefined) throw usageError(`${found[0]} means nothing`);
}
