import { numberAt, textAt } from "../../core/search/cells.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import type { View } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { expandDashes } from "../run-words.js";
import type { OpenRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";

/**
 * The runs that the words name, in their order; without words those of the view, the newest first. May be gone through
 * again; records that nobody holds are made anew. Throws as `resolveRuns`.
 */
export async function chooseRuns(
  context: CommandContext,
  opened: OpenRuns,
  { words, view }: { readonly words: readonly string[]; readonly view: View },
): Promise<Iterable<RunRecord>> {
  if (words.length > 0) return resolveRuns(context, opened, await expandDashes(words));
  const rows = rowsOfView(opened.table, view);
  return {
    *[Symbol.iterator]() {
      for (const row of rows) yield opened.table.runAt(row);
    },
  };
}

/** Damaged runs, whose start nobody knows, come last. */
function rowsOfView(table: RunTable, view: View): readonly number[] {
  const [stages, starts] = ["lifecycle_stage", "start_time"].map((key) =>
    table.column({ entity: "attribute", key }),
  );
  const start = (row: number): number => numberAt(starts!, row) ?? Number.NEGATIVE_INFINITY;
  return Array.from({ length: table.rowCount }, (_, row) => row)
    .filter((row) => view === "all" || textAt(stages!, row) === view)
    .sort((a, b) => start(b) - start(a) || a - b);
}
