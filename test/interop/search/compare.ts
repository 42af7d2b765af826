/** Both answers to a query, held against each other. */
import { type Answers, DEVIATIONS, type Deviation } from "./deviations.js";
import { isRefusal, type Query } from "./query.js";

/** Null when they agree: the same ids on the same pages with the same tokens, or an error where there is an error. */
export function differenceOf({ ours, theirs }: Answers): string | null {
  if (isRefusal(ours) && isRefusal(theirs)) return null;
  if (isRefusal(ours)) return `Runstone refuses (${ours.error.message}), MLflow answers`;
  if (isRefusal(theirs))
    return `MLflow refuses (${theirs.error.type}: ${theirs.error.message}), Runstone answers`;
  const [mine, yours] = [ours.pages.flat(), theirs.pages.flat()];
  if (!isDeepEqual([...mine].sort(), [...yours].sort())) return "other ids";
  if (!isDeepEqual(mine, yours)) return "another order";
  if (!isDeepEqual(ours.pages, theirs.pages)) return "other pages";
  return isDeepEqual(ours.tokens, theirs.tokens) ? null : "other page tokens";
}

export function deviationOf(query: Query, answers: Answers): Deviation | undefined {
  return DEVIATIONS.find(({ allows }) => allows(query, answers));
}

function isDeepEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
