/** Words and comparisons that no row passes and that look like something else was meant. */
import { isRunstoneError } from "../../store-format/index.js";
import { type EvaluationContext, evaluateFilter } from "./evaluate-filter.js";
import type { Filter, TestFilter, WordFilter } from "./filter.js";
import { shown } from "./filter-error.js";
import { allRows } from "./rows.js";

/** How many words and comparisons are looked at: each costs an evaluation of its own. */
const MOST = 10;

/** One sentence for each, in the order of the filter, none twice. */
export function fruitlessHints(filter: Filter, context: EvaluationContext): readonly string[] {
  const hints = new Set<string>();
  let looked = 0;
  for (const suspect of suspectsOf(filter)) {
    looked += 1;
    if (looked > MOST) break;
    const found = matchesOne(suspect, context);
    if (found === null) break;
    const hint = found ? null : hintOf(suspect);
    if (hint !== null) hints.add(hint);
  }
  return [...hints];
}

/** Null when that costs more than is left of the work: the filter has its answer, and hints are not worth an error. */
function matchesOne(suspect: TestFilter | WordFilter, context: EvaluationContext): boolean | null {
  try {
    return evaluateFilter(suspect, allRows(context.table.rowCount), context).length > 0;
  } catch (error) {
    if (context.work.isSpent && isRunstoneError(error, "INVALID_PARAMETER_VALUE")) return null;
    throw error;
  }
}

function hintOf(suspect: TestFilter | WordFilter): string | null {
  const advice = suspect.advice?.() ?? null;
  if (suspect.kind === "test") return advice;
  const missing = `the word '${shown(suspect.word)}' is in no name, tag or note`;
  return advice === null ? missing : `${missing}; ${advice}`;
}

function* suspectsOf(filter: Filter): Generator<TestFilter | WordFilter> {
  if (filter.kind === "and" || filter.kind === "or") for (const part of filter.parts) yield* suspectsOf(part);
  else if (filter.kind === "not") yield* suspectsOf(filter.part);
  else if (filter.kind === "word" || (filter.kind === "test" && filter.advice !== undefined)) yield filter;
}
