import type { GlancedRun } from "../../core/store/read/run-infos.js";
import type { CommandContext } from "../context.js";
import { printJsonArray } from "../output/print-json.js";
import { runRecord } from "../output/records.js";
import { runTable } from "../output/run-table.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { readView } from "../parse/view.js";
import { experimentNames } from "../store/experiment-names.js";
import { findExperimentIds } from "../store/find-experiment.js";
import { type OpenPlace, openPlace } from "../store/open-place.js";
import { glanceAtNewest, readEntry, readFullRun, readShownRun } from "../store/run-entries.js";
import type { RunsArguments } from "./runs-list.js";

const DEFAULT_LIMIT = 20;

export async function runRuns(context: CommandContext, args: RunsArguments): Promise<void> {
  const place = openPlace(context);
  const limit = readLimit(args.limit);
  const experimentIds = findExperimentIds(place, [...args.experiment, ...args["experiment-id"]]);
  const all = glanceAtNewest(place, { experimentIds, view: readView(args.view) });
  const shown = all.slice(0, limit);
  if (args.ids && context.json)
    printJsonArray(
      context,
      shown.map(({ runId }) => runId),
    );
  else if (args.ids) for (const { runId } of shown) context.out.line(visible(runId));
  else if (context.json) printJsonArray(context, records(place, shown));
  else if (shown.length > 0) printTable(context, args, { place, shown, all });
  context.out.flush();
  if (all.length === 0) context.err.line("No runs. Record one with: runstone run -- COMMAND");
  if (shown.length < all.length)
    context.err.line(`${shown.length} of ${all.length} runs; --limit 0 shows all`);
}

/** Read as they are printed: memory stays flat however many runs there are. */
function* records(place: OpenPlace, shown: readonly GlancedRun[]): Generator<object> {
  for (const glanced of shown) {
    const entry = readEntry(place, glanced);
    if (entry === null) continue;
    const { run, state } = readFullRun(place, entry);
    yield runRecord(run, state);
  }
}

interface Listing {
  readonly place: OpenPlace;
  readonly shown: readonly GlancedRun[];
  readonly all: readonly GlancedRun[];
}

function printTable(context: CommandContext, args: RunsArguments, { place, shown, all }: Listing): void {
  const entries = shown.map((glanced) => readEntry(place, glanced)).filter((entry) => entry !== null);
  const rows = entries.map((entry) => readShownRun(place, entry, args.column.length > 0));
  const lines = runTable(rows, {
    columns: args.column,
    experiments: experimentNames(
      place,
      rows.map((row) => row.info.experimentId),
    ),
    allIds: all.map(({ runId }) => runId),
    now: context.now(),
    width: context.width,
    style: context.style,
  });
  for (const line of lines) context.out.line(line);
}

function readLimit(limit: number | bigint | undefined): number {
  if (limit === undefined) return DEFAULT_LIMIT;
  if (limit < 0) throw usageError("--limit must not be negative", "0 shows all");
  return limit === 0 ? Number.POSITIVE_INFINITY : Number(limit);
}
