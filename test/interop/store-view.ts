/**
 * A whole store as one plain value, in the shape in which `drivers/read_store.py` reports what MLflow sees: built from
 * what Runstone reads through `TrackingStore`, and compared field by field.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ArtifactOwner, TrackingStore } from "../../core/interfaces.js";
import type {
  DatasetInput,
  Experiment,
  Integer,
  LoggedModel,
  ModelVersion,
  Point,
  Run,
} from "../../store-format/index.js";

/** One thing of a store: MLflow's field names, JSON values (see `drivers/driver.py` for numbers that JSON lacks). */
export type Item = Readonly<Record<string, unknown>>;
export type Items = Readonly<Record<string, Item>>;

/** The kinds a side knows, each by id. */
export type StoreView = Readonly<Partial<Record<Kind, Items>>>;

const KINDS = [
  "experiments",
  "runs",
  "registered_models",
  "model_versions",
  "logged_models",
  "traces",
] as const;
type Kind = (typeof KINDS)[number];

/** What Runstone reads. */
export async function viewOf(store: TrackingStore): Promise<StoreView> {
  const experiments = await store.listExperiments("all");
  return {
    experiments: byId(experiments, (item) => [item.experimentId, experimentItem(item)]),
    runs: await runItems(store),
    ...(await registryItems(store)),
    ...(await modelItems(store, experiments)),
  };
}

/**
 * Everything that MLflow reports, Runstone must report equally: the same ids of every kind that this MLflow knows, and
 * the same value in every field.
 */
export function assertSameView(runstone: StoreView, reported: StoreView): void {
  const expected: StoreView = { ...reported, runs: withPlace(reported) };
  for (const kind of KINDS) {
    const theirs = expected[kind];
    if (theirs === undefined) continue;
    const ours = runstone[kind] ?? {};
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort(), `ids of ${kind}`);
    for (const [id, item] of Object.entries(theirs))
      assert.deepEqual(fieldsOf(ours[id] ?? {}, Object.keys(item)), plain(item), `${kind} ${id}`);
  }
}

/** The place decides: MLflow 1.x leaves the runs of a deleted experiment `active`. */
function withPlace({ experiments = {}, runs = {} }: StoreView): Items {
  const stage = (run: Item) =>
    experiments[String(run.experiment_id)]?.lifecycle_stage === "deleted" ? "deleted" : run.lifecycle_stage;
  return byId(Object.entries(runs), ([id, run]) => [id, { ...run, lifecycle_stage: stage(run) }]);
}

function fieldsOf(item: Item, fields: readonly string[]): Item {
  return Object.fromEntries(fields.map((field) => [field, item[field]]));
}

/** Without null prototypes, which `deepStrictEqual` tells apart. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function byId<T>(values: readonly T[], item: (value: T) => readonly [string, Item]): Items {
  return Object.fromEntries(values.map(item));
}

function experimentItem(item: Experiment): Item {
  return {
    name: item.name,
    artifact_location: item.artifactLocation,
    lifecycle_stage: item.lifecycleStage,
    creation_time: integer(item.creationTime),
    last_update_time: integer(item.lastUpdateTime),
    tags: { ...item.tags },
  };
}

async function runItems(store: TrackingStore): Promise<Items> {
  const items: Record<string, Item> = {};
  for await (const run of store.listRuns({ view: "all" })) {
    assert.deepEqual(await store.getRun(run.info.runId), run, `listRuns and getRun of ${run.info.runId}`);
    items[run.info.runId] = await runItem(store, run);
  }
  return items;
}

async function runItem(store: TrackingStore, run: Run): Promise<Item> {
  const { info } = run;
  const history: Record<string, unknown> = {};
  for (const key of Object.keys(run.metrics)) history[key] = await historyOf(store, info.runId, key);
  return {
    experiment_id: info.experimentId,
    run_name: info.runName,
    user_id: info.userId,
    status: info.status,
    start_time: integer(info.startTime),
    end_time: integer(info.endTime),
    lifecycle_stage: info.lifecycleStage,
    artifact_uri: info.artifactUri,
    params: { ...run.params },
    tags: { ...run.tags },
    metrics: Object.fromEntries(Object.entries(run.metrics).map(([key, point]) => [key, pointItem(point)])),
    history,
    inputs: run.inputs.datasetInputs.map(inputItem).sort(byNameAndDigest),
    model_inputs: run.inputs.modelInputs.map((input) => input.modelId).sort(),
    model_outputs: run.outputs.map((output) => [output.modelId, integer(output.step)]).sort(),
    artifacts: await artifactItems(store, { runId: info.runId }),
  };
}

async function historyOf(store: TrackingStore, runId: string, key: string): Promise<readonly unknown[]> {
  const points: unknown[] = [];
  for await (const point of store.getMetricHistory(runId, key)) points.push(pointItem(point));
  return points;
}

function pointItem(point: Point): readonly unknown[] {
  return [integer(point.timestamp), double(point.value), integer(point.step)];
}

function inputItem({ dataset, tags }: DatasetInput): Item {
  const { name, digest, source, schema, profile } = dataset;
  return { name, digest, source_type: dataset.sourceType, source, schema, profile, tags: { ...tags } };
}

function byNameAndDigest(a: Item, b: Item): number {
  const keys = [a, b].map((item) => `${item.name}\0${item.digest}`) as [string, string];
  return keys[0] < keys[1] ? -1 : 1;
}

/** `{ path: { size, sha256 } }` of every file. */
async function artifactItems(store: TrackingStore, owner: ArtifactOwner): Promise<Item> {
  const items: Record<string, unknown> = {};
  for (const entry of await store.artifacts.list(owner, undefined, { recursive: true })) {
    if (entry.isDir) continue;
    const hash = createHash("sha256");
    for await (const chunk of store.artifacts.read(owner, entry.path)) hash.update(chunk);
    items[entry.path] = { size: entry.size, sha256: hash.digest("hex") };
  }
  return items;
}

async function registryItems(store: TrackingStore): Promise<StoreView> {
  const models = await store.listRegisteredModels();
  const versions: (readonly [string, Item])[] = [];
  for (const { name } of models)
    for (const version of await store.listModelVersions(name))
      versions.push([`${name}/${version.version}`, versionItem(version)]);
  return {
    registered_models: byId(models, (model) => [
      model.name,
      {
        description: model.description,
        creation_timestamp: integer(model.creationTime),
        last_updated_timestamp: integer(model.lastUpdatedTime),
        tags: { ...model.tags },
        aliases: { ...model.aliases },
      },
    ]),
    model_versions: Object.fromEntries(versions),
  };
}

function versionItem(version: ModelVersion): Item {
  return {
    creation_timestamp: integer(version.creationTime),
    last_updated_timestamp: integer(version.lastUpdatedTime),
    description: version.description,
    user_id: version.userId,
    current_stage: version.currentStage,
    source: version.source,
    run_id: version.runId,
    run_link: version.runLink,
    status: version.status,
    status_message: version.statusMessage,
    tags: { ...version.tags },
    aliases: [...version.aliases].sort(),
    model_id: version.modelId,
  };
}

async function modelItems(store: TrackingStore, experiments: readonly Experiment[]): Promise<StoreView> {
  const models: Record<string, Item> = {};
  const traces: Record<string, Item> = {};
  for (const { experimentId, lifecycleStage } of experiments) {
    if (lifecycleStage === "deleted") continue; // MLflow does not find models and traces there
    for (const model of await store.listLoggedModels(experimentId))
      models[model.modelId] = await loggedModelItem(store, model);
    for (const trace of await store.listTraces(experimentId))
      traces[trace.traceId] = {
        experiment_id: trace.experimentId,
        state: trace.state,
        request_time: Date.parse(trace.requestTime ?? ""),
        execution_duration_ms: integer(trace.executionDurationMs),
        request_preview: trace.requestPreview,
        response_preview: trace.responsePreview,
      };
  }
  return { logged_models: models, traces };
}

async function loggedModelItem(store: TrackingStore, model: LoggedModel): Promise<Item> {
  return {
    experiment_id: model.experimentId,
    name: model.name,
    model_type: model.modelType,
    source_run_id: model.sourceRunId,
    status: model.status,
    status_message: model.statusMessage,
    artifact_location: model.artifactLocation,
    creation_timestamp: integer(model.creationTime),
    last_updated_timestamp: integer(model.lastUpdatedTime),
    params: { ...model.params },
    tags: { ...model.tags },
    metrics: model.metrics
      .map((metric) => [
        metric.key,
        ...pointItem(metric),
        metric.runId,
        metric.dataset?.name ?? null,
        metric.dataset?.digest ?? null,
      ])
      .sort(),
    artifacts: await artifactItems(store, { modelId: model.modelId }),
  };
}

function double(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function integer(value: Integer | null): number | string | null {
  return typeof value === "bigint" ? value.toString() : value;
}
