/** Makes a query that shows a difference smaller, as long as it shows one. */
import { tokensOf } from "./mutate.js";
import type { Query } from "./query.js";

/** Which of the candidates still show the difference: the index of the first, or -1. */
export type StillFails = (candidates: readonly Query[]) => Promise<number>;

const ROUNDS = 60;

export async function shrink(query: Query, stillFails: StillFails): Promise<Query> {
  let smallest = query;
  for (let round = 0; round < ROUNDS; round++) {
    const candidates = smallerOnes(smallest);
    const found = await stillFails(candidates);
    if (found < 0) break;
    smallest = candidates[found] ?? smallest;
  }
  return smallest;
}

/** The boldest first. */
function smallerOnes(query: Query): readonly Query[] {
  return [
    ...simpler(query),
    ...shorterTexts(query.filter).map((filter) => ({ ...query, filter })),
    ...shorterOrders(query),
  ];
}

function simpler(query: Query): readonly Query[] {
  const changes: Partial<Query>[] = [];
  if (query.filter !== "") changes.push({ filter: "" });
  if (query.orderBy.length > 0) changes.push({ orderBy: [] });
  if (query.pageToken !== null) changes.push({ pageToken: null });
  if (query.maxResults !== 1000) changes.push({ maxResults: 1000 });
  if (query.search === "loggedModels" && query.datasets.length > 0) changes.push({ datasets: [] });
  return changes.map((change) => ({ ...query, ...change }) as Query);
}

function shorterTexts(text: string): readonly string[] {
  const clauses = text.split(/\s+AND\s+/i);
  const tokens = tokensOf(text);
  return [
    ...(clauses.length > 1 ? without(clauses).map((rest) => rest.join(" AND ")) : []),
    ...(tokens.length > 1 ? without(tokens).map((rest) => rest.join("")) : []),
  ];
}

function shorterOrders(query: Query): readonly Query[] {
  const fewer = query.orderBy.length > 1 ? without<unknown>(query.orderBy) : [];
  const shorter =
    query.search === "loggedModels"
      ? []
      : query.orderBy.flatMap((clause, index) =>
          shorterTexts(clause).map((text) => query.orderBy.map((one, at) => (at === index ? text : one))),
        );
  return [...fewer, ...shorter].map((orderBy) => ({ ...query, orderBy }) as Query);
}

function without<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.map((_, index) => items.filter((_, at) => at !== index));
}
