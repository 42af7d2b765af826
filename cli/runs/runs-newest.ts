/** The newest runs, without a search: every meta.yaml is glanced at, and only the runs that are shown are read. */
import type { GlancedRun } from "../../core/store/read/run-infos.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import { printJsonArray } from "../output/print-json.js";
import { printTable } from "../output/print-table.js";
import { readView } from "../parse/view.js";
import { experimentNames } from "../store/experiment-names.js";
import { findExperimentIds } from "../store/find-experiment.js";
import { type OpenPlace, openPlace } from "../store/open-place.js";
import { glanceAtNewest, readListedRun } from "../store/run-entries.js";
import { prefixLength } from "./id-prefix.js";
import { KnownKeys } from "./known-keys.js";
import type { ListedRun } from "./listed-run.js";
import { listingColumns } from "./listing-columns.js";
import { readLimit } from "./listing-limit.js";
import { printIds } from "./print-ids.js";
import { runRecords } from "./run-json.js";
import { tellUnknownColumn } from "./unknown-column.js";

interface Newest {
  readonly place: OpenPlace;
  readonly shown: readonly GlancedRun[];
  readonly all: readonly GlancedRun[];
}

export function runNewest(context: CommandContext, args: RunsArguments): void {
  const place = openPlace(context);
  const experimentIds = findExperimentIds(place, [...args.experiment, ...args["experiment-id"]]);
  const all = glanceAtNewest(place, { experimentIds, view: readView(args.view) });
  if (args.count) return context.out.line(String(all.length));
  const newest = { place, all, shown: all.slice(0, readLimit(args)) };
  print(context, args, newest);
  context.out.flush();
  if (all.length === 0) context.err.line("No runs. Record one with: runstone run -- COMMAND");
  if (newest.shown.length < all.length)
    context.err.line(`${newest.shown.length} of ${all.length} runs; --all shows all`);
}

function print(context: CommandContext, args: RunsArguments, newest: Newest): void {
  const { shown } = newest;
  const ids = shown.map(({ runId }) => runId);
  if (args.ids) return printIds(context, ids);
  if (context.json) return printJsonArray(context, runRecords(listed(newest, true), newest.place));
  if (shown.length > 0) printRuns(context, args, newest);
}

/** Read as they are asked for: memory stays flat however many runs there are. */
function* listed({ place, shown }: Newest, withTags: boolean): Generator<ListedRun> {
  for (const glanced of shown) {
    const run = readListedRun(place, glanced, withTags);
    if (run !== null) yield run;
  }
}

function printRuns(context: CommandContext, args: RunsArguments, newest: Newest): void {
  const runs = [...listed(newest, args.column.length > 0)];
  const experiments = experimentNames(
    newest.place,
    runs.map(({ experimentId }) => experimentId),
  );
  const columns = listingColumns({
    known: new KnownKeys(runs),
    setting: {
      now: context.now(),
      style: context.style,
      idLength: prefixLength(newest.all.map(({ runId }) => runId)),
      experimentName: ({ experimentId }) => experiments.get(experimentId) ?? experimentId,
    },
    format: "table",
    words: args.column,
    onUnknown: tellUnknownColumn(context),
    several: { experiments: experiments.size > 1, stores: false, ranks: false },
  });
  printTable(context, { columns, rows: runs.map((run) => columns.map(({ cell }) => cell(run))) });
}
