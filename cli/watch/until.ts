/** The condition of `--until`: a filter over the runs as they are now. */
import type { FollowedRun } from "../../core/follow/followed-run.js";
import { MemoryRunTable } from "../../core/search/memory-run-table.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import { isRunstoneError } from "../../store-format/index.js";

/** Whether a run passes. */
export type Condition = (runs: readonly FollowedRun[], now: number) => boolean;

/** `val_loss < .2` stands for `metrics.val_loss < .2` where no attribute has that name. */
const METRIC = /^\s*([^\s<>=!"'`]+)\s*(<=|>=|<|>|==?|!=)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*$/i;

/** Throws INVALID_PARAMETER_VALUE for a filter that cannot be understood. */
export function parseCondition(text: string): Condition {
  const filter = understood(text);
  return (runs, now) => passes(filter, runs, now);
}

function understood(text: string): string {
  try {
    passes(text, [], 0);
    return text;
  } catch (error) {
    const simple = METRIC.exec(text);
    if (simple === null || !isRunstoneError(error, "INVALID_PARAMETER_VALUE")) throw error;
    const [, key, sign, value] = simple;
    const filter = `metrics.\`${key}\` ${sign === "==" ? "=" : sign} ${Number(value)}`;
    passes(filter, [], 0);
    return filter;
  }
}

function passes(filter: string, runs: readonly FollowedRun[], now: number): boolean {
  const states = new Map(runs.map((run) => [run.runId, run.state as string]));
  const table = new MemoryRunTable(
    runs.map((run) => run.record()),
    { asOf: now, stateOf: ({ runId }) => states.get(runId) ?? "RUNNING" },
  );
  return searchRunTable(table, { filter, dialect: "runstone", view: "all", now }).total > 0;
}
