/** A listing of runs in any format. */
import type { RunTable } from "../../core/search/run-table.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { type Format, isJson } from "../output/formats.js";
import { printRows } from "../output/print-rows.js";
import type { ColumnSetting } from "./attribute-columns.js";
import { prefixLength } from "./id-prefix.js";
import { KnownKeys, keysOfRows, keysOfTable } from "./known-keys.js";
import type { ListedRun } from "./listed-run.js";
import { listingColumns } from "./listing-columns.js";
import type { Listing } from "./open-listing.js";
import type { RunColumn } from "./run-column.js";
import { runRecords } from "./run-json.js";
import { tellUnknownColumn } from "./unknown-column.js";

export interface ListingToPrint {
  readonly listing: Listing;
  /** Can be gone through several times. */
  readonly runs: Iterable<ListedRun>;
  /** All that match, those that are not shown too. */
  readonly matching: readonly number[];
  readonly format: Format;
}

export async function printListing(
  context: CommandContext,
  args: RunsArguments,
  listed: ListingToPrint,
): Promise<void> {
  const { listing, runs, format } = listed;
  const whole = args.column.length === 0 && isJson(format);
  const columns = whole ? [] : columnsOfListing(context, args, listed);
  if (format === "table" && isEmpty(runs)) return;
  await printRows(context, {
    columns,
    rows: cellsOf(runs, columns),
    format,
    output: args.output,
    ...(whole
      ? {
          records: runRecords(runs, { ...listing, stores: listing.severalStores, ranks: args["join-ranks"] }),
        }
      : {}),
  });
}

export function columnsOfListing(
  context: CommandContext,
  args: RunsArguments,
  { listing, runs, matching, format }: ListingToPrint,
): readonly RunColumn[] {
  const experiments = new Set<string>();
  const known = new KnownKeys(noting(runs, ({ experimentId }) => experiments.add(experimentId)));
  return listingColumns({
    known,
    matching: keysOfRows(listing.table, matching),
    ...(args.column.length === 0 ? {} : { all: keysOfTable(listing.table) }),
    setting: columnSetting(context, listing),
    format,
    words: args.column,
    onUnknown: tellUnknownColumn(context),
    several: {
      experiments: experiments.size > 1,
      stores: listing.severalStores,
      ranks: args["join-ranks"],
    },
  });
}

export function columnSetting(context: CommandContext, listing: Listing): ColumnSetting {
  const { table } = listing;
  let idLength: number | undefined;
  return {
    now: context.now(),
    style: context.style,
    get idLength() {
      idLength ??= shownIdLength(table);
      return idLength;
    },
    experimentName: ({ location }) => listing.experimentNameOf(location) ?? location.experimentId,
  };
}

/** How many characters of an id tell it from every other of the table. */
export function shownIdLength(table: RunTable): number {
  const ids = table.column({ entity: "attribute", key: "run_id" });
  return prefixLength(ids?.kind === "text" ? ids.texts : []);
}

function* noting(runs: Iterable<ListedRun>, note: (run: ListedRun) => void): Generator<ListedRun> {
  for (const run of runs) {
    note(run);
    yield run;
  }
}

export function* cellsOf(
  runs: Iterable<ListedRun>,
  columns: readonly RunColumn[],
): Generator<readonly CellValue[]> {
  for (const run of runs) yield columns.map(({ cell }) => cell(run));
}

function isEmpty(runs: Iterable<ListedRun>): boolean {
  for (const _ of runs) return false;
  return true;
}
