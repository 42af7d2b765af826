/**
 * Searching runs of a server. MLflow's dialect goes to the server as it is. Runstone's, which the server does not know, is
 * evaluated here over the runs of the experiments asked for.
 */
import type { Page, RunSearchQuery } from "../../core/interfaces.js";
import { MemoryRunTable } from "../../core/search/memory-run-table.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import type { Column, Field } from "../../core/search/table.js";
import { type Point, type Run, RunstoneError } from "../../store-format/index.js";
import type { MlflowApi } from "./api.js";
import { listExperiments } from "./experiments.js";
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
  const table = new RemoteRunTable(runs, now);
  const found = searchRunTable(table, { ...query, dialect: "runstone", now, experimentNames });
  const items = found.rows.map((row) => runs[row]!);
  return { items, total: found.total, nextPageToken: found.nextPageToken };
}

/** Runs as a server tells them: of a metric it has the latest value only. */
class RemoteRunTable implements RunTable {
  readonly asOf: number;
  readonly #table: MemoryRunTable;

  constructor(runs: readonly Run[], now: number) {
    this.asOf = now;
    this.#table = new MemoryRunTable(runs.map(toRecord), { asOf: now, stateOf: () => "RUNNING" });
  }

  get rowCount(): number {
    return this.#table.rowCount;
  }

  runAt(row: number): RunRecord {
    return this.#table.runAt(row);
  }

  rowOf(runId: string): number | null {
    return this.#table.rowOf(runId);
  }

  keys(entity: "metric" | "param" | "tag"): readonly string[] {
    return this.#table.keys(entity);
  }

  column(field: Field): Column | null {
    if (field.entity !== "metric" || field.aggregate === "last") return this.#table.column(field);
    throw new RunstoneError(
      "UNSUPPORTED",
      `a server tells of the metric ${JSON.stringify(field.key)} only its latest value, not its ${field.aggregate}`,
      {
        hint: "Search the latest value, or fetch the runs first.",
        data: { key: field.key, aggregate: field.aggregate },
      },
    );
  }
}

function toRecord({ info, params, tags, metrics, inputs, outputs, place, orphan }: Run): RunRecord {
  const summaries: Record<string, RunRecord["metrics"][string]> = Object.create(null);
  for (const [key, last] of Object.entries(metrics)) summaries[key] = latestOnly(last);
  return {
    runId: info.runId,
    experimentId: info.experimentId,
    place,
    orphan,
    directory: "",
    info,
    params,
    tags,
    metrics: summaries,
    datasets: inputs.datasetInputs.map(({ dataset, tags: of }) => ({
      name: dataset.name,
      digest: dataset.digest,
      context: of["mlflow.data.context"] ?? null,
    })),
    modelInputs: inputs.modelInputs.map(({ modelId }) => modelId),
    modelOutputs: outputs,
    sealed: false,
    damage: null,
    damageCount: 0,
  };
}

function latestOnly(last: Point): RunRecord["metrics"][string] {
  return { last, min: null, max: null, first: { value: last.value, step: last.step }, count: 0 };
}
