/**
 * Logged models on their way: made there once with their origin's id as a tag, then params, tags, artifacts, and at last
 * their status; the runs are told which models they used and made by the ids there.
 */
import { findExperiment, readExperimentMeta } from "../../core/index.js";
import type { RunDocument } from "../../core/transfer/index.js";
import { MAX_LOGGED_MODEL_PARAMS } from "../../protocol/mlflow/index.js";
import {
  isRunstoneError,
  type LoggedModel,
  type Metric,
  MLFLOW_MAX_PARAM_VALUE_LENGTH,
  type Run,
  type StringMap,
} from "../../store-format/index.js";
import { artifactPlace } from "./artifact-place.js";
import { cutText } from "./cut-values.js";
import type { Difference } from "./expected-run.js";
import { isMissingEndpoint, isRefusal, mayHaveBeenDone } from "./failures.js";
import { chunksOf } from "./find-runs.js";
import type { LocalModels } from "./local-models.js";
import { repeatableBatches } from "./metric-batches.js";
import { notEqual } from "./not-equal.js";
import type { PushSession } from "./push-session.js";
import { type ArtifactTarget, type OutgoingFile, sendArtifacts } from "./send-artifacts.js";
import { storedPoint } from "./stored-value.js";
import { verifyArtifacts } from "./verify-artifacts.js";

/** The tag that holds the origin's id. */
export const MODEL_ORIGIN_TAG = "runstone.model_id";
/** Kept by the server and its clients. */
const VERSIONS_TAG = "mlflow.modelVersions";

export interface ModelSending {
  readonly session: PushSession;
  readonly models: LocalModels;
  readonly document: RunDocument;
  /** The run there. */
  readonly run: Run;
  /** Counts artifacts, and tells what cannot be there. */
  readonly target: Omit<ArtifactTarget, "place" | "refuse">;
  /** The server knows no logged models. */
  refuseModel(modelId: string, sentence: string): void;
}

/** Ids there by id here; null: it cannot be there. */
export async function sendModels(sending: ModelSending): Promise<ReadonlyMap<string, string | null>> {
  const ids = new Map<string, string | null>();
  for (const modelId of sending.models.idsOf(sending.document))
    ids.set(modelId, await ensureModel(sending, modelId));
  await sendModelInputs(sending, ids);
  await sendOutputs(sending, ids);
  return ids;
}

/** Points of the run that belong to models, after the run has them. Those that a model has already are not sent again. */
export async function sendModelPoints(
  { session, models, document, run, target }: ModelSending,
  ids: ReadonlyMap<string, string | null>,
): Promise<void> {
  const byModel = new Map<string, Metric[]>();
  for (const { modelId, metric } of models.pointsOf(document)) {
    const remoteId = ids.get(modelId);
    if (typeof remoteId !== "string") continue;
    byModel.set(remoteId, [...(byModel.get(remoteId) ?? []), { ...metric, modelId: remoteId }]);
  }
  for (const [remoteId, metrics] of byModel) {
    const model = await session.calls.getLoggedModel(remoteId);
    const there = new Set(
      model?.metrics.filter(({ runId }) => runId === run.info.runId).map(identityOf) ?? [],
    );
    const missing = metrics.filter((metric) => !there.has(identityOf(metric)));
    for (const batch of repeatableBatches(missing)) {
      try {
        await session.calls.logBatch(run.info.runId, { metrics: batch }, true);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        target.except(
          `The server refuses points of the metric '${batch[0]!.key}' for a logged model: ${error.message}.`,
        );
      }
    }
  }
}

function identityOf(metric: Metric): string {
  const { key, step, timestamp, value } = storedPoint(metric);
  return JSON.stringify([key, String(step), String(timestamp), String(value)]);
}

/** Several runs may use one model: it is sent once a push. */
function ensureModel(sending: ModelSending, modelId: string): Promise<string | null> {
  const { modelIds } = sending.session;
  const known = modelIds.get(modelId);
  if (known !== undefined) return known;
  const found = new ModelPush(sending, modelId).push();
  modelIds.set(modelId, found);
  // Another run may find it failed later, or never: this run tells.
  found.catch(() => modelIds.delete(modelId));
  return found;
}

class ModelPush {
  readonly #sending: ModelSending;
  readonly #modelId: string;

  constructor(sending: ModelSending, modelId: string) {
    this.#sending = sending;
    this.#modelId = modelId;
  }

  async push(): Promise<string | null> {
    const { models, target, session } = this.#sending;
    const model = models.read(this.#modelId);
    if (model === null) {
      target.except(`The logged model ${this.#modelId} is not here.`);
      return null;
    }
    const experimentId = await this.#experimentId(model);
    const there = await this.#find(experimentId);
    if (there === "unsupported") return this.#withoutModels(model);
    const remote = there ?? (await this.#createOnce(model, experimentId));
    await this.#sendParams(model, remote);
    await this.#sendTags(model, remote);
    if (session.withArtifacts) await this.#sendFiles(remote);
    const hasEnded = model.status === "READY" || model.status === "FAILED";
    if (hasEnded && remote.status !== model.status)
      await session.calls.finalizeModel(remote.modelId, model.status);
    if (!session.isRehearsal) await this.#verify(model, remote.modelId, hasEnded);
    return remote.modelId;
  }

  /** Reads back what was sent of it. */
  async #verify(model: LoggedModel, remoteId: string, hasEnded: boolean): Promise<void> {
    const there = await this.#sending.session.calls.getLoggedModel(remoteId);
    const differences: Difference[] = [];
    const tell = (what: Difference["what"], key: string, isEqual: boolean): void => {
      if (!isEqual) differences.push({ what, key, problem: "is missing or has another value" });
    };
    if (hasEnded) tell("model", "status", there?.status === model.status);
    for (const [key, value] of Object.entries(cutParams(model.params)))
      tell("param", key, there?.params[key] === value);
    for (const [key, value] of Object.entries(this.#tagsOf(model)))
      tell("tag", key, there?.tags[key] === value);
    if (differences.length > 0) throw notEqual(this.#modelId, differences, "logged model");
  }

  async #find(experimentId: string): Promise<LoggedModel | null | "unsupported"> {
    const filter = `tags.\`${MODEL_ORIGIN_TAG}\` = '${this.#modelId}'`;
    try {
      const found = await this.#sending.session.calls.searchLoggedModels(experimentId, filter);
      return [...found].sort(byCreation)[0] ?? null;
    } catch (error) {
      if (isMissingEndpoint(error)) return "unsupported";
      throw error;
    }
  }

  /** The experiment there: usually that of the run. */
  async #experimentId({ experimentId }: LoggedModel): Promise<string> {
    const { session, run, document } = this.#sending;
    const location = findExperiment(session.context, experimentId);
    if (experimentId === document.info.experimentId || location === null) return run.info.experimentId;
    const { name } = readExperimentMeta(location);
    return (await session.experiments.ensure(name)).experimentId;
  }

  /**
   * Two who push at once may both make one. Whoever looks after making sees the earlier one, and takes that: outputs of a run
   * cannot be taken back.
   */
  async #createOnce(model: LoggedModel, experimentId: string): Promise<LoggedModel> {
    const made = await this.#create(model, experimentId);
    const first = await this.#find(experimentId);
    if (first === null || first === "unsupported" || first.modelId === made.modelId) return made;
    await this.#sending.session.calls.deleteLoggedModel(made.modelId);
    return first;
  }

  async #create(model: LoggedModel, experimentId: string): Promise<LoggedModel> {
    const { session, run, document } = this.#sending;
    const { sourceRunId } = model;
    const isOwn = sourceRunId === document.info.runId;
    const remoteSource =
      sourceRunId === null
        ? null
        : isOwn
          ? run.info.runId
          : (session.state.run(sourceRunId)?.remoteRunId ?? null);
    try {
      return await session.calls.createLoggedModel({
        experimentId,
        name: model.name,
        modelType: model.modelType,
        sourceRunId: remoteSource,
        params: Object.fromEntries(Object.entries(cutParams(model.params)).slice(0, MAX_LOGGED_MODEL_PARAMS)),
        tags: this.#tagsOf(model),
      });
    } catch (error) {
      if (!mayHaveBeenDone(error)) throw error;
      const found = await this.#find(experimentId);
      if (found === null || found === "unsupported") throw error;
      return found;
    }
  }

  #tagsOf({ tags }: LoggedModel): StringMap {
    const kept = Object.entries(tags).filter(([key]) => key !== VERSIONS_TAG);
    return { ...Object.fromEntries(kept), [MODEL_ORIGIN_TAG]: tags[MODEL_ORIGIN_TAG] ?? this.#modelId };
  }

  async #sendParams({ params }: LoggedModel, remote: LoggedModel): Promise<void> {
    const missing = Object.entries(cutParams(params)).filter(([key]) => !Object.hasOwn(remote.params, key));
    for (const part of chunksOf(missing, MAX_LOGGED_MODEL_PARAMS))
      await this.#sending.session.calls.logModelParams(remote.modelId, Object.fromEntries(part));
  }

  async #sendTags(model: LoggedModel, remote: LoggedModel): Promise<void> {
    const changed = Object.entries(this.#tagsOf(model)).filter(([key, value]) => remote.tags[key] !== value);
    if (changed.length > 0)
      await this.#sending.session.calls.setModelTags(remote.modelId, Object.fromEntries(changed));
  }

  async #sendFiles(remote: LoggedModel): Promise<void> {
    const { session, models, target } = this.#sending;
    const files = models.filesOf(this.#modelId, session.hashes);
    const { path, reason } = artifactPlace(remote.artifactLocation, session.baseUrl);
    if (files.length === 0) return;
    if (path === undefined)
      target.except(`Files of the logged model '${remote.name}' are not there: ${reason}.`);
    else {
      const missing = await this.#missing(path, files, remote);
      const sent = await sendArtifacts({ ...target, place: path, refuse: this.#refuseFile }, missing);
      await this.#verifyFiles(
        path,
        missing.filter((file) => Object.hasOwn(sent, file.path)),
      );
    }
  }

  readonly #refuseFile: ArtifactTarget["refuse"] = (_, path, { message }) =>
    this.#sending.target.except(
      `The artifact '${path}' of the logged model ${this.#modelId} is not there: ${message}.`,
    );

  /** Before its status says that it is whole. */
  async #verifyFiles(place: string, artifacts: readonly OutgoingFile[]): Promise<void> {
    const { calls, hash, isRehearsal } = this.#sending.session;
    if (artifacts.length === 0 || isRehearsal) return;
    const { problems } = await verifyArtifacts(calls, { place, artifacts }, { hash });
    const differences = problems.map(
      ({ path, problem }) => ({ what: "artifact", key: path, problem }) as const,
    );
    if (differences.length > 0) throw notEqual(this.#modelId, differences, "logged model");
  }

  /** A model that ended there is not written again; of what is there with its size, nothing is sent. */
  async #missing(
    place: string,
    files: readonly OutgoingFile[],
    { status }: LoggedModel,
  ): Promise<readonly OutgoingFile[]> {
    if (status !== "READY" || this.#sending.session.recheck) return files;
    const { problems } = await verifyArtifacts(
      this.#sending.session.calls,
      { place, artifacts: files },
      { hash: "none" },
    );
    const wrong = new Set(problems.map(({ path }) => path));
    return files.filter(({ path }) => wrong.has(path));
  }

  /** MLflow before 3.0: its files become artifacts of the run, where that MLflow's own `log_model` put them. */
  async #withoutModels(model: LoggedModel): Promise<null> {
    const { session, models, run, target, document } = this.#sending;
    const { path } = artifactPlace(run.info.artifactUri, session.baseUrl);
    const isOwn = model.sourceRunId === document.info.runId;
    const files = isOwn && session.withArtifacts ? models.filesOf(this.#modelId, session.hashes) : [];
    const refuse = this.#refuseFile;
    if (path !== undefined) await sendArtifacts({ ...target, refuse, place: `${path}/${model.name}` }, files);
    this.#sending.refuseModel(
      this.#modelId,
      `The server knows no logged models: the files of ${this.#modelId} are artifacts of its run, below '${model.name}'.`,
    );
    return null;
  }
}

function byCreation(a: LoggedModel, b: LoggedModel): number {
  return Number(a.creationTime) - Number(b.creationTime) || (a.modelId < b.modelId ? -1 : 1);
}

function cutParams(params: StringMap): StringMap {
  const entries = Object.entries(params).map(([key, value]) => [
    key,
    cutText(value, MLFLOW_MAX_PARAM_VALUE_LENGTH),
  ]);
  return Object.fromEntries(entries) as StringMap;
}

async function sendModelInputs(
  { session, document, run }: ModelSending,
  ids: ReadonlyMap<string, string | null>,
): Promise<void> {
  const there = new Set(run.inputs.modelInputs.map(({ modelId }) => modelId));
  const modelIds = document.inputs.modelInputs
    .map(({ modelId }) => ids.get(modelId))
    .filter((id) => typeof id === "string")
    .filter((id) => !there.has(id));
  if (modelIds.length > 0) await session.calls.logInputs(run.info.runId, { modelIds });
}

/** A pair that is there is refused by SQL stores: only those that are not are sent, and after a doubt it is looked again. */
async function sendOutputs(
  { session, document, run }: ModelSending,
  ids: ReadonlyMap<string, string | null>,
): Promise<void> {
  let there = new Set(run.outputs.map(({ modelId }) => modelId));
  for (let attempt = 0; ; attempt += 1) {
    const missing = document.outputs
      .map(({ modelId, step }) => ({ modelId: ids.get(modelId) ?? "", step }))
      .filter(({ modelId }) => modelId !== "" && !there.has(modelId));
    if (missing.length === 0) return;
    try {
      return await session.calls.logOutputs(run.info.runId, missing);
    } catch (error) {
      if (attempt > 0 || (!mayHaveBeenDone(error) && !isRunstoneError(error, "REMOTE_FAILED"))) throw error;
      const now = await session.calls.getRun(run.info.runId);
      there = new Set(now?.outputs.map(({ modelId }) => modelId) ?? []);
    }
  }
}
