/**
 * The file store: `TrackingStore` over an `mlruns` root. This file only joins the parts; the work is in `read/`, `runs/`,
 * `experiments/`, `logged-models/`, `registry/` and `artifacts/`. Work is synchronous inside (several times faster on
 * local disks); the promises are those of the interface.
 */
import type {
  Experiment,
  LoggedModel,
  LoggedModelStatus,
  ModelVersion,
  Point,
  RegisteredModel,
  Run,
  RunInfo,
  StringMap,
  TraceInfo,
  View,
} from "../../store-format/index.js";
import type {
  Artifacts,
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
} from "../interfaces.js";
import { type Lease, type LeaseOwner, processOwner, takeLease } from "../leases/index.js";
import { FileArtifacts } from "./artifacts/file-artifacts.js";
import type { StoreContext } from "./context.js";
import * as experiments from "./experiments/index.js";
import * as models from "./logged-models/index.js";
import * as read from "./read/index.js";
import * as registry from "./registry/index.js";
import {
  deleteRun,
  deleteRunTag,
  locateActiveRun,
  locateRun,
  moveRun,
  restoreRun,
  setRunTags,
  type TreeOption,
  updateRun,
} from "./runs/change-run.js";
import { createRun, findRunByKey } from "./runs/create-run.js";
import { resumeRun } from "./runs/resume-run.js";
import { FileRunWriter } from "./runs/run-writer.js";
import { writable } from "./writable.js";

export interface OpenRunOptions {
  /** Takes the run's lease for this owner; the writer gives it back. Default: none (one of several ranks, a script). */
  readonly owner?: LeaseOwner;
  /** Takes a lease whose owner is silent but not proven dead. */
  readonly takeOver?: boolean;
}

export class FileStore implements TrackingStore {
  readonly uri: string;
  readonly context: StoreContext;
  readonly capabilities: Capabilities = {
    artifacts: true,
    registry: true,
    loggedModels: true,
    maintenance: true,
  };
  readonly artifacts: Artifacts;
  readonly #onDamage: read.OnDamage;
  #identity: LeaseOwner | null = null;

  constructor(context: StoreContext, onDamage: read.OnDamage = () => undefined) {
    this.context = context;
    this.uri = context.root;
    this.#onDamage = onDamage;
    this.artifacts = new FileArtifacts(context);
  }

  /** The context for functions that write. Throws FORMAT_TOO_NEW and PERMISSION_DENIED, see {@link writable}. */
  get writable(): StoreContext {
    return writable(this.context);
  }

  async createExperiment(spec: NewExperiment): Promise<Experiment> {
    return experiments.createExperiment(this.writable, spec);
  }

  async getExperiment(experimentId: string): Promise<Experiment> {
    return read.readExperiment(experiments.locateExperiment(this.context, experimentId), this.#onDamage);
  }

  async getExperimentByName(name: string): Promise<Experiment | null> {
    const found = read.findExperimentsByName(this.context, name);
    return found.find((experiment) => experiment.lifecycleStage === "active") ?? found[0] ?? null;
  }

  async listExperiments(view: View = "active"): Promise<readonly Experiment[]> {
    const all = read.scanExperiments(this.context, this.#onDamage);
    return all.filter((experiment) => view === "all" || experiment.lifecycleStage === view);
  }

  async searchExperiments(query: ExperimentSearchQuery = {}): Promise<Page<Experiment>> {
    const search = await loadSearch();
    return search.searchStoredExperiments(this.context, query, this.#onDamage);
  }

  async renameExperiment(experimentId: string, name: string): Promise<void> {
    experiments.renameExperiment(this.writable, experimentId, name);
  }

  async deleteExperiment(experimentId: string): Promise<void> {
    experiments.deleteExperiment(this.writable, experimentId);
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    experiments.restoreExperiment(this.writable, experimentId);
  }

  async setExperimentTags(experimentId: string, tags: StringMap): Promise<void> {
    experiments.setExperimentTags(this.writable, experimentId, tags);
  }

  async deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    experiments.deleteExperimentTag(this.writable, experimentId, key);
  }

  async createRun(spec: NewRun): Promise<Run> {
    return read.readRun(createRun(this.writable, spec), this.#onDamage);
  }

  async getRun(runId: string): Promise<Run> {
    return read.readRun(locateRun(this.context, runId), this.#onDamage);
  }

  /** Damaged runs are told to `onDamage` and left out; every other run is yielded. */
  async *listRuns(query: RunQuery = {}): AsyncIterable<Run> {
    const { experimentIds, view = "active" } = query;
    const wanted = { onDamage: this.#onDamage, ...(experimentIds === undefined ? {} : { experimentIds }) };
    for (const location of read.listRunLocations(this.context, wanted)) {
      if (read.readRunMetaReporting(location, this.#onDamage) === null) continue;
      const run = read.readRun(location, this.#onDamage);
      if (view === "all" || run.info.lifecycleStage === view) yield run;
    }
  }

  async searchRuns(query: RunSearchQuery = {}): Promise<Page<Run>> {
    const search = await loadSearch();
    return search.searchStoredRuns(this.context, query, this.#onDamage);
  }

  async updateRun(runId: string, change: RunChange): Promise<RunInfo> {
    return updateRun(this.writable, runId, change);
  }

  async deleteRun(runId: string, options: TreeOption = {}): Promise<readonly string[]> {
    return deleteRun(this.writable, runId, options);
  }

  async restoreRun(runId: string, options: TreeOption = {}): Promise<readonly string[]> {
    return restoreRun(this.writable, runId, options);
  }

  /** Moves a run to another experiment; the run id stays. */
  async moveRun(runId: string, experimentId: string): Promise<void> {
    moveRun(this.writable, runId, experimentId);
  }

  /** The run of a run key in an experiment, or null. */
  async findRunByKey(experimentId: string, runKey: string): Promise<string | null> {
    return findRunByKey(this.context, experimentId, runKey)?.runId ?? null;
  }

  /** Makes a run that ended, or whose process died, RUNNING again and opens it; counts the attempt. */
  async resumeRun(runId: string, options: OpenRunOptions = {}): Promise<FileRunWriter> {
    const context = this.writable;
    const location = locateActiveRun(context, runId);
    const identity = this.#processIdentity();
    const lease = this.#takeLease(location, options);
    try {
      resumeRun(context, location, { silentAreGone: options.takeOver === true });
    } catch (error) {
      lease?.release();
      throw error;
    }
    return new FileRunWriter(context, location, { identity, lease });
  }

  async openRun(runId: string, options: OpenRunOptions = {}): Promise<FileRunWriter> {
    const context = this.writable;
    const location = locateActiveRun(context, runId);
    const identity = this.#processIdentity();
    // Nothing that can fail comes between the lease and the writer that gives it back.
    const lease = this.#takeLease(location, options);
    return new FileRunWriter(context, location, { identity, lease });
  }

  #takeLease(location: read.RunLocation, options: OpenRunOptions): Lease | null {
    if (options.owner === undefined) return null;
    return takeLease(location.directory, options.owner, { force: options.takeOver === true });
  }

  #processIdentity(): LeaseOwner {
    this.#identity ??= processOwner("");
    return this.#identity;
  }

  async logBatch(runId: string, batch: Batch): Promise<void> {
    const writer = await this.openRun(runId);
    try {
      if (batch.params !== undefined) writer.logParams(batch.params);
      if (batch.metrics !== undefined) writer.logMetrics(batch.metrics);
      if (batch.tags !== undefined) writer.setTags(batch.tags);
    } finally {
      await writer.close();
    }
  }

  async setTags(runId: string, tags: StringMap): Promise<void> {
    setRunTags(this.writable, runId, tags);
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    deleteRunTag(this.writable, runId, key);
  }

  async *getMetricHistory(runId: string, key: string): AsyncIterable<Point> {
    yield* read.readMetricPoints(locateRun(this.context, runId), key, this.#onDamage);
  }

  async createLoggedModel(spec: NewLoggedModel): Promise<LoggedModel> {
    return models.createLoggedModel(this.writable, spec);
  }

  async getLoggedModel(modelId: string): Promise<LoggedModel> {
    return read.readLoggedModel(read.mustFindLoggedModel(this.context, modelId), this.#onDamage);
  }

  async listLoggedModels(experimentId: string, view: View = "active"): Promise<readonly LoggedModel[]> {
    const all = read.scanLoggedModels(this.context, experimentId, this.#onDamage);
    return all.filter((model) => view === "all" || model.lifecycleStage === view);
  }

  async searchLoggedModels(query: LoggedModelSearchQuery = {}): Promise<Page<LoggedModel>> {
    const search = await loadSearch();
    return search.searchStoredLoggedModels(this.context, query, this.#onDamage);
  }

  async finalizeLoggedModel(modelId: string, status: LoggedModelStatus): Promise<LoggedModel> {
    return models.finalizeLoggedModel(this.writable, modelId, status);
  }

  async setLoggedModelTags(modelId: string, tags: StringMap): Promise<void> {
    models.setLoggedModelTags(this.writable, modelId, tags);
  }

  async deleteLoggedModelTag(modelId: string, key: string): Promise<void> {
    models.deleteLoggedModelTag(this.writable, modelId, key);
  }

  async deleteLoggedModel(modelId: string): Promise<void> {
    models.deleteLoggedModel(this.writable, modelId);
  }

  async listTraces(experimentId: string): Promise<readonly TraceInfo[]> {
    return read.scanTraces(this.context, experimentId, this.#onDamage);
  }

  async createRegisteredModel(
    name: string,
    options: { readonly description?: string; readonly tags?: StringMap } = {},
  ): Promise<RegisteredModel> {
    return registry.createRegisteredModel(this.writable, name, options);
  }

  async getRegisteredModel(name: string): Promise<RegisteredModel> {
    return read.mustReadRegisteredModel(this.context, name);
  }

  async listRegisteredModels(): Promise<readonly RegisteredModel[]> {
    return read.scanRegisteredModels(this.context, this.#onDamage);
  }

  async searchRegisteredModels(query: SearchQuery = {}): Promise<Page<RegisteredModel>> {
    const search = await loadSearch();
    return search.searchStoredModels(this.context, query, this.#onDamage);
  }

  async renameRegisteredModel(name: string, newName: string): Promise<void> {
    registry.renameRegisteredModel(this.writable, name, newName);
  }

  async updateRegisteredModel(name: string, description: string): Promise<void> {
    registry.updateRegisteredModel(this.writable, name, description);
  }

  async deleteRegisteredModel(name: string): Promise<void> {
    registry.deleteRegisteredModel(this.writable, name);
  }

  async setRegisteredModelTags(name: string, tags: StringMap): Promise<void> {
    registry.setRegisteredModelTags(this.writable, name, tags);
  }

  async deleteRegisteredModelTag(name: string, key: string): Promise<void> {
    registry.deleteRegisteredModelTag(this.writable, name, key);
  }

  async setAlias(name: string, alias: string, version: number): Promise<void> {
    registry.setAlias(this.writable, name, alias, version);
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    registry.deleteAlias(this.writable, name, alias);
  }

  async createModelVersion(spec: NewModelVersion): Promise<ModelVersion> {
    return registry.createModelVersion(this.writable, spec);
  }

  async getModelVersion(name: string, version: number): Promise<ModelVersion> {
    return registry.readModelVersion(
      registry.locateRegisteredModel(this.context, name),
      registry.locateModelVersion(this.context, name, version),
    );
  }

  async getModelVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    return registry.getModelVersionByAlias(this.context, name, alias);
  }

  async listModelVersions(name: string): Promise<readonly ModelVersion[]> {
    const all = read.scanModelVersions(this.context, name, this.#onDamage);
    return all.filter((version) => version.currentStage !== "Deleted_Internal");
  }

  async searchModelVersions(query: SearchQuery = {}): Promise<Page<ModelVersion>> {
    const search = await loadSearch();
    return search.searchStoredVersions(this.context, query, this.#onDamage);
  }

  async updateModelVersion(name: string, version: number, description: string): Promise<void> {
    registry.updateModelVersion(this.writable, name, version, description);
  }

  async transitionStage(
    name: string,
    version: number,
    stage: string,
    options: { readonly archiveExisting?: boolean } = {},
  ): Promise<ModelVersion> {
    return registry.transitionStage(this.writable, name, version, stage, options);
  }

  async deleteModelVersion(name: string, version: number): Promise<void> {
    registry.deleteModelVersion(this.writable, name, version);
  }

  async setModelVersionTags(name: string, version: number, tags: StringMap): Promise<void> {
    registry.setModelVersionTags(this.writable, name, version, tags);
  }

  async deleteModelVersionTag(name: string, version: number, key: string): Promise<void> {
    registry.deleteModelVersionTag(this.writable, name, version, key);
  }

  async close(): Promise<void> {}
}

/** Loaded when the first search is asked for: most processes that open a store only write. */
function loadSearch(): Promise<typeof import("../index/search-store.js")> {
  return import("../index/search-store.js");
}
