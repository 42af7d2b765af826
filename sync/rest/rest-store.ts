/**
 * A tracking store behind MLflow's REST API. This file only joins the parts. Nothing is asked before the first call, so that
 * opening never fails for want of a network.
 */

import type {
  Batch,
  Capabilities,
  ExperimentSearchQuery,
  LoggedModelSearchQuery,
  NewExperiment,
  NewLoggedModel,
  NewModelVersion,
  NewRun,
  Page,
  RunChange,
  RunQuery,
  RunSearchQuery,
  SearchQuery,
  TrackingStore,
} from "../../core/interfaces.js";
import {
  type Experiment,
  type LoggedModel,
  type LoggedModelStatus,
  type ModelVersion,
  type Point,
  type RegisteredModel,
  type Run,
  type RunInfo,
  RunstoneError,
  type StringMap,
  type TraceInfo,
  type View,
} from "../../store-format/index.js";
import type { HttpClientOptions, HttpCounters } from "../http/http-client.js";
import type { HttpSettings } from "../http/settings.js";
import { MlflowApi } from "./api.js";
import { RestArtifacts } from "./artifacts.js";
import { checkText } from "./check-text.js";
import * as experiments from "./experiments.js";
import * as models from "./logged-models.js";
import { readPoints, sendBatch } from "./points.js";
import * as registry from "./registry.js";
import { RestRunWriter } from "./run-writer.js";
import * as runs from "./runs.js";
import { searchEntities } from "./search-entities.js";

export interface RestStoreOptions extends HttpClientOptions {
  /** A directory of this user's own for files that wait to be sent; made when needed. */
  readonly spoolDirectory: string;
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: () => number;
}

export class RestStore implements TrackingStore {
  readonly uri: string;
  /** What the newest servers can; an older one answers UNSUPPORTED. */
  readonly capabilities: Capabilities = {
    artifacts: true,
    registry: true,
    loggedModels: true,
    maintenance: false,
  };
  readonly artifacts: RestArtifacts;
  readonly api: MlflowApi;
  readonly #spoolDirectory: string;
  readonly #now: () => number;

  /** Throws INVALID_PARAMETER_VALUE for an address that cannot be used. */
  constructor(settings: HttpSettings, options: RestStoreOptions) {
    this.api = new MlflowApi(settings, options);
    this.uri = `${this.api.target.origin}${this.api.target.prefix}`;
    this.artifacts = new RestArtifacts(this.api);
    this.#spoolDirectory = options.spoolDirectory;
    this.#now = options.now ?? Date.now;
  }

  /** What went over the wire so far. */
  async counters(): Promise<HttpCounters> {
    return { ...(await this.api.client()).counters };
  }

  async createExperiment(spec: NewExperiment): Promise<Experiment> {
    return experiments.createExperiment(this.api, spec);
  }

  async getExperiment(experimentId: string): Promise<Experiment> {
    return experiments.getExperiment(this.api, experimentId);
  }

  async getExperimentByName(name: string): Promise<Experiment | null> {
    return experiments.findExperiment(this.api, name);
  }

  async listExperiments(view: View = "active"): Promise<readonly Experiment[]> {
    return experiments.listExperiments(this.api, view);
  }

  async searchExperiments(query: ExperimentSearchQuery = {}): Promise<Page<Experiment>> {
    return searchEntities(query, this.#now(), {
      there: (search) => experiments.searchExperiments(this.api, search),
      all: () => experiments.listExperiments(this.api, query.view ?? "active"),
      here: async (items, search) =>
        (await import("../../core/search/search-experiments.js")).searchExperiments(items, search),
    });
  }

  async renameExperiment(experimentId: string, name: string): Promise<void> {
    await this.api.call("updateExperiment", { body: { experiment_id: experimentId, new_name: name } });
  }

  async deleteExperiment(experimentId: string): Promise<void> {
    await this.api
      .call("deleteExperiment", { body: { experiment_id: experimentId } })
      .catch(runs.unlessDoneBefore);
  }

  /** The server restores all its runs, also those that were deleted before it. */
  async restoreExperiment(experimentId: string): Promise<void> {
    await this.api
      .call("restoreExperiment", { body: { experiment_id: experimentId } })
      .catch(runs.unlessDoneBefore);
  }

  async setExperimentTags(experimentId: string, tags: StringMap): Promise<void> {
    return experiments.setExperimentTags(this.api, experimentId, tags);
  }

  async deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    await this.api
      .call("deleteExperimentTag", { body: { experiment_id: experimentId, key } })
      .catch(runs.unlessDoneBefore);
  }

  async createRun(spec: NewRun): Promise<Run> {
    for (const [key, value] of Object.entries(spec.params ?? {})) checkText("param", key, value);
    for (const [key, value] of Object.entries(spec.tags ?? {})) checkText("tag", key, value);
    return runs.createRun(this.api, spec, this.#now());
  }

  async getRun(runId: string): Promise<Run> {
    return runs.getRun(this.api, runId);
  }

  /** Oldest first. Model inputs and outputs are not in the answer: `getRun` has them. */
  async *listRuns({ view = "active", experimentIds }: RunQuery = {}): AsyncIterable<Run> {
    yield* runs.listRuns(this.api, { view, experimentIds });
  }

  /** Model inputs and outputs are not in the answer: `getRun` has them. */
  async searchRuns(query: RunSearchQuery = {}): Promise<Page<Run>> {
    const { searchRuns } = await import("./search-runs.js");
    return searchRuns(this.api, query, this.#now());
  }

  async updateRun(runId: string, change: RunChange): Promise<RunInfo> {
    return runs.updateRun(this.api, runId, change);
  }

  async deleteRun(runId: string, options: { readonly tree?: boolean } = {}): Promise<readonly string[]> {
    return runs.deleteRun(this.api, runId, options.tree === true);
  }

  async restoreRun(runId: string, options: { readonly tree?: boolean } = {}): Promise<readonly string[]> {
    return runs.restoreRun(this.api, runId, options.tree === true);
  }

  /** The active run of a run key in an experiment, or null. */
  async findRunByKey(experimentId: string, runKey: string): Promise<string | null> {
    return runs.findRunByKey(this.api, experimentId, runKey);
  }

  /** Rejects INVALID_STATE for a deleted run. A server knows no leases: options are those of other stores. */
  async openRun(runId: string, _options: object = {}): Promise<RestRunWriter> {
    const run = await this.#activeRun(runId);
    const { api, artifacts } = this;
    return new RestRunWriter({ api, artifacts, run, spoolDirectory: this.#spoolDirectory, now: this.#now });
  }

  /** Makes a run that ended RUNNING again and opens it; of one with a run key the attempts are counted. */
  async resumeRun(runId: string, _options: object = {}): Promise<RestRunWriter> {
    const writer = await this.openRun(runId);
    await runs.updateRun(this.api, runId, { status: "RUNNING" });
    const { tags } = await runs.getRun(this.api, runId);
    const attempts = Number(tags["runstone.attempts"] ?? "1") + 1;
    writer.setTags({ "runstone.attempts": String(attempts) });
    await writer.flush();
    return writer;
  }

  async #activeRun(runId: string): Promise<Run> {
    const run = await runs.getRun(this.api, runId);
    if (run.info.lifecycleStage === "active") return run;
    throw new RunstoneError("INVALID_STATE", `run ${runId} is deleted`, {
      hint: "Restore it first.",
      data: { runId },
    });
  }

  async logBatch(runId: string, batch: Batch): Promise<void> {
    const writer = await this.openRun(runId);
    if (batch.params !== undefined) writer.logParams(batch.params);
    if (batch.metrics !== undefined) writer.logMetrics(batch.metrics);
    if (batch.tags !== undefined) writer.setTags(batch.tags);
    await writer.close();
  }

  async setTags(runId: string, tags: StringMap): Promise<void> {
    for (const [key, value] of Object.entries(tags)) checkText("tag", key, value);
    await sendBatch(this.api, runId, { tags });
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    return runs.deleteTag(this.api, runId, key);
  }

  /** In the server's order: by time, step and value. */
  async *getMetricHistory(runId: string, key: string): AsyncIterable<Point> {
    let any = false;
    for await (const page of readPoints(this.api, runId, key)) {
      any = true;
      yield* page;
    }
    // Servers do not say that a run is not there.
    if (!any) await runs.getRun(this.api, runId);
  }

  async createLoggedModel(spec: NewLoggedModel): Promise<LoggedModel> {
    return models.createLoggedModel(this.api, spec);
  }

  async getLoggedModel(modelId: string): Promise<LoggedModel> {
    return models.getLoggedModel(this.api, modelId);
  }

  async listLoggedModels(experimentId: string, view: View = "active"): Promise<readonly LoggedModel[]> {
    return models.listLoggedModels(this.api, [experimentId], view);
  }

  async searchLoggedModels(query: LoggedModelSearchQuery = {}): Promise<Page<LoggedModel>> {
    const experimentIds = query.experimentIds ?? (await runs.experimentIdsOf(this.api, "active"));
    const all =
      experimentIds.length === 0 ? [] : await models.listLoggedModels(this.api, experimentIds, "active");
    const { searchLoggedModels } = await import("../../core/search/search-logged-models.js");
    return searchLoggedModels(all, { ...query, dialect: query.dialect ?? "runstone", now: this.#now() });
  }

  async finalizeLoggedModel(modelId: string, status: LoggedModelStatus): Promise<LoggedModel> {
    return models.finalizeLoggedModel(this.api, modelId, status);
  }

  async setLoggedModelTags(modelId: string, tags: StringMap): Promise<void> {
    return models.setLoggedModelTags(this.api, modelId, tags);
  }

  async deleteLoggedModelTag(modelId: string, key: string): Promise<void> {
    if (key.includes("/"))
      throw new RunstoneError("UNSUPPORTED", `MLflow cannot delete a model's tag with a slash: ${key}`, {
        hint: "Set it to an empty text instead.",
        data: { key },
      });
    const segments = { model_id: modelId, tag_key: key };
    await this.api.call("deleteLoggedModelTag", { segments }).catch(runs.unlessDoneBefore);
  }

  async deleteLoggedModel(modelId: string): Promise<void> {
    const segments = { model_id: modelId };
    await this.api.call("deleteLoggedModel", { segments, body: segments }).catch(runs.unlessDoneBefore);
  }

  async listTraces(): Promise<readonly TraceInfo[]> {
    throw new RunstoneError("UNSUPPORTED", "traces of a server are not read", {
      hint: "Look at them in the server's own pages.",
    });
  }

  async createRegisteredModel(name: string, options: registry.ModelOptions = {}): Promise<RegisteredModel> {
    return registry.createRegisteredModel(this.api, name, options);
  }

  async getRegisteredModel(name: string): Promise<RegisteredModel> {
    return registry.getRegisteredModel(this.api, name);
  }

  async listRegisteredModels(): Promise<readonly RegisteredModel[]> {
    return registry.listRegisteredModels(this.api);
  }

  async searchRegisteredModels(query: SearchQuery = {}): Promise<Page<RegisteredModel>> {
    return searchEntities(query, this.#now(), {
      there: (search) => registry.searchModelPage(this.api, search),
      all: () => registry.listRegisteredModels(this.api),
      here: async (items, search) =>
        (await import("../../core/search/search-registry.js")).searchRegisteredModels(items, search),
    });
  }

  async renameRegisteredModel(name: string, newName: string): Promise<void> {
    await this.api.call("renameRegisteredModel", { body: { name, new_name: newName } });
  }

  async updateRegisteredModel(name: string, description: string): Promise<void> {
    await this.api.call("updateRegisteredModel", { body: { name, description } });
  }

  async deleteRegisteredModel(name: string): Promise<void> {
    await this.api.call("deleteRegisteredModel", { body: { name } }).catch(runs.unlessDoneBefore);
  }

  async setRegisteredModelTags(name: string, tags: StringMap): Promise<void> {
    for (const [key, value] of Object.entries(tags))
      await this.api.call("setRegisteredModelTag", { body: { name, key, value } });
  }

  async deleteRegisteredModelTag(name: string, key: string): Promise<void> {
    await this.api.call("deleteRegisteredModelTag", { body: { name, key } });
  }

  async setAlias(name: string, alias: string, version: number): Promise<void> {
    await this.api.call("setAlias", { body: { name, alias, version: String(version) } });
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    await this.api.call("deleteAlias", { body: { name, alias } });
  }

  async createModelVersion(spec: NewModelVersion): Promise<ModelVersion> {
    return registry.createModelVersion(this.api, spec);
  }

  async getModelVersion(name: string, version: number): Promise<ModelVersion> {
    return registry.getModelVersion(this.api, name, version);
  }

  async getModelVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    return registry.getModelVersionByAlias(this.api, name, alias);
  }

  async listModelVersions(name: string): Promise<readonly ModelVersion[]> {
    return registry.listModelVersions(this.api, name);
  }

  async searchModelVersions(query: SearchQuery = {}): Promise<Page<ModelVersion>> {
    return searchEntities(query, this.#now(), {
      there: (search) => registry.searchVersionPage(this.api, search),
      all: () => registry.listModelVersions(this.api, null),
      here: async (items, search) =>
        (await import("../../core/search/search-registry.js")).searchModelVersions(items, search),
    });
  }

  async updateModelVersion(name: string, version: number, description: string): Promise<void> {
    await this.api.call("updateModelVersion", { body: { name, version: String(version), description } });
  }

  async transitionStage(
    name: string,
    version: number,
    stage: string,
    options: { readonly archiveExisting?: boolean } = {},
  ): Promise<ModelVersion> {
    const archiveExisting = options.archiveExisting === true;
    return registry.transitionStage(this.api, { name, version, stage, archiveExisting });
  }

  async deleteModelVersion(name: string, version: number): Promise<void> {
    const body = { name, version: String(version) };
    await this.api.call("deleteModelVersion", { body }).catch(runs.unlessDoneBefore);
  }

  async setModelVersionTags(name: string, version: number, tags: StringMap): Promise<void> {
    for (const [key, value] of Object.entries(tags))
      await this.api.call("setModelVersionTag", { body: { name, version: String(version), key, value } });
  }

  async deleteModelVersionTag(name: string, version: number, key: string): Promise<void> {
    await this.api.call("deleteModelVersionTag", { body: { name, version: String(version), key } });
  }

  async close(): Promise<void> {
    await this.api.close();
  }
}
