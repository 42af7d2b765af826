/**
 * The small interfaces between those who ask (cli, sdk, server, sync) and those who keep (the file store, a remote
 * server). A store says what it can in `capabilities`; one conformance suite runs over all of them.
 */
import type {
  ArtifactEntry,
  Damage,
  Dataset,
  Experiment,
  Integer,
  LoggedModel,
  LoggedModelStatus,
  Metric,
  ModelOutput,
  ModelVersion,
  Point,
  RegisteredModel,
  Run,
  RunInfo,
  RunStatus,
  StringMap,
  TraceInfo,
  View,
} from "../store-format/index.js";

export interface Capabilities {
  readonly artifacts: boolean;
  readonly registry: boolean;
  readonly loggedModels: boolean;
  /** {@link Maintenance}: damage, leases, objects. */
  readonly maintenance: boolean;
}

export interface NewExperiment {
  readonly name: string;
  readonly artifactLocation?: string;
  readonly tags?: StringMap;
}

export interface NewRun {
  readonly experimentId: string;
  /** Generated (adjective-animal-number) when absent. */
  readonly runName?: string;
  /** Default: the tag `mlflow.user`, else `unknown`. */
  readonly userId?: string;
  /** Default: now. */
  readonly startTime?: Integer;
  readonly params?: StringMap;
  readonly tags?: StringMap;
  /** Sets the tag `mlflow.parentRunId`; the parent must exist. */
  readonly parentRunId?: string;
  /** A job that is requeued finds its run again by this key (unique within the experiment). */
  readonly runKey?: string;
}

export interface RunChange {
  readonly runName?: string;
  readonly status?: RunStatus;
  /** null clears it. */
  readonly endTime?: Integer | null;
}

export interface RunQuery {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[];
  /** By the runs' lifecycle stage; default `active`. Runs in `.trash` count as deleted. */
  readonly view?: View;
}

/** `runstone`: the superset, with OR, dates and the rest; `mlflow`: exactly what MLflow's file store answers. */
export type SearchDialect = "runstone" | "mlflow";

/** What every search can be asked (docs/reference/filter.md). */
export interface SearchQuery {
  /** Default: everything. */
  readonly filter?: string;
  /** Default `runstone`. */
  readonly dialect?: SearchDialect;
  /** A field, then `ASC` (the default) or `DESC`. */
  readonly orderBy?: readonly string[];
  /** Default: all in Runstone's dialect, MLflow's number in MLflow's. */
  readonly maxResults?: number;
  /** `nextPageToken` of the page before. */
  readonly pageToken?: string;
}

export interface RunSearchQuery extends SearchQuery, RunQuery {}

export interface ExperimentSearchQuery extends SearchQuery {
  /** Default `active`. */
  readonly view?: View;
}

/** A dataset by name, of one digest or of any. */
export interface DatasetChoice {
  readonly name: string;
  readonly digest?: string;
}

export interface LoggedModelOrder {
  /** An attribute, or `metrics.<key>`. */
  readonly field: string;
  /** Default true. */
  readonly ascending?: boolean;
  /** Of a metric: only values on this dataset. */
  readonly dataset?: DatasetChoice;
}

export interface LoggedModelSearchQuery extends Omit<SearchQuery, "orderBy"> {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[];
  /** Metrics in the filter count only on these; without any in the filter, models that have a metric on one of them. */
  readonly datasets?: readonly DatasetChoice[];
  readonly orderBy?: readonly LoggedModelOrder[];
}

/** One page of what a search found, in order. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** How many there are on all pages; null when the store does not say. */
  readonly total: number | null;
  /** null on the last page. Pages are cut from a fresh answer each: they are no snapshot. */
  readonly nextPageToken: string | null;
}

/** One use of a dataset by a run. */
export interface NewDatasetInput {
  readonly dataset: Omit<Dataset, "datasetId">;
  readonly tags?: StringMap;
}

export interface NewInputs {
  readonly datasets?: readonly NewDatasetInput[];
  readonly modelIds?: readonly string[];
}

export interface Batch {
  readonly params?: StringMap;
  readonly metrics?: readonly Metric[];
  readonly tags?: StringMap;
}

export interface NewLoggedModel {
  readonly experimentId: string;
  readonly name?: string;
  readonly modelType?: string;
  readonly sourceRunId?: string;
  readonly params?: StringMap;
  readonly tags?: StringMap;
}

export interface NewModelVersion {
  readonly name: string;
  readonly source: string;
  readonly runId?: string;
  readonly runLink?: string;
  readonly modelId?: string;
  readonly description?: string;
  readonly tags?: StringMap;
}

/** Experiments, runs and their records. Every method rejects with `RunstoneError`. */
export interface TrackingStore {
  /** What the user gave to open it: a path or a URL without credentials. */
  readonly uri: string;
  readonly capabilities: Capabilities;

  createExperiment(spec: NewExperiment): Promise<Experiment>;
  getExperiment(experimentId: string): Promise<Experiment>;
  getExperimentByName(name: string): Promise<Experiment | null>;
  listExperiments(view?: View): Promise<readonly Experiment[]>;
  /** Latest creation first, unless an order is given. */
  searchExperiments(query?: ExperimentSearchQuery): Promise<Page<Experiment>>;
  renameExperiment(experimentId: string, name: string): Promise<void>;
  deleteExperiment(experimentId: string): Promise<void>;
  restoreExperiment(experimentId: string): Promise<void>;
  setExperimentTags(experimentId: string, tags: StringMap): Promise<void>;
  deleteExperimentTag(experimentId: string, key: string): Promise<void>;

  createRun(spec: NewRun): Promise<Run>;
  getRun(runId: string): Promise<Run>;
  listRuns(query?: RunQuery): AsyncIterable<Run>;
  /** Latest start first, then by id, unless an order is given. A damaged run is left out, as by `listRuns`. */
  searchRuns(query?: RunSearchQuery): Promise<Page<Run>>;
  updateRun(runId: string, change: RunChange): Promise<RunInfo>;
  /** Soft-deletes a run, with all its descendants when `tree`. Returns the ids deleted. */
  deleteRun(runId: string, options?: { readonly tree?: boolean }): Promise<readonly string[]>;
  restoreRun(runId: string, options?: { readonly tree?: boolean }): Promise<readonly string[]>;
  /** Claims a place to write into a run. Close it, or end the run through it. */
  openRun(runId: string): Promise<RunWriter>;
  /** One batch without keeping a writer open. */
  logBatch(runId: string, batch: Batch): Promise<void>;
  setTags(runId: string, tags: StringMap): Promise<void>;
  deleteTag(runId: string, key: string): Promise<void>;
  /** All points in file order (writers one after another); empty for an unknown key. */
  getMetricHistory(runId: string, key: string): AsyncIterable<Point>;

  createLoggedModel(spec: NewLoggedModel): Promise<LoggedModel>;
  getLoggedModel(modelId: string): Promise<LoggedModel>;
  listLoggedModels(experimentId: string, view?: View): Promise<readonly LoggedModel[]>;
  /** Latest creation first, unless an order is given. */
  searchLoggedModels(query?: LoggedModelSearchQuery): Promise<Page<LoggedModel>>;
  finalizeLoggedModel(modelId: string, status: LoggedModelStatus): Promise<LoggedModel>;
  setLoggedModelTags(modelId: string, tags: StringMap): Promise<void>;
  deleteLoggedModelTag(modelId: string, key: string): Promise<void>;
  deleteLoggedModel(modelId: string): Promise<void>;
  listTraces(experimentId: string): Promise<readonly TraceInfo[]>;

  createRegisteredModel(
    name: string,
    options?: { readonly description?: string; readonly tags?: StringMap },
  ): Promise<RegisteredModel>;
  getRegisteredModel(name: string): Promise<RegisteredModel>;
  listRegisteredModels(): Promise<readonly RegisteredModel[]>;
  /** By name, unless an order is given. Prompts are shown to who asks for the tag `mlflow.prompt.is_prompt`. */
  searchRegisteredModels(query?: SearchQuery): Promise<Page<RegisteredModel>>;
  renameRegisteredModel(name: string, newName: string): Promise<void>;
  updateRegisteredModel(name: string, description: string): Promise<void>;
  deleteRegisteredModel(name: string): Promise<void>;
  setRegisteredModelTags(name: string, tags: StringMap): Promise<void>;
  deleteRegisteredModelTag(name: string, key: string): Promise<void>;
  setAlias(name: string, alias: string, version: number): Promise<void>;
  deleteAlias(name: string, alias: string): Promise<void>;
  createModelVersion(spec: NewModelVersion): Promise<ModelVersion>;
  getModelVersion(name: string, version: number): Promise<ModelVersion>;
  getModelVersionByAlias(name: string, alias: string): Promise<ModelVersion>;
  /** Deleted versions are left out. */
  listModelVersions(name: string): Promise<readonly ModelVersion[]>;
  /** Versions of every model, latest update first, unless an order is given. */
  searchModelVersions(query?: SearchQuery): Promise<Page<ModelVersion>>;
  updateModelVersion(name: string, version: number, description: string): Promise<void>;
  transitionStage(
    name: string,
    version: number,
    stage: string,
    options?: { readonly archiveExisting?: boolean },
  ): Promise<ModelVersion>;
  deleteModelVersion(name: string, version: number): Promise<void>;
  setModelVersionTags(name: string, version: number, tags: StringMap): Promise<void>;
  deleteModelVersionTag(name: string, version: number, key: string): Promise<void>;

  readonly artifacts: Artifacts;
  close(): Promise<void>;
}

/**
 * Writing into one run. The verbs are synchronous: when one returns, the kernel has the data (durability `default`).
 * They throw `RunstoneError`.
 */
export interface RunWriter {
  readonly runId: string;
  readonly experimentId: string;
  logMetrics(metrics: readonly Metric[]): void;
  logParams(params: StringMap): void;
  setTags(tags: StringMap): void;
  deleteTag(key: string): void;
  logInputs(inputs: NewInputs): void;
  logOutputs(outputs: readonly ModelOutput[]): void;
  /** Copies a file to `artifacts/<path>` (path: target file path, `/` separated). */
  logArtifactFile(source: string, path: string): void;
  logArtifactBytes(path: string, bytes: Uint8Array): void;
  /** Makes everything logged through this writer durable. */
  flush(): Promise<void>;
  /**
   * Gives the place back; the run goes on. What was logged is with the kernel (durability `default`); it is durable after a
   * flush before, or when the run ends.
   */
  close(): Promise<void>;
  /** Flushes, sets status and end time (default now), seals, gives the place and the lease back. */
  end(outcome: { readonly status: RunStatus; readonly endTime?: Integer }): Promise<void>;
}

/** What an artifact belongs to. */
export type ArtifactOwner = { readonly runId: string } | { readonly modelId: string };

export interface Artifacts {
  /** One level below `path` (default the top), sorted; or everything, when `recursive`. */
  list(
    owner: ArtifactOwner,
    path?: string,
    options?: { readonly recursive?: boolean },
  ): Promise<readonly ArtifactEntry[]>;
  /** Bytes of `[start, end)`; the whole artifact by default. */
  read(
    owner: ArtifactOwner,
    path: string,
    range?: { readonly start?: number; readonly end?: number },
  ): AsyncIterable<Uint8Array>;
  /** Copies an artifact file, or a directory tree, to a local path; returns the path written. */
  download(owner: ArtifactOwner, path: string, destination: string): Promise<string>;
  /** Writes an artifact from a stream in flat memory. */
  write(owner: ArtifactOwner, path: string, content: AsyncIterable<Uint8Array>): Promise<void>;
}

/** What only a store of files has. */
export interface Maintenance {
  /** Walks the whole store and yields everything readable and every damage. */
  scan(): AsyncIterable<Damage>;
}
