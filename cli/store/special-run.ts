import type { CommandContext } from "../context.js";
import { openRuns } from "./open-runs.js";
import { resolveRun } from "./resolve-runs.js";

/** The id that `@last` or `@best(metric)` stands for. Throws as `resolveRun`. */
export function specialRunId(context: CommandContext, word: string): string {
  return resolveRun(context, openRuns(context), word).runId;
}
