import type { RunRecord } from "../../core/search/run-record.js";
import type { CommandContext } from "../context.js";
import { chooseRuns } from "../export/choose-runs.js";
import { pointColumns, pointRows } from "../export/point-rows.js";
import { runRows } from "../export/run-rows.js";
import type { Format } from "../output/formats.js";
import { printRows } from "../output/print-rows.js";
import { ProgressLine } from "../output/progress-line.js";
import { visible } from "../output/visible.js";
import { readFormat } from "../parse/format-options.js";
import { usageError } from "../parse/usage-error.js";
import { readView } from "../parse/view.js";
import type { OpenRuns } from "../store/open-runs.js";
import { openStores } from "../store/open-stores.js";
import type { ExportArguments } from "./export.js";

export async function runExport(context: CommandContext, args: ExportArguments): Promise<void> {
  const format = exportFormat(context, args);
  const opened = await openStores(context, { experiments: args.experiment });
  const runs = await chooseRuns(context, opened, { words: args.runs, view: readView(args.view) });
  if (args.metrics || args.metric.length > 0) return exportPoints(context, opened, { runs, format, args });
  await printRows(context, { ...runRows(runs, opened), format, output: args.output });
}

/** Throws USAGE for the name of a file that asks for a format of people. */
function exportFormat(context: CommandContext, { format, output }: ExportArguments): Format {
  const chosen = readFormat(context, { format, output }, "csv");
  if (chosen === "table" || chosen === "md" || chosen === "latex")
    throw usageError(`export does not write ${chosen}`, "Give --format, or use runstone runs");
  return chosen;
}

interface Points {
  readonly runs: Iterable<RunRecord>;
  readonly format: Format;
  readonly args: ExportArguments;
}

async function exportPoints(
  context: CommandContext,
  opened: OpenRuns,
  { runs, format, args }: Points,
): Promise<void> {
  const progress = new ProgressLine(context, "wrote", "points");
  const onProgress = (points: number): void => progress.show(points);
  const unmatched = new Set(args.metric);
  const onMatch = (glob: string): void => void unmatched.delete(glob);
  const rows = pointRows(opened, { runs, globs: args.metric, onMatch, onProgress });
  await printRows(context, { columns: pointColumns(opened), rows, format, output: args.output });
  progress.clear();
  for (const glob of unmatched)
    context.err.line(`runstone: none of these runs has a metric '${visible(glob)}'`);
}
