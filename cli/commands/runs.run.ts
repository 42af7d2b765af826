import type { CommandContext } from "../context.js";
import { printJsonArray } from "../output/print-json.js";
import { runRecord } from "../output/records.js";
import { runTable } from "../output/run-table.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { readView } from "../parse/view.js";
import { findExperimentIds } from "../store/find-experiment.js";
import { openPlace } from "../store/open-place.js";
import { listRunEntries, type RunEntry, readShownRun, type ShownRun } from "../store/run-entries.js";
import type { RunsArguments } from "./runs-list.js";

const DEFAULT_LIMIT = 50;

export async function runRuns(context: CommandContext, args: RunsArguments): Promise<void> {
  const opened = openPlace(context);
  const limit = readLimit(args.limit);
  const experimentIds = await findExperimentIds(opened, [...args.experiment, ...args["experiment-id"]]);
  const entries = listRunEntries(opened, { experimentIds, view: readView(args.view) });
  const shown = entries.slice(0, limit);
  if (args.ids) for (const { info } of shown) context.out.line(visible(info.runId));
  else if (context.json)
    printJsonArray(
      context,
      records(shown, (entry) => readShownRun(opened, entry)),
    );
  else
    printTable(
      context,
      args,
      shown.map((entry) => readShownRun(opened, entry)),
      entries,
    );
  context.out.flush();
  if (entries.length === 0) context.err.line("No runs. Record one with: runstone run -- COMMAND");
  if (shown.length < entries.length)
    context.err.line(`${shown.length} of ${entries.length} runs; --limit 0 shows all`);
}

/** Read as they are printed: memory stays flat however many runs there are. */
function* records(entries: readonly RunEntry[], read: (entry: RunEntry) => ShownRun): Generator<object> {
  for (const entry of entries) {
    const { run, state } = read(entry);
    yield runRecord(run, state);
  }
}

function printTable(
  context: CommandContext,
  args: RunsArguments,
  shown: readonly ShownRun[],
  all: readonly RunEntry[],
): void {
  const lines = runTable(shown, {
    columns: args.column,
    allIds: all.map(({ info }) => info.runId),
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
