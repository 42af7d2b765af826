/** Logged models that a run there uses or made: by their ids here, and brought with their files. */
import { findLoggedModel } from "../../core/index.js";
import { type ArtifactBytes, type ArtifactHead, receiveLoggedModel } from "../../core/transfer/index.js";
import {
  isModelId,
  isRunstoneError,
  type LoggedModel,
  type ModelOutput,
  type Run,
} from "../../store-format/index.js";
import { artifactPlace } from "./artifact-place.js";
import { joined, listRemoteArtifacts } from "./list-remote-artifacts.js";
import type { PullReading, PullSession } from "./pull-session.js";
import type { PulledExperiment } from "./pulled-experiments.js";
import { MODEL_ORIGIN_TAG } from "./send-models.js";

export interface PulledModels {
  readonly inputs: readonly { readonly modelId: string }[];
  readonly outputs: readonly ModelOutput[];
  /** Those that are not here: by their ids here, as the server tells them. */
  readonly missing: ReadonlyMap<string, LoggedModel>;
}

/** One that was pushed has the id of its origin again, another one keeps the server's. */
export async function pulledModels(
  session: PullReading,
  { inputs, outputs }: Run,
  lack: (sentence: string) => void,
): Promise<PulledModels> {
  const ids = new Map<string, string | null>();
  const missing = new Map<string, LoggedModel>();
  for (const { modelId } of [...inputs.modelInputs, ...outputs]) {
    if (ids.has(modelId)) continue;
    const model = await remoteModel(session, modelId, lack);
    const id = isModelId(modelId) ? localIdOf(modelId, model) : null;
    ids.set(modelId, id);
    if (id !== null && model !== null && findLoggedModel(session.context, id) === null)
      missing.set(id, model);
  }
  const steps = new Map<string, ModelOutput>();
  for (const { modelId, step } of outputs) {
    const id = ids.get(modelId) ?? null;
    if (id !== null && (steps.get(id)?.step ?? step) <= step) steps.set(id, { modelId: id, step });
  }
  const used = new Set(inputs.modelInputs.map(({ modelId }) => ids.get(modelId) ?? null));
  return {
    inputs: [...used].filter((id) => id !== null).map((modelId) => ({ modelId })),
    outputs: [...steps.values()],
    missing,
  };
}

async function remoteModel(
  { calls }: PullReading,
  modelId: string,
  lack: (sentence: string) => void,
): Promise<LoggedModel | null> {
  if (isModelId(modelId)) return calls.getLoggedModel(modelId);
  lack(`The server names a logged model ${JSON.stringify(modelId.slice(0, 80))}, which is no id.`);
  return null;
}

function localIdOf(modelId: string, model: LoggedModel | null): string {
  const origin = model?.tags[MODEL_ORIGIN_TAG];
  return origin !== undefined && isModelId(origin) ? origin : modelId;
}

export interface ModelsOptions {
  /** Of the run: takes models whose own experiment is not looked at. */
  readonly experiment: PulledExperiment;
  /** Something of them is not here. */
  lack(sentence: string): void;
}

/** Brings models that are not here. One that cannot be kept is named, and costs the others nothing. */
export async function receiveModels(
  session: PullSession,
  { missing }: PulledModels,
  options: ModelsOptions,
): Promise<void> {
  // Without its files a model is of no use: it comes with the first pull that brings artifacts.
  if (!session.withArtifacts) return;
  for (const [modelId, model] of missing) {
    try {
      await receiveModel(session, { ...model, modelId }, options);
    } catch (error) {
      if (!isRunstoneError(error, "INVALID_PARAMETER_VALUE")) throw error;
      options.lack(`The logged model ${modelId} cannot be kept here: ${error.message}.`);
    }
  }
}

async function receiveModel(
  session: PullSession,
  model: LoggedModel,
  { experiment, lack }: ModelsOptions,
): Promise<void> {
  const { calls, baseUrl, experiments, localIds, context } = session;
  const { path: place, reason } = artifactPlace(model.artifactLocation, baseUrl);
  if (place === undefined) lack(`Files of the logged model '${model.name}' are not here: ${reason}.`);
  const spool = session.newSpool();
  try {
    const heads: ArtifactHead[] = [];
    const bytes = new Map<string, ArtifactBytes>();
    for (const { path, size } of place === undefined ? [] : await listRemoteArtifacts(calls, place)) {
      const file = await spool.download(joined(place ?? "", path), size);
      heads.push({ path, size, sha256: file.sha256 });
      bytes.set(path, file.bytes);
    }
    await receiveLoggedModel(context, {
      model: asHere(model, localIds),
      experimentId: experiments.ensure(experiments.get(model.experimentId) ?? experiment),
      artifacts: heads,
      artifact: ({ path }) => bytes.get(path) ?? null,
    });
  } finally {
    spool.clear();
  }
}

/** With the ids of runs here, and without what only a push's server needs. */
function asHere(model: LoggedModel, localIds: ReadonlyMap<string, string>): LoggedModel {
  const tags: Record<string, string> = Object.assign(Object.create(null), model.tags);
  if (tags[MODEL_ORIGIN_TAG] === model.modelId) delete tags[MODEL_ORIGIN_TAG];
  const idOf = (runId: string): string => localIds.get(runId) ?? runId;
  const { sourceRunId } = model;
  const metrics = model.metrics.map((metric) => ({ ...metric, runId: idOf(metric.runId) }));
  return { ...model, tags, metrics, sourceRunId: sourceRunId === null ? null : idOf(sourceRunId) };
}
