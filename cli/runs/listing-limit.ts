import type { RunsArguments } from "../commands/runs-list.js";
import { usageError } from "../parse/usage-error.js";

const DEFAULT_LIMIT = 20;

/** Infinity for all. Throws USAGE. */
export function readLimit({ limit, all }: Pick<RunsArguments, "limit" | "all">): number {
  if (all) {
    if (limit !== undefined && limit !== 0) throw usageError(`--all contradicts --limit ${limit}`);
    return Number.POSITIVE_INFINITY;
  }
  if (limit === undefined) return DEFAULT_LIMIT;
  if (limit < 0) throw usageError("--limit must not be negative", "0 shows all");
  return limit === 0 ? Number.POSITIVE_INFINITY : Number(limit);
}
