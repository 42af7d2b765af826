/** Searches over experiments and models: MLflow's dialect is the server's to answer, Runstone's is evaluated here. */
import type { Page, SearchQuery } from "../../core/interfaces.js";
import type { WirePage } from "../../protocol/mlflow/index.js";

export interface EntitySearches<Item, Query extends SearchQuery> {
  there(query: Query): Promise<WirePage<Item>>;
  all(): Promise<readonly Item[]>;
  here(
    items: readonly Item[],
    search: Query & { readonly dialect: "runstone"; readonly now: number },
  ): Promise<Page<Item>>;
}

export async function searchEntities<Item, Query extends SearchQuery>(
  query: Query,
  now: number,
  { there, all, here }: EntitySearches<Item, Query>,
): Promise<Page<Item>> {
  if (query.dialect === "mlflow") return { ...(await there(query)), total: null };
  return here(await all(), { ...query, dialect: "runstone", now });
}
