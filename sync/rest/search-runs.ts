/**
 * Searching runs of a server. MLflow's dialect goes to the server as it is. Runstone's, which the server does not know, is
 * evaluated here over the runs of the experiments asked for.
 */
import type { Page, RunSearchQuery } from "../../core/interfaces.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import type { Run } from "../../store-format/index.js";
import type { MlflowApi } from "./api.js";
import { listExperiments } from "./experiments.js";
import { RemoteRunTable } from "./remote-run-table.js";
import { experimentIdsOf, listRuns, searchPage } from "./runs.js";

export async function searchRuns(api: MlflowApi, query: RunSearchQuery, now: number): Promise<Page<Run>> {
  const own = (query.filter ?? "").trim() !== "" || (query.orderBy ?? []).length > 0;
  if (query.dialect !== "mlflow" && own) return searchHere(api, query, now);
  const experimentIds = query.experimentIds ?? (await experimentIdsOf(api, query.view ?? "active"));
  if (experimentIds.length === 0) return { items: [], total: 0, nextPageToken: null };
  return searchThere(api, { ...query, experimentIds });
}

/** Runstone's dialect has all runs on a page unless it is told otherwise. */
async function searchThere(
  api: MlflowApi,
  query: RunSearchQuery & { readonly experimentIds: readonly string[] },
): Promise<Page<Run>> {
  const { maxResults = query.dialect === "mlflow" ? 1_000 : Number.POSITIVE_INFINITY } = query;
  const items: Run[] = [];
  let pageToken = query.pageToken;
  do {
    const page = await searchPage(api, {
      ...query,
      pageToken,
      maxResults: Math.min(1_000, maxResults - items.length),
    });
    items.push(...page.items);
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined && items.length < maxResults);
  const whole = pageToken === undefined && query.pageToken === undefined;
  return { items, total: whole ? items.length : null, nextPageToken: pageToken ?? null };
}

async function searchHere(api: MlflowApi, query: RunSearchQuery, now: number): Promise<Page<Run>> {
  const { view = "active", experimentIds } = query;
  const experiments = await listExperiments(api, "all");
  const experimentNames = new Map(experiments.map(({ experimentId, name }) => [experimentId, name]));
  const runs: Run[] = [];
  for await (const run of listRuns(api, { view, experimentIds })) runs.push(run);
  const table = new RemoteRunTable(runs, { asOf: now, uri: api.target.origin });
  const found = searchRunTable(table, { ...query, dialect: "runstone", now, experimentNames });
  const items = found.rows.map((row) => runs[row]!);
  return { items, total: found.total, nextPageToken: found.nextPageToken };
}
