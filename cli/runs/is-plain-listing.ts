/** Which listings need no more than a glance at every run: no search, and nothing of the runs that are not shown. */
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import { isGlob } from "../parse/glob.js";

export type Surroundings = Pick<CommandContext, "stores" | "refresh" | "json">;

export function isPlainListing(args: RunsArguments, { stores, refresh, json }: Surroundings): boolean {
  return (
    args.filter === undefined &&
    args["filter-string"] === undefined &&
    args.format === undefined &&
    args.output === undefined &&
    args["order-by"].length + args["group-by"].length === 0 &&
    !(args.tree || args["join-ranks"]) &&
    args.saved === undefined &&
    args["save-view"] === undefined &&
    args["page-token"] === undefined &&
    args.best === undefined &&
    refresh !== "none" &&
    !(args.stats || (json && args.column.length > 0) || (args.ids && args.count)) &&
    stores.length <= 1 &&
    !stores.some(isGlob) &&
    !args.column.some((word) => AGGREGATE.test(word))
  );
}

/** Only the latest points are read at a glance. */
const AGGREGATE = /\.(min|max|first|count)(,|$)/;
