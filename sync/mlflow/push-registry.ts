/**
 * The model registry on its way: registered models by name, their versions with the source as it is there, then stages, and
 * aliases last. A version is found again by the tags that say which one it is here.
 */
import {
  DELETED_STAGE,
  findExperiment,
  readExperimentMeta,
  scanModelVersions,
  scanRegisteredModels,
} from "../../core/index.js";
import {
  type Fields,
  MAX_MODEL_VERSION_RESULTS,
  parseModelVersion,
  parsePage,
  parseRegisteredModel,
  serializeKeyValues,
} from "../../protocol/mlflow/index.js";
import {
  isRunstoneError,
  type ModelVersion,
  type RegisteredModel,
  RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import type { Transport } from "./calls.js";
import { mayHaveBeenDone } from "./failures.js";
import type { PushSession } from "./push-session.js";
import { MODEL_ORIGIN_TAG } from "./send-models.js";

/** Number and creation time of a version here. */
const VERSION_TAG = "runstone.version";
const VERSION_TIME_TAG = "runstone.version_time";

export interface RegistryResult {
  readonly models: number;
  /** Versions that were made there. */
  readonly versions: number;
  /** What could not be sent: one sentence each. */
  readonly problems: readonly string[];
}

/** Sends every registered model of the store. One that fails stops no other. */
export async function pushRegistry(session: PushSession, transport: Transport): Promise<RegistryResult> {
  const push = new RegistryPush(session, transport);
  const problems: string[] = [];
  const models = scanRegisteredModels(session.context, (damage) =>
    problems.push(`${damage.path}: ${damage.reason}`),
  );
  for (const model of models) {
    try {
      await push.pushModel(model);
    } catch (error) {
      if (!(error instanceof RunstoneError)) throw error;
      problems.push(`the registered model '${model.name}' failed: ${error.message}`);
    }
  }
  return { models: models.length, versions: push.made, problems: [...problems, ...push.problems] };
}

class RegistryPush {
  readonly #session: PushSession;
  readonly #transport: Transport;
  readonly problems: string[] = [];
  made = 0;

  constructor(session: PushSession, transport: Transport) {
    this.#session = session;
    this.#transport = transport;
  }

  async pushModel(model: RegisteredModel): Promise<void> {
    const there = await this.#ensureModel(model);
    for (const [key, value] of Object.entries(model.tags))
      if (there.tags[key] !== value)
        await this.#transport.call("setRegisteredModelTag", { body: { name: model.name, key, value } });
    const numbers = await this.#pushVersions(model);
    for (const [alias, version] of Object.entries(model.aliases)) {
      const number = numbers.get(Number(version));
      if (number !== undefined && there.aliases[alias] !== String(number))
        await this.#transport.call("setAlias", {
          body: { name: model.name, alias, version: String(number) },
        });
    }
  }

  async #ensureModel({ name, description, tags }: RegisteredModel): Promise<RegisteredModel> {
    const body = { name, tags: serializeKeyValues(tags), description: description ?? undefined };
    try {
      const fields = await this.#transport.call("createRegisteredModel", { body });
      return parseRegisteredModel(fields.requiredNested("registered_model"));
    } catch (error) {
      if (!isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")) throw error;
      const fields = await this.#transport.call("getRegisteredModel", { query: { name } });
      return parseRegisteredModel(fields.requiredNested("registered_model"));
    }
  }

  /** Number there by number here. */
  async #pushVersions({ name }: RegisteredModel): Promise<ReadonlyMap<number, number>> {
    const numbers = new Map<number, number>();
    const there = await this.#versionsThere(name);
    const here = scanModelVersions(this.#session.context, name);
    for (const version of here.filter(({ currentStage }) => currentStage !== DELETED_STAGE)) {
      const found = there.find((each) => isOrigin(each, version)) ?? (await this.#create(version));
      if (found === null) continue;
      numbers.set(version.version, found.version);
      if (version.currentStage !== "None" && found.currentStage !== version.currentStage)
        await this.#transport.call("transitionStage", {
          body: {
            ...{ name, version: String(found.version), stage: version.currentStage },
            archive_existing_versions: false,
          },
        });
    }
    return numbers;
  }

  async #versionsThere(name: string): Promise<readonly ModelVersion[]> {
    const found: ModelVersion[] = [];
    let pageToken: string | undefined;
    do {
      const fields: Fields = await this.#transport.call("searchModelVersions", {
        query: {
          // A quote cannot be written in MLflow's filters.
          ...(name.includes("'") ? {} : { filter: `name='${name}'` }),
          ...{ max_results: String(MAX_MODEL_VERSION_RESULTS), page_token: pageToken },
        },
      });
      const page = parsePage(fields, "model_versions", parseModelVersion);
      found.push(...page.items.filter((version) => version.name === name));
      pageToken = page.nextPageToken ?? undefined;
    } while (pageToken !== undefined);
    return found;
  }

  /** Null: its source is not there. */
  async #create(version: ModelVersion): Promise<ModelVersion | null> {
    const { name, description, runLink, tags } = version;
    const source = await this.#sourceThere(version);
    if (source === null) {
      this.problems.push(`version ${version.version} of '${name}' is not there, because its source is not`);
      return null;
    }
    const own = { [VERSION_TAG]: String(version.version), [VERSION_TIME_TAG]: String(version.creationTime) };
    const body = {
      ...{ name, ...source, description: description ?? undefined, run_link: runLink ?? undefined },
      tags: serializeKeyValues({ ...tags, ...own }),
    };
    try {
      const fields = await this.#transport.call("createModelVersion", { body, repeatable: false });
      this.made += 1;
      return parseModelVersion(fields.requiredNested("model_version"));
    } catch (error) {
      if (!mayHaveBeenDone(error)) throw error;
      const found = (await this.#versionsThere(name)).find((each) => isOrigin(each, version));
      if (found === undefined) throw error;
      return found;
    }
  }

  /** As the server takes it: a logged model there, or a place below the artifacts of the run there. */
  async #sourceThere({ modelId, runId, source }: ModelVersion): Promise<SourceThere | null> {
    const remoteModelId = modelId === null ? null : await this.#modelThere(modelId);
    if (remoteModelId !== null) return { source: `models:/${remoteModelId}`, model_id: remoteModelId };
    const remoteRunId = runId === null ? null : (this.#session.state.run(runId)?.remoteRunId ?? null);
    const path = runId === null || source === null ? null : pathInRun(source, runId);
    if (remoteRunId === null || path === null) return null;
    const run = await this.#session.calls.getRun(remoteRunId);
    if (run === null) return null;
    const place = path === "" ? run.info.artifactUri : `${run.info.artifactUri}/${path}`;
    return { source: place, run_id: remoteRunId };
  }

  /** Sent by this push, or found by the tag of its origin. */
  async #modelThere(modelId: string): Promise<string | null> {
    const sent = await this.#session.modelIds.get(modelId);
    if (typeof sent === "string") return sent;
    const model = this.#session.models.read(modelId);
    const location = model === null ? null : findExperiment(this.#session.context, model.experimentId);
    if (location === null) return null;
    const experimentId = await this.#session.experiments.find(readExperimentMeta(location).name);
    if (experimentId === null) return null;
    const filter = `tags.\`${MODEL_ORIGIN_TAG}\` = '${modelId}'`;
    const [found] = await this.#session.calls.searchLoggedModels(experimentId, filter);
    return found?.modelId ?? null;
  }
}

type SourceThere =
  | { readonly source: string; readonly model_id: string }
  | { readonly source: string; readonly run_id: string };

function isOrigin({ tags }: { readonly tags: StringMap }, version: ModelVersion): boolean {
  return (
    tags[VERSION_TAG] === String(version.version) && tags[VERSION_TIME_TAG] === String(version.creationTime)
  );
}

/** The artifact of the run that a source means: `runs:/<id>/model`, or a place below the run's artifacts. */
function pathInRun(source: string, runId: string): string | null {
  const byRun = `runs:/${runId}/`;
  if (source.startsWith(byRun)) return source.slice(byRun.length);
  const own = `${runId}/artifacts`;
  const at = source.lastIndexOf(own);
  if (at < 0) return null;
  const path = source.slice(at + own.length).replace(/^\/+|\/+$/g, "");
  return path.split("/").includes("..") ? null : path;
}
