import type { NewRun, RunChange } from "../../core/interfaces.js";
import {
  createRunRequest,
  MAX_RUN_RESULTS,
  parsePage,
  parseRun,
  parseRunInfo,
  type SearchRunsFields,
  searchRunsRequest,
  updateRunRequest,
  type WirePage,
} from "../../protocol/mlflow/index.js";
import {
  type Run,
  type RunInfo,
  RunstoneError,
  type StringMap,
  type View,
} from "../../store-format/index.js";
import type { MlflowApi } from "./api.js";
import { getExperiment, listExperiments } from "./experiments.js";
import { sendBatch } from "./points.js";
import { quoteText } from "./quote.js";

/** Of one page while listing: large enough to be quick, small enough to stay flat. */
export const LIST_PAGE = 1_000;
const PARENT = "mlflow.parentRunId";
const RUN_KEY = "runstone.runKey";

/**
 * The server makes the id. Not repeatable: an error with `data.ambiguous` may have left a run behind. Rejects
 * RESOURCE_DOES_NOT_EXIST (experiment, parent), INVALID_STATE (deleted experiment), RESOURCE_ALREADY_EXISTS (run key).
 */
export async function createRun(api: MlflowApi, spec: NewRun, now: number): Promise<Run> {
  const tags: Record<string, string> = Object.assign(Object.create(null), spec.tags);
  if (spec.parentRunId !== undefined) tags[PARENT] = (await getRun(api, spec.parentRunId)).info.runId;
  if (spec.runKey !== undefined) await claimRunKey(api, spec, tags);
  await assertActive(api, spec.experimentId);
  const { experimentId, userId, runName, startTime = now } = spec;
  const body = createRunRequest({ experimentId, userId, runName, startTime, tags });
  const answer = await api.call("createRun", { body, repeatable: false });
  const run = parseRun(answer.requiredNested("run"));
  if (Object.keys(spec.params ?? {}).length === 0) return run;
  await sendBatch(api, run.info.runId, { params: spec.params });
  return getRun(api, run.info.runId);
}

async function assertActive(api: MlflowApi, experimentId: string): Promise<void> {
  const { lifecycleStage, name } = await getExperiment(api, experimentId);
  if (lifecycleStage === "active") return;
  throw new RunstoneError("INVALID_STATE", `experiment ${JSON.stringify(name)} is deleted`, {
    hint: "Restore it first.",
    data: { experimentId },
  });
}

async function claimRunKey(api: MlflowApi, spec: NewRun, tags: Record<string, string>): Promise<void> {
  const runKey = spec.runKey ?? "";
  const runId = await findRunByKey(api, spec.experimentId, runKey);
  if (runId !== null)
    throw new RunstoneError(
      "RESOURCE_ALREADY_EXISTS",
      `run key ${JSON.stringify(runKey)} is in use by run ${runId}`,
      {
        hint: "Resume that run, or use another key.",
        data: { runKey, runId },
      },
    );
  Object.assign(tags, { [RUN_KEY]: runKey, "runstone.attempts": "1" });
}

/** The active run of a run key in an experiment, or null. */
export async function findRunByKey(
  api: MlflowApi,
  experimentId: string,
  runKey: string,
): Promise<string | null> {
  const filter = `tags.\`${RUN_KEY}\` = ${quoteText(runKey)}`;
  const page = await searchPage(api, { experimentIds: [experimentId], filter, maxResults: 1 });
  return page.items[0]?.info.runId ?? null;
}

export async function getRun(api: MlflowApi, runId: string): Promise<Run> {
  const answer = await api.call("getRun", { query: { run_id: runId, run_uuid: runId } });
  return parseRun(answer.requiredNested("run"));
}

/** One page as the server answers. Model inputs and outputs are not in it: servers give them with a single run only. */
export async function searchPage(api: MlflowApi, search: SearchRunsFields): Promise<WirePage<Run>> {
  const maxResults =
    search.maxResults === undefined ? undefined : Math.min(search.maxResults, MAX_RUN_RESULTS);
  const body = searchRunsRequest({ ...search, maxResults });
  return parsePage(await api.call("searchRuns", { body }), "runs", parseRun);
}

export interface ListedRuns {
  readonly experimentIds?: readonly string[] | undefined;
  readonly view: View;
  readonly filter?: string | undefined;
}

/** Oldest first, so that runs that begin meanwhile come at the end; one page in memory. */
export async function* listRuns(
  api: MlflowApi,
  { experimentIds, view, filter }: ListedRuns,
): AsyncGenerator<Run> {
  const ids = experimentIds ?? (await experimentIdsOf(api, view));
  if (ids.length === 0) return;
  let pageToken: string | undefined;
  do {
    const search = { experimentIds: ids, view, filter, maxResults: LIST_PAGE, pageToken };
    const page = await searchPage(api, { ...search, orderBy: ["attributes.start_time ASC"] });
    yield* page.items;
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
}

/** A deleted experiment holds deleted runs only. */
export async function experimentIdsOf(api: MlflowApi, view: View): Promise<readonly string[]> {
  const experiments = await listExperiments(api, view === "active" ? "active" : "all");
  return experiments.map(({ experimentId }) => experimentId);
}

/** Rejects UNSUPPORTED for an end time that is to be cleared. */
export async function updateRun(api: MlflowApi, runId: string, change: RunChange): Promise<RunInfo> {
  const { endTime, status, runName } = change;
  if (endTime === null)
    throw new RunstoneError("UNSUPPORTED", "an MLflow server cannot clear the end time of a run", {
      hint: "Set another time, or leave it as it is.",
      data: { runId },
    });
  const body = updateRunRequest(runId, { status, runName, endTime });
  return parseRunInfo((await api.call("updateRun", { body })).requiredNested("run_info"));
}

/** Runs that were active, deepest first. */
export async function deleteRun(api: MlflowApi, runId: string, tree: boolean): Promise<readonly string[]> {
  return changeTree(api, { runId, tree, from: "active" }, (id) =>
    api.call("deleteRun", { body: { run_id: id } }),
  );
}

export async function restoreRun(api: MlflowApi, runId: string, tree: boolean): Promise<readonly string[]> {
  return changeTree(api, { runId, tree, from: "deleted" }, (id) =>
    api.call("restoreRun", { body: { run_id: id } }),
  );
}

interface TreeChange {
  readonly runId: string;
  readonly tree: boolean;
  readonly from: "active" | "deleted";
}

async function changeTree(
  api: MlflowApi,
  { runId, tree, from }: TreeChange,
  change: (runId: string) => Promise<unknown>,
): Promise<readonly string[]> {
  const top = await getRun(api, runId);
  const all = tree ? [...(await descendants(api, top)), top] : [top];
  const changed = all.filter(({ info }) => info.lifecycleStage === from).map(({ info }) => info.runId);
  for (const id of changed) await change(id);
  return changed;
}

/** All runs below `top` in its experiment, deepest first. */
async function descendants(api: MlflowApi, top: Run): Promise<readonly Run[]> {
  const order: Run[] = [];
  const seen = new Set([top.info.runId]);
  let level = [top.info.runId];
  while (level.length > 0) {
    const next: Run[] = [];
    for (const parent of level)
      for await (const child of childrenOf(api, top, parent))
        if (!seen.has(child.info.runId)) next.push(child);
    for (const { info } of next) seen.add(info.runId);
    order.unshift(...next);
    level = next.map(({ info }) => info.runId);
  }
  return order;
}

function childrenOf(api: MlflowApi, top: Run, parent: string): AsyncGenerator<Run> {
  const filter = `tags.\`${PARENT}\` = ${quoteText(parent)}`;
  return listRuns(api, { experimentIds: [top.info.experimentId], view: "all", filter });
}

export async function setTags(api: MlflowApi, runId: string, tags: StringMap): Promise<void> {
  await sendBatch(api, runId, { tags });
}

/** A tag that an earlier try took away is gone. */
export async function deleteTag(api: MlflowApi, runId: string, key: string): Promise<void> {
  await api.call("deleteTag", { body: { run_id: runId, key } }).catch(unlessDoneBefore);
}

/** For deletions: not there any more, and a try before may have done that. */
export function unlessDoneBefore(error: unknown): void {
  const done =
    error instanceof RunstoneError &&
    error.code === "RESOURCE_DOES_NOT_EXIST" &&
    error.data["ambiguous"] === true;
  if (!done) throw error;
}
