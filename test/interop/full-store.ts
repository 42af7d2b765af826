/** A store that Runstone fills with every kind of thing and the values that are hard to carry. */
import type { TrackingStore } from "../../core/interfaces.js";
import type { Metric, RunStatus } from "../../store-format/index.js";

const START = 1_700_000_000_000;

export const EDGES: readonly number[] = [
  0,
  -0,
  1,
  0.1,
  1e16,
  9999999999999998,
  1e-5,
  0.0001,
  5e-324,
  1.7976931348623157e308,
  -1e300,
  123456789.125,
  1e21,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** Params and tags: keys with folders, spaces and letters of other scripts; values that YAML, Git or a shell would bend. */
export const TEXTS: Readonly<Record<string, string>> = {
  plain: "adam",
  "train/opt.lr": "0.001",
  "with space": "  kept  ",
  lines: "one\ntwo\n\nthree\n",
  crlf: "a\r\nb\rc",
  tab: "a\tb",
  größe: "naïve – 日本語 😀",
  число: "семь",
  "looks.like.yaml": "{a: [1, 2]} # no",
  bool: "True",
  none: "None",
  quotes: `it's "so" \\ C:\\x`,
  empty: "",
  ".hidden": "x",
  long: "0123456789".repeat(40),
  __proto__x: "constructor",
};

/** Experiment names; an apostrophe would lock MLflow out. */
export const NAMES: readonly string[] = [
  "résumé parser: v2",
  "yes",
  "20240102",
  "🚀 launch",
  "a/b c#d",
  "null",
  "x".repeat(200),
  " padded ",
  "12345678e90123456789012345678901",
];

export const METRICS: readonly Metric[] = [
  ...EDGES.map((value, step) => ({ key: "edges", value, timestamp: START + step, step })),
  ...[-5, 0, 2 ** 40, 3, 3].map((step) => ({ key: "train/steps here", value: 0.5, timestamp: START, step })),
  ...Array.from({ length: 800 }, (_, index) => ({
    key: `curve/${index % 4}`,
    value: Math.sin(index) / 3,
    timestamp: START + index,
    step: Math.floor(index / 4),
  })),
];

export interface FullStore {
  readonly experimentId: string;
  /** The run that holds {@link TEXTS} as params and tags, and {@link METRICS}. */
  readonly runId: string;
  readonly artifacts: Readonly<Record<string, Uint8Array>>;
}

export interface FullStoreOptions {
  /** Whether a run has a logged model as input: MLflow 2.x fails on the whole experiment then, whoever wrote it. */
  readonly modelInputs: boolean;
}

export async function writeFullStore(store: TrackingStore, options: FullStoreOptions): Promise<FullStore> {
  for (const name of NAMES) {
    const { experimentId } = await store.createExperiment({
      name,
      tags: { team: "nlp", "mlflow.note.content": "first\nsecond: ünïcode\n" },
    });
    await writeStatuses(store, experimentId);
  }
  const { experimentId } = await store.createExperiment({ name: "everything" });
  const full = await writeFullRun(store, experimentId);
  await writeNested(store, experimentId);
  await writeLifecycle(store);
  await writeRegistry(store, full.runId);
  const modelId = await writeLoggedModels(store, experimentId, full.runId);
  if (options.modelInputs) await writeConsumer(store, experimentId, modelId);
  return { experimentId, ...full };
}

async function writeStatuses(store: TrackingStore, experimentId: string): Promise<void> {
  const statuses: readonly RunStatus[] = ["FINISHED", "FAILED", "KILLED", "SCHEDULED", "RUNNING"];
  for (const status of statuses) {
    const { info } = await store.createRun({ experimentId, startTime: START });
    await store.logBatch(info.runId, { metrics: [{ key: "loss", value: 0.25, timestamp: START, step: 0 }] });
    if (status !== "RUNNING") await store.updateRun(info.runId, { status, endTime: START + 61_234 });
  }
  const deleted = await store.createRun({
    experimentId,
    runName: "to be deleted",
    tags: { "mlflow.user": "zoë" },
  });
  await store.logBatch(deleted.info.runId, { params: { kept: "yes" } });
  await store.deleteRun(deleted.info.runId);
  const restored = await store.createRun({ experimentId });
  await store.deleteRun(restored.info.runId);
  await store.restoreRun(restored.info.runId);
}

async function writeFullRun(
  store: TrackingStore,
  experimentId: string,
): Promise<{ runId: string; artifacts: Record<string, Uint8Array> }> {
  const { info } = await store.createRun({ experimentId, runName: "full: #1", userId: "ana" });
  const artifacts = artifactContents();
  const writer = await store.openRun(info.runId);
  writer.logParams(TEXTS);
  writer.setTags({ ...TEXTS, plain: "first", gone: "soon" });
  writer.deleteTag("gone");
  writer.setTags({ plain: "adam" });
  writer.logMetrics(METRICS);
  writer.logInputs({ datasets: datasets() });
  for (const [path, bytes] of Object.entries(artifacts)) writer.logArtifactBytes(path, bytes);
  await writer.end({ status: "FINISHED" });
  return { runId: info.runId, artifacts };
}

function artifactContents(): Record<string, Uint8Array> {
  const random = Uint8Array.from({ length: 150_000 }, (_, index) => (index * 7919) & 255);
  return {
    "empty.bin": new Uint8Array(),
    "deep/random.bin": random,
    "deep/er/naïve file (1).txt": Buffer.from("ünïcode\r\n"),
    "deep/er/100% sure.txt": Buffer.from("percent"),
    "same/random.bin": random,
  };
}

function datasets() {
  const used = (name: string, digest: string, schema: string | null) => ({
    name,
    digest,
    sourceType: "local",
    source: `{"uri": "data/${digest}.csv"}`,
    schema,
    profile: schema === null ? null : '{"num_rows": 1200}',
  });
  return [
    { dataset: used("invoices-train", "5f2c81aa", "{}"), tags: { "mlflow.data.context": "training" } },
    { dataset: used("größe & co", "00ff", null), tags: { "mlflow.data.context": "eval", more: "ü" } },
    { dataset: used("invoices-train", "00000000", "s: 'x'\ny") },
  ];
}

async function writeNested(store: TrackingStore, experimentId: string): Promise<void> {
  const parent = await store.createRun({ experimentId, runName: "parent" });
  for (const index of [0, 1]) {
    const child = await store.createRun({
      experimentId,
      runName: `child ${index}`,
      parentRunId: parent.info.runId,
    });
    await store.updateRun(child.info.runId, { runName: `renamed: ${index}` });
  }
}

async function writeLifecycle(store: TrackingStore): Promise<void> {
  const renamed = await store.createExperiment({ name: "before", tags: { lines: "first\nsecond" } });
  await store.renameExperiment(renamed.experimentId, "after: rename");
  const trashed = await store.createExperiment({ name: "in the trash" });
  await writeStatuses(store, trashed.experimentId);
  await store.deleteExperiment(trashed.experimentId);
  const back = await store.createExperiment({ name: "back again" });
  await writeStatuses(store, back.experimentId);
  await store.deleteExperiment(back.experimentId);
  await store.restoreExperiment(back.experimentId);
}

async function writeRegistry(store: TrackingStore, runId: string): Promise<void> {
  const source = (await store.getRun(runId)).info.artifactUri;
  const name = "parser";
  await store.createRegisteredModel(name, {
    description: "first: line\nsecond",
    tags: { team: "nlp", größe: "ü\n2" },
  });
  for (const n of [1, 2, 3, 4])
    await store.createModelVersion({ name, source, runId, tags: { n: `${n}` }, description: `v${n}` });
  await store.transitionStage(name, 1, "Archived");
  await store.transitionStage(name, 2, "Production");
  await store.transitionStage(name, 3, "Staging");
  await store.updateModelVersion(name, 2, "better: #2");
  await store.setModelVersionTags(name, 2, { gate: "passed\n", gone: "x" });
  await store.deleteModelVersionTag(name, 2, "gone");
  await store.setAlias(name, "champion", 2);
  await store.setAlias(name, "Challenger_1", 3);
  await store.setAlias(name, "moved", 1);
  await store.setAlias(name, "moved", 3);
  await store.setAlias(name, "gone", 1);
  await store.deleteAlias(name, "gone");
  await store.deleteModelVersion(name, 4);
  await store.createRegisteredModel("empty model");
  await store.createRegisteredModel("doomed");
  await store.deleteRegisteredModel("doomed");
  await store.createRegisteredModel("old name", { tags: { kept: "yes" } });
  await store.createModelVersion({ name: "old name", source, runId });
  await store.renameRegisteredModel("old name", "new name");
  await store.updateRegisteredModel("new name", "it's new");
}

async function writeLoggedModels(store: TrackingStore, experimentId: string, runId: string): Promise<string> {
  const made = await store.createLoggedModel({
    experimentId,
    name: "parser",
    sourceRunId: runId,
    modelType: "agent",
    params: { depth: "3", lines: "a\nb" },
    tags: { stage: "dev", größe: "ü", gone: "x" },
  });
  await store.deleteLoggedModelTag(made.modelId, "gone");
  await store.setLoggedModelTags(made.modelId, { late: "y" });
  await store.artifacts.write({ modelId: made.modelId }, "data/weights.bin", chunks());
  const maker = await store.createRun({ experimentId, runName: "maker" });
  const writer = await store.openRun(maker.info.runId);
  writer.logMetrics(modelMetrics(made.modelId));
  writer.logOutputs([{ modelId: made.modelId, step: 12 }]);
  await writer.end({ status: "FINISHED" });
  await store.finalizeLoggedModel(made.modelId, "READY");
  const failed = await store.createLoggedModel({ experimentId, name: "failed one" });
  await store.finalizeLoggedModel(failed.modelId, "FAILED");
  await store.createLoggedModel({ experimentId, name: "pending one" });
  const deleted = await store.createLoggedModel({ experimentId, name: "deleted one" });
  await store.deleteLoggedModel(deleted.modelId);
  return made.modelId;
}

async function writeConsumer(store: TrackingStore, experimentId: string, modelId: string): Promise<void> {
  const { info } = await store.createRun({ experimentId, runName: "consumer" });
  const writer = await store.openRun(info.runId);
  writer.logInputs({ modelIds: [modelId] });
  await writer.close();
}

function modelMetrics(modelId: string): readonly Metric[] {
  const dataset = { name: "invoices-train", digest: "5f2c81aa" };
  return [0, 1, 2].flatMap((step) => [
    { key: "model f1", value: step / 7, timestamp: START + step, step, modelId },
    { key: "data f1", value: step / 7 + 1, timestamp: START + step, step: step + 10, modelId, dataset },
  ]);
}

async function* chunks(): AsyncIterable<Uint8Array> {
  yield Uint8Array.from({ length: 100 }, (_, index) => index);
  yield Uint8Array.from({ length: 100 }, (_, index) => 255 - index);
}
