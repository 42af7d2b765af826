/**
 * Small stores with everything that travels to an MLflow server and can go wrong on the way, and the judge that says
 * whether a server holds what such a store holds.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TrackingStore } from "../../core/interfaces.js";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { MLFLOW_MAX_PARAM_VALUE_LENGTH } from "../../store-format/index.js";
import type { Item, Items, StoreView } from "../interop/store-view.js";
import { viewOf } from "../interop/store-view.js";

const START = 1_700_000_000_000;
const LONG = `${"0123456789".repeat(MLFLOW_MAX_PARAM_VALUE_LENGTH / 10)}, and the end`;
/** Where a push puts whole values that the server cuts. */
const LONG_VALUES = "runstone/long-values.json";
const MODEL_TAG = "runstone.model_id";
const ORIGIN_TAG = "runstone.run_id";
const LARGEST = 1.7976931348623157e308;

export interface SyncStore {
  /** The workspace: the directory that holds `.runstone` and `mlruns`. */
  readonly directory: string;
  readonly store: TrackingStore;
  readonly experimentName: string;
  /** The runs that a plain push takes, parents first. */
  readonly runIds: readonly string[];
  readonly deletedRunId: string;
}

/** Makes `directory` a workspace with one experiment of four runs. Two calls share no id. */
export async function writeSyncStore(directory: string, experimentName: string): Promise<SyncStore> {
  initWorkspace(directory);
  const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
  const { experimentId } = await store.createExperiment({ name: experimentName, tags: { team: "nlp: ü" } });
  const roots = [await newRoot(store, experimentId), await newRoot(store, experimentId)].sort();
  const [parent, plain] = roots as [string, string];
  await writeParent(store, experimentId, parent);
  const child = await writeChild(store, experimentId, parent);
  await writePlain(store, plain);
  const deleted = await store.createRun({ experimentId, startTime: START + 3 });
  await store.deleteRun(deleted.info.runId);
  const runIds = [parent, child, plain];
  return { directory, store, experimentName, runIds, deletedRunId: deleted.info.runId };
}

/** Runs travel in the order of their ids: which root becomes what follows from them, so that every push is alike. */
async function newRoot(store: TrackingStore, experimentId: string): Promise<string> {
  return (await store.createRun({ experimentId, startTime: START, userId: "ana" })).info.runId;
}

/** Everything at once: hard numbers and texts, a dataset, a logged model with points, artifacts. */
async function writeParent(store: TrackingStore, experimentId: string, runId: string): Promise<void> {
  await store.updateRun(runId, { runName: "all: #1" });
  const model = await store.createLoggedModel({
    experimentId,
    name: "parser",
    sourceRunId: runId,
    modelType: "agent",
    params: { depth: "3" },
    tags: { stage: "dev" },
  });
  await store.artifacts.write({ modelId: model.modelId }, "data/weights.bin", once(bytes(300)));
  await store.finalizeLoggedModel(model.modelId, "READY");
  const writer = await store.openRun(runId);
  writer.logParams({ lr: "0.1", "größe/λ": "naïve – 日本語 😀", empty: "", long: LONG });
  writer.setTags({ team: "nlp", "mlflow.note.content": "lines\nof it\n", "mlflow.user": "ana" });
  writer.logMetrics(series("loss", [1, 0.5, Number.NaN, 0.25, Number.NaN]));
  writer.logMetrics(series("edges", [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 0.1]));
  writer.logMetrics([{ key: "größe/steps", value: 1, timestamp: START, step: -5 }]);
  writer.logMetrics(series("f1", [0.3, 0.7]).map((point) => ({ ...point, modelId: model.modelId })));
  writer.logInputs({ datasets: [{ dataset: DATASET, tags: { "mlflow.data.context": "training" } }] });
  writer.logOutputs([{ modelId: model.modelId, step: 1 }]);
  writer.logArtifactBytes("empty.bin", new Uint8Array());
  writer.logArtifactBytes("deep/er/100% sure ü.txt", Buffer.from("percent"));
  writer.logArtifactBytes("big.bin", bytes(200_000));
  await writer.end({ status: "FINISHED", endTime: START + 61_234 });
}

async function writeChild(store: TrackingStore, experimentId: string, parentRunId: string): Promise<string> {
  const child = { experimentId, runName: "child", parentRunId, startTime: START + 1 };
  const { info } = await store.createRun(child);
  const writer = await store.openRun(info.runId);
  // More than a server takes in one repeatable request: of several keys, and of one.
  for (const key of ["a", "b", "c"])
    writer.logMetrics(
      series(
        `curve/${key}`,
        Array.from({ length: 40 }, (_, at) => Math.sin(at)),
      ),
    );
  writer.logMetrics(
    series(
      "long",
      Array.from({ length: 120 }, (_, at) => Math.sqrt(at)),
    ),
  );
  await writer.end({ status: "FAILED", endTime: START + 2 });
  return info.runId;
}

async function writePlain(store: TrackingStore, runId: string): Promise<void> {
  await store.updateRun(runId, { runName: "plain" });
  const writer = await store.openRun(runId);
  writer.logParams({ lr: "0.2" });
  writer.logMetrics(series("loss", [2]));
  await writer.end({ status: "KILLED", endTime: START + 3 });
}

const DATASET = {
  name: "invoices & co",
  digest: "5f2c81aa",
  sourceType: "local",
  source: '{"uri": "data/a.csv"}',
  schema: "{}",
  profile: '{"num_rows": 1200}',
};

function series(key: string, values: readonly number[]) {
  return values.map((value, step) => ({
    key,
    value,
    timestamp: START + 1000 * step + (value > 0 ? 1 : 0),
    step,
  }));
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7919) & 255);
}

async function* once(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content;
}

export interface RemoteExpectation {
  /** The experiment's name there. */
  readonly experimentName: string;
  /** The runs that must be there, by their ids here. */
  readonly runIds: readonly string[];
  /** True when runs of other origins may be there. Default false. */
  readonly others?: boolean;
  /** False where the server takes no artifacts. Default true. */
  readonly artifacts?: boolean;
  /** False where the server knows no logged models, and takes their files as artifacts: MLflow 2. Default true. */
  readonly models?: boolean;
}

/**
 * The experiment there holds each of these runs once, active, with everything it has here, and no other active run; but
 * for what docs/design/0007-sync.md lists. `remote`: see `MlflowServer.read`.
 */
export async function assertRemoteEquals(
  store: TrackingStore,
  remote: StoreView,
  expectation: RemoteExpectation,
): Promise<void> {
  const local = await viewOf(store);
  const there = activeRuns(remote, expectation.experimentName);
  const remoteIds = new Map(there.map(([id, run]) => [tagsOf(run)[ORIGIN_TAG], id]));
  const origins = there.map(([, run]) => tagsOf(run)[ORIGIN_TAG] ?? "none");
  const wanted =
    expectation.others === true ? origins.filter((id) => expectation.runIds.includes(id)) : origins;
  assert.deepEqual(wanted.sort(), [...expectation.runIds].sort(), "one active run per origin id");
  for (const runId of expectation.runIds) {
    const [ours, theirs] = [local.runs?.[runId], remote.runs?.[remoteIds.get(runId) ?? ""]];
    assert.ok(ours !== undefined && theirs !== undefined);
    assertSameRun({ runId, ours, theirs, remoteIds, local, remote, ...expectation });
  }
}

/** The active runs of an active experiment. */
export function activeRuns(
  { experiments = {}, runs = {} }: StoreView,
  name: string,
): readonly [string, Item][] {
  const found = Object.entries(experiments).filter(([, item]) => item.name === name);
  assert.equal(found.length, 1, `experiments called ${name}`);
  const [id, experiment] = found[0]!;
  assert.equal(experiment.lifecycle_stage, "active", `experiment ${name}`);
  return Object.entries(runs).filter(
    ([, run]) => run.experiment_id === id && run.lifecycle_stage === "active",
  );
}

interface RunPair extends RemoteExpectation {
  readonly runId: string;
  readonly ours: Item;
  readonly theirs: Item;
  /** Runs there by their ids here. */
  readonly remoteIds: ReadonlyMap<string | undefined, string>;
  readonly local: StoreView;
  readonly remote: StoreView;
}

const SAME_FIELDS = ["run_name", "user_id", "status", "start_time", "end_time", "lifecycle_stage"] as const;

function assertSameRun(pair: RunPair): void {
  const { runId, ours, theirs } = pair;
  for (const field of SAME_FIELDS) assert.equal(theirs[field], ours[field], `${field} of ${runId}`);
  assertSameTexts("params", pair);
  assertSameTexts("tags", pair);
  assert.deepEqual(pointsOf(theirs), pointsOf(ours), `points of ${runId}`);
  assert.deepEqual(theirs.inputs, ours.inputs, `datasets of ${runId}`);
  if (pair.artifacts !== false)
    assert.deepEqual(withoutLongValues(theirs), expectedArtifacts(pair), `artifacts of ${runId}`);
  if (pair.models !== false) assertSameModels(pair);
}

/** Values as they are, or cut, and then whole in the artifact for them; ids of other runs are those there. */
function assertSameTexts(kind: "params" | "tags", pair: RunPair): void {
  const [ours, theirs] = [pair.ours, pair.theirs].map((run) => run[kind] as Record<string, string>) as [
    Record<string, string>,
    Record<string, string>,
  ];
  const own = (key: string) => key.startsWith("runstone.");
  const expected: Record<string, string> = {};
  for (const [key, value] of Object.entries(ours)) {
    const cut = theirs[key] !== undefined && theirs[key] !== value && value.length > 5_000;
    if (cut) assertWhole(pair, theirs[key]!, value);
    expected[key] = cut ? theirs[key]! : value;
  }
  const parent = ours["mlflow.parentRunId"];
  if (kind === "tags" && parent !== undefined) {
    const there = pair.remoteIds.get(parent);
    // A run whose parent did not arrive yet has none there.
    if (there === undefined) delete expected["mlflow.parentRunId"];
    else expected["mlflow.parentRunId"] = there;
  }
  const kept = Object.fromEntries(Object.entries(theirs).filter(([key]) => key in ours || !own(key)));
  // MLflow makes the name a tag, too.
  const name = kind === "tags" ? { "mlflow.runName": pair.ours.run_name } : {};
  assert.deepEqual(kept, { ...name, ...expected }, `${kind} of ${pair.runId}`);
}

function assertWhole({ theirs, artifacts, runId }: RunPair, cut: string, value: string): void {
  const hint = `a long value of ${runId}`;
  assert.ok(cut.length > 1_000 && value.startsWith(cut.slice(0, 1_000)), hint);
  if (artifacts !== false) assert.ok(LONG_VALUES in (theirs.artifacts as Item), `${hint} is whole`);
}

function expectedArtifacts({ ours, local, models }: RunPair): Item {
  const outputs = models === false ? (ours.model_outputs as readonly (readonly [string, unknown])[]) : [];
  const files = outputs.flatMap(([id]) => {
    const { name, artifacts } = local.logged_models?.[id] ?? {};
    return Object.entries(artifacts as Item).map(([path, file]) => [`${name}/${path}`, file] as const);
  });
  return { ...(ours.artifacts as Item), ...Object.fromEntries(files) };
}

function withoutLongValues({ artifacts }: Item): Item {
  const { [LONG_VALUES]: _, ...others } = artifacts as Item;
  return others;
}

/** By key, sorted, infinities as the largest doubles. A point that is there twice shows. */
function pointsOf({ history }: Item): Readonly<Record<string, readonly string[]>> {
  const series = Object.entries(history as Record<string, readonly (readonly unknown[])[]>);
  return Object.fromEntries(
    series.map(([key, points]) => [key, points.map((point) => JSON.stringify(point.map(finite))).sort()]),
  );
}

function finite(value: unknown): unknown {
  if (value === "Infinity") return LARGEST;
  return value === "-Infinity" ? -LARGEST : value;
}

const MODEL_FIELDS = ["name", "model_type", "status", "params", "artifacts"] as const;

/** Its outputs, each the model that carries the id of ours, with the same content. */
function assertSameModels({ ours, theirs, local, remote, runId }: RunPair): void {
  const [here, there] = [local.logged_models ?? {}, remote.logged_models ?? {}] as [Items, Items];
  const outputs = theirs.model_outputs as readonly (readonly [string, unknown])[];
  const origins = outputs.map(([id, step]) => [tagsOf(there[id] ?? { tags: {} })[MODEL_TAG], step]);
  assert.deepEqual(origins.sort(), ours.model_outputs, `models of ${runId}`);
  const made = Object.values(there).map((model) => tagsOf(model)[MODEL_TAG]);
  for (const [id] of outputs) {
    const origin = tagsOf(there[id]!)[MODEL_TAG];
    assert.equal(made.filter((other) => other === origin).length, 1, `logged models of ${origin}`);
    const [mine, model] = [here[tagsOf(there[id]!)[MODEL_TAG] ?? ""]!, there[id]!];
    for (const field of MODEL_FIELDS) assert.deepEqual(model[field], mine[field], `${field} of model ${id}`);
    // A twin of its run that was deleted stays its source: a server cannot change that.
    const source = remote.runs?.[String(model.source_run_id)]?.tags as Readonly<Record<string, string>>;
    assert.equal(source?.[ORIGIN_TAG] ?? null, mine.source_run_id, "source of a model");
    for (const [key, value] of Object.entries(tagsOf(mine)))
      assert.equal(tagsOf(model)[key], value, `tag ${key} of model ${id}`);
  }
}

function tagsOf(item: Item): Readonly<Record<string, string>> {
  return item.tags as Readonly<Record<string, string>>;
}
