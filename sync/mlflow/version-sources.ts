/** Sources of model versions, here and at the server. */
import { findExperiment, findLoggedModel, readExperimentMeta } from "../../core/index.js";
import { pathInRun } from "../../core/transfer/index.js";
import { type CatalogEntry, isModelId, isRunId } from "../../store-format/index.js";
import type { SourceThere } from "./catalog-side.js";
import type { PullSession } from "./pull-session.js";
import type { PushSession } from "./push-session.js";
import { MODEL_ORIGIN_TAG } from "./send-models.js";

/** As the server takes it. Null: it is not there. */
export async function sourceThere(
  session: PushSession,
  { facts: { modelId, runId, source } }: CatalogEntry,
): Promise<SourceThere | null> {
  const remoteModelId = modelId === null ? null : await modelThere(session, modelId);
  if (remoteModelId !== null) return { source: `models:/${remoteModelId}`, model_id: remoteModelId };
  const remoteRunId = runId === null ? null : (session.state.run(runId)?.remoteRunId ?? null);
  const path = runId === null || source === null ? null : pathInRun(source, runId);
  if (remoteRunId !== null && path !== null) {
    const run = await session.calls.getRun(remoteRunId);
    if (run === null) return null;
    const place = path === "" ? run.info.artifactUri : `${run.info.artifactUri}/${path}`;
    return { source: place, run_id: remoteRunId };
  }
  if (modelId !== null) return modelFiles(session, modelId);
  const isRunThere = runId === null || remoteRunId !== null;
  if (source === null || path !== null || !isRunThere || !isAddress(source)) return null;
  return { source, ...(remoteRunId === null ? {} : { run_id: remoteRunId }) };
}

/** `s3://bucket/model`: no place of this store, of a server, or of a machine. */
export function isAddress(source: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source)?.[1]?.toLowerCase();
  return scheme !== undefined && !LOCAL_SCHEMES.has(scheme);
}

/** MLflow takes such a source only where it can look for it. */
const LOCAL_SCHEMES: ReadonlySet<string> = new Set(["file", "runs", "models", "mlflow-artifacts"]);

/** At a server that knows no logged models, their files are artifacts of the run that made them. */
async function modelFiles(session: PushSession, modelId: string): Promise<SourceThere | null> {
  const model = session.models.read(modelId);
  const runId = model?.sourceRunId ?? null;
  const remoteRunId = runId === null ? null : (session.state.run(runId)?.remoteRunId ?? null);
  const run = remoteRunId === null ? null : await session.calls.getRun(remoteRunId);
  if (model === null || run === null) return null;
  return { source: `${run.info.artifactUri}/${model.name}`, run_id: run.info.runId };
}

/** Sent by this push, or found by the tag of its origin. */
async function modelThere(session: PushSession, modelId: string): Promise<string | null> {
  const sent = await session.modelIds.get(modelId);
  if (sent !== undefined) return sent;
  const model = session.models.read(modelId);
  const location = model === null ? null : findExperiment(session.context, model.experimentId);
  if (location === null) return null;
  const experimentId = await session.experiments.find(readExperimentMeta(location).name);
  if (experimentId === null) return null;
  const filter = `tags.\`${MODEL_ORIGIN_TAG}\` = '${modelId}'`;
  const [found] = await session.calls.searchLoggedModels(experimentId, filter);
  return found?.modelId ?? null;
}

/** A version of the server's with run, logged model and source by what they are called here. */
export async function asHere(session: PullSession, entry: CatalogEntry): Promise<CatalogEntry> {
  const { facts } = entry;
  const modelId = await modelHere(session, facts.modelId ?? modelOf(facts.source));
  const runId = facts.runId === null ? null : (session.localIds.get(facts.runId) ?? facts.runId);
  const path = facts.runId === null || facts.source === null ? null : pathInRun(facts.source, facts.runId);
  const inRun = path === null ? facts.source : `runs:/${runId}/${path}`;
  return {
    ...entry,
    facts: {
      ...facts,
      ...{ modelId, runId: runId !== null && isRunId(runId) ? runId : null },
      source: modelId === null ? inRun : `models:/${modelId}`,
    },
  };
}

function modelOf(source: string | null): string | null {
  const id = source?.startsWith("models:/") === true ? source.slice("models:/".length) : "";
  return isModelId(id) ? id : null;
}

async function modelHere({ calls, context }: PullSession, remoteId: string | null): Promise<string | null> {
  if (remoteId === null || !isModelId(remoteId)) return null;
  if (findLoggedModel(context, remoteId) !== null) return remoteId;
  const origin = (await calls.getLoggedModel(remoteId))?.tags[MODEL_ORIGIN_TAG];
  return origin !== undefined && isModelId(origin) ? origin : remoteId;
}
