/** `runstone runs` with a filter, an order, groups, trees, several stores: over the table of runs. */
import { textAt } from "../../core/search/cells.js";
import { JobTable } from "../../core/search/job-table.js";
import { type Job, joinRanks } from "../../core/search/join-ranks.js";
import { parsePageToken, serializePageToken } from "../../core/search/page-token.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import { isForPeople, isJson } from "../output/formats.js";
import { visible } from "../output/visible.js";
import { readFormat } from "../parse/format-options.js";
import { readView } from "../parse/view.js";
import { tellAgeAtEnd } from "../store/table-age.js";
import { checkCombination } from "./check-combination.js";
import { HeldDamages } from "./held-damages.js";
import type { ListedRun } from "./listed-run.js";
import { readLimit } from "./listing-limit.js";
import { type Listing, openListing } from "./open-listing.js";
import { orderClauses } from "./order-words.js";
import { printGroups } from "./print-groups.js";
import { printIds } from "./print-ids.js";
import { printListing } from "./print-listing.js";
import { printTree } from "./print-tree.js";
import { saveView, withSavedView } from "./saved-view.js";
import { type Footer, tellFooter } from "./search-footer.js";

/** The rows that match, and with joined ranks the other rows of each one's job. */
export interface FoundRows {
  /** In order; all of them, or as many as are shown. */
  readonly rows: readonly number[];
  readonly othersOf: ReadonlyMap<number, readonly number[]>;
}

export async function runSearch(context: CommandContext, given: RunsArguments): Promise<void> {
  const args = withSavedView(context, given);
  checkCombination(args);
  const damages = filterOf(args) === undefined ? undefined : new HeldDamages(context);
  const listing = await openListing(context, {
    experiments: [...args.experiment, ...args["experiment-id"]],
    ...(damages === undefined ? {} : { onDamage: damages.add }),
  });
  const found = findRows(context, args, listing);
  damages?.release(idsOf(listing, found));
  saveView(context, args);
  if (args.count) {
    tellAgeAtEnd(context, listing.table);
    return context.out.line(String(found.total));
  }
  const footer = await print(context, args, withJobs(listing, found.jobs), found);
  context.out.flush();
  if (footer !== null) tellFooter(context, args, listing, footer);
}

function filterOf(args: RunsArguments): string | undefined {
  return args.filter ?? args["filter-string"];
}

/** Of the runs that are shown, and of the other ranks of their jobs. */
function idsOf({ table }: Listing, { rows, othersOf }: FoundRows): ReadonlySet<string> {
  const ids = table.column({ entity: "attribute", key: "run_id" });
  const all = rows.flatMap((row) => [row, ...(othersOf.get(row) ?? [])]);
  return new Set(all.map((row) => textAt(ids, row) ?? ""));
}

/** Groups and trees compare jobs, not their lowest ranks. */
function withJobs(listing: Listing, jobs: readonly Job[]): Listing {
  return jobs.length === 0 ? listing : { ...listing, table: new JobTable(listing.table, jobs) };
}

interface AllFound extends FoundRows {
  readonly total: number;
  /** Of joined ranks; else empty. */
  readonly jobs: readonly Job[];
}

function findRows(context: CommandContext, args: RunsArguments, listing: Listing): AllFound {
  const ordersRuns = args["group-by"].length === 0;
  const { rows, total, hints } = searchRunTable(listing.table, {
    filter: filterOf(args),
    dialect: "runstone",
    orderBy: ordersRuns ? orderClauses(args["order-by"], listing.table) : [],
    view: readView(args.view),
    experimentNames: listing.experimentNames,
    maxResults: rowsWanted(context, args),
    now: context.now(),
  });
  for (const hint of hints) context.err.line(`runstone: ${visible(hint)}`);
  if (!args["join-ranks"]) return { rows, total, jobs: [], othersOf: new Map() };
  const jobs = joinRanks(listing.table, rows);
  return {
    total: jobs.length,
    jobs,
    rows: jobs.map(({ row }) => row),
    othersOf: new Map(jobs.map(({ row, others }) => [row, others])),
  };
}

/** How many rows must be found in order: a page is found faster than all. Undefined for all. */
function rowsWanted(context: CommandContext, args: RunsArguments): number | undefined {
  if (!args.count && hasColumnsOfAll(context, args)) return undefined;
  if (args["join-ranks"] || args.tree || args["group-by"].length > 0) return undefined;
  return args.count ? 1 : parsePageToken(args["page-token"]) + readLimit(args);
}

/** For programs, the columns do not depend on the page; JSON has none. */
function hasColumnsOfAll(context: CommandContext, args: RunsArguments): boolean {
  const format = readFormat(context, args);
  return args.column.length === 0 && !args.ids && !isForPeople(format) && !isJson(format);
}

/** Null when nothing is to be said below. */
async function print(
  context: CommandContext,
  args: RunsArguments,
  listing: Listing,
  found: AllFound,
): Promise<Footer | null> {
  if (args["group-by"].length > 0) return printGroups(context, args, { listing, ...found });
  if (args.tree) return printTree(context, args, { listing, ...found });
  const start = parsePageToken(args["page-token"]);
  const shown = found.rows.slice(start, start + readLimit(args));
  const end = start + shown.length;
  const runs = new ShownRuns(listing, { rows: shown, othersOf: found.othersOf });
  if (args.ids)
    printIds(
      context,
      Array.from(shown, (row) => listing.table.runAt(row).runId),
    );
  else
    await printListing(context, args, {
      listing,
      runs,
      matching: found.rows,
      format: readFormat(context, args),
    });
  return {
    what: args["join-ranks"] ? "jobs" : "runs",
    shown: shown.length,
    total: found.total,
    nextPageToken: end < found.total && shown.length > 0 ? serializePageToken(end) : null,
  };
}

/** Made when they are asked for, each time anew: memory stays flat however many runs there are. */
export class ShownRuns implements Iterable<ListedRun> {
  readonly #listing: Listing;
  readonly #found: FoundRows;

  constructor(listing: Listing, found: FoundRows) {
    this.#listing = listing;
    this.#found = found;
  }

  get count(): number {
    return this.#found.rows.length;
  }

  *[Symbol.iterator](): Generator<ListedRun> {
    for (const row of this.#found.rows) yield runOfRow(this.#listing, this.#found, row);
  }
}

/** The run of a row; with joined ranks it has what only other ranks logged, too. */
export function runOfRow(listing: Listing, { othersOf }: FoundRows, row: number): ListedRun {
  const run = listing.runAt(row);
  const others = (othersOf.get(row) ?? []).map((other) => listing.runAt(other));
  if (others.length === 0) return run;
  const all = [run, ...others];
  return {
    ...run,
    params: Object.assign(Object.create(null), ...all.map(({ params }) => params).reverse()),
    tags: Object.assign(Object.create(null), ...all.map(({ tags }) => tags).reverse()),
    metrics: Object.assign(Object.create(null), ...all.map(({ metrics }) => metrics).reverse()),
    aggregate: (key, aggregate) =>
      (all.find(({ metrics }) => key in metrics) ?? run).aggregate(key, aggregate),
    ranks: all,
  };
}
