/** What two answers differ in, with what the store holds there. */
import type { Answers } from "./deviations.js";
import { type Answer, isRefusal } from "./query.js";
import type { SearchStore } from "./store.js";

const SHOWN = 6;

export function explain(store: SearchStore, { ours, theirs }: Answers): readonly string[] {
  if (isRefusal(ours) || isRefusal(theirs)) return [`MLflow: ${brief(theirs)}`, `Runstone: ${brief(ours)}`];
  const [mine, yours] = [ours.pages.flat(), theirs.pages.flat()];
  const differing = mine.findIndex((id, index) => id !== yours[index]);
  const from = Math.max(0, differing - 1);
  return [
    ...told("only MLflow finds", without(yours, mine), store),
    ...told("only Runstone finds", without(mine, yours), store),
    `MLflow, from result ${from}: ${yours.slice(from, from + SHOWN)}`,
    `Runstone, from result ${from}: ${mine.slice(from, from + SHOWN)}`,
    ...told("there, in the store", [yours[differing], mine[differing]], store),
    `page sizes: MLflow ${sizes(theirs.pages)}, Runstone ${sizes(ours.pages)}`,
    `tokens: MLflow ${theirs.tokens}, Runstone ${ours.tokens}`,
  ];
}

function told(what: string, ids: readonly (string | undefined)[], store: SearchStore): readonly string[] {
  return ids.slice(0, SHOWN).map((id) => `${what} ${id}: ${JSON.stringify(planned(store, id ?? ""))}`);
}

function planned({ plan, runIds, experimentIds, loggedModelIds }: SearchStore, id: string): unknown {
  return (
    plan.runs[runIds.indexOf(id)] ??
    plan.experiments[experimentIds.indexOf(id) - 1] ??
    plan.loggedModels[loggedModelIds.indexOf(id)] ??
    plan.models.find(({ name }) => name === id.split("/")[0])
  );
}

function without(ids: readonly string[], others: readonly string[]): readonly string[] {
  return ids.filter((id) => !others.includes(id));
}

function sizes(pages: readonly (readonly string[])[]): string {
  return pages.map((page) => page.length).join("+");
}

function brief(answer: Answer): string {
  return isRefusal(answer) ? JSON.stringify(answer.error) : `${answer.pages.flat().length} results`;
}
