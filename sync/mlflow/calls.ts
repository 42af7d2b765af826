/** The requests of a push and a verification, typed. Each rejects with `RunstoneError`. */
import {
  createExperimentRequest,
  createLoggedModelRequest,
  createRunRequest,
  type Fields,
  HISTORY_PAGE_POINTS,
  type InputFields,
  logBatchRequest,
  logInputsRequest,
  logOutputsRequest,
  MAX_BULK_HISTORY_POINTS,
  parseExperiment,
  parseFileInfo,
  parseLoggedModel,
  parseMetric,
  parsePage,
  parseRun,
  type RequestBody,
  type RouteName,
  routeLabel,
  type SearchRunsFields,
  searchExperimentsRequest,
  searchRunsRequest,
  serializeKeyValues,
  serializeLoggedModelStatus,
  type UpdateRunFields,
  updateRunRequest,
} from "../../protocol/mlflow/index.js";
import {
  type ArtifactEntry,
  type Experiment,
  type Integer,
  isRunstoneError,
  type LoggedModel,
  type LoggedModelStatus,
  type ModelOutput,
  type Point,
  type Run,
  type StringMap,
} from "../../store-format/index.js";
import { PointCollector, type PointSet } from "../engine/point-set.js";
import type { LogBatch } from "./metric-batches.js";
import { allItems, endless } from "./pages.js";

export interface CallOptions {
  readonly segments?: Readonly<Record<string, string>>;
  /** Lists are repeated keys. */
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: RequestBody;
  /** False: a request whose answer was lost is not sent again, because it may have been done. Default true. */
  readonly repeatable?: boolean;
}

export interface Upload {
  readonly path: string;
  readonly size: number;
  /** Called anew for each attempt. */
  content(): AsyncIterable<Uint8Array>;
}

/** What the calls need of an HTTP client. */
export interface Transport {
  /** Requests that went out, repeats included. */
  readonly requests: number;
  call(route: RouteName, options: CallOptions): Promise<Fields>;
  /** A file through the server's artifact proxy. */
  upload(file: Upload): Promise<void>;
  /** One that is not `repeatable` is not tried again. Throws RESOURCE_DOES_NOT_EXIST. */
  download(path: string, repeatable: boolean): AsyncIterable<Uint8Array>;
}

export interface NewRemoteRun {
  readonly experimentId: string;
  readonly runName: string;
  readonly userId: string;
  readonly startTime: Integer | null;
  readonly tags: StringMap;
}

export interface NewRemoteModel {
  readonly experimentId: string;
  readonly name: string;
  readonly modelType: string | null;
  readonly sourceRunId: string | null;
  readonly params: StringMap;
  readonly tags: StringMap;
}

/** Experiments of one page of a search. */
const EXPERIMENTS_A_PAGE = 1_000;
/** Of one series: more than this is no series, but a server that does not stop. 24 bytes each are kept of them. */
const MOST_POINTS = 50_000_000;

export class MlflowCalls {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get requests(): number {
    return this.#transport.requests;
  }

  async getExperiment(experimentId: string): Promise<Experiment | null> {
    return this.#experiment("getExperiment", { experiment_id: experimentId });
  }

  /** Also a deleted one. */
  async getExperimentByName(name: string): Promise<Experiment | null> {
    return this.#experiment("getExperimentByName", { experiment_name: name });
  }

  /** All, deleted ones too. */
  async *searchExperiments(): AsyncGenerator<Experiment> {
    yield* this.#pages("searchExperiments", "experiments", parseExperiment, (pageToken) => ({
      body: searchExperimentsRequest({ maxResults: EXPERIMENTS_A_PAGE, view: "all", pageToken }),
    }));
  }

  /** Returns its id. Throws RESOURCE_ALREADY_EXISTS, also when its own answer was lost. */
  async createExperiment(name: string, tags: StringMap): Promise<string> {
    const fields = await this.#transport.call("createExperiment", {
      body: createExperimentRequest({ name, tags }),
    });
    return fields.idText("experiment_id") ?? fields.requiredString("experiment_id");
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    await this.#transport.call("restoreExperiment", { body: { experiment_id: experimentId } });
  }

  /** With inputs and outputs; also a deleted one. */
  async getRun(runId: string): Promise<Run | null> {
    const query = { run_id: runId, run_uuid: runId };
    return orNull(async () => {
      const fields = await this.#transport.call("getRun", { query });
      return parseRun(fields.requiredNested("run"));
    });
  }

  async *searchRuns(search: SearchRunsFields): AsyncGenerator<Run> {
    yield* this.#pages("searchRuns", "runs", parseRun, (pageToken) => ({
      body: searchRunsRequest({ ...search, pageToken }),
    }));
  }

  /** Not repeated: when the answer was lost, look for the run before another try. */
  async createRun({ startTime, tags, ...run }: NewRemoteRun): Promise<Run> {
    const body: RequestBody = {
      ...createRunRequest({ ...run, startTime: startTime ?? 0, tags }),
      start_time: startTime ?? undefined,
      // Just these: a tag `mlflow.user` that the run has not would be one more there.
      tags: serializeKeyValues(tags),
    };
    const fields = await this.#transport.call("createRun", { body, repeatable: false });
    return parseRun(fields.requiredNested("run"));
  }

  async updateRun(runId: string, change: UpdateRunFields): Promise<void> {
    await this.#transport.call("updateRun", { body: updateRunRequest(runId, change) });
  }

  async deleteRun(runId: string): Promise<void> {
    await this.#transport.call("deleteRun", { body: { run_id: runId } });
  }

  async restoreRun(runId: string): Promise<void> {
    await this.#transport.call("restoreRun", { body: { run_id: runId } });
  }

  async logBatch(runId: string, batch: Partial<LogBatch>, repeatable: boolean): Promise<void> {
    await this.#transport.call("logBatch", { body: logBatchRequest(runId, batch), repeatable });
  }

  /** One that is not there is fine. */
  async deleteTag(runId: string, key: string): Promise<void> {
    await orNull(() => this.#transport.call("deleteTag", { body: { run_id: runId, key } }));
  }

  async logInputs(runId: string, inputs: InputFields): Promise<void> {
    await this.#transport.call("logInputs", { body: logInputsRequest(runId, inputs) });
  }

  /** Not repeatable: a SQL store refuses a pair that it has. */
  async logOutputs(runId: string, outputs: readonly ModelOutput[]): Promise<void> {
    await this.#transport.call("logOutputs", { body: logOutputsRequest(runId, outputs), repeatable: false });
  }

  /** All points of a series as a set; empty for an unknown one. */
  async getHistory(runId: string, key: string): Promise<PointSet> {
    const points = new PointCollector();
    const all = this.#pages("getMetricHistory", "metrics", parseMetric, (pageToken) => ({
      query: {
        ...{ run_id: runId, run_uuid: runId, metric_key: key, page_token: pageToken },
        max_results: String(HISTORY_PAGE_POINTS),
      },
    }));
    let count = 0;
    for await (const point of all) {
      count += 1;
      if (count > MOST_POINTS) throw endless(routeLabel("getMetricHistory"));
      points.add(point);
    }
    return points.finish();
  }

  /**
   * Points of one key of several runs, by run; null when the server may have left some out. Throws ENDPOINT_NOT_FOUND as
   * REMOTE_FAILED where there is no such endpoint, and REMOTE_FAILED for NaN, which it writes as no JSON has it.
   */
  async getHistories(runIds: readonly string[], key: string): Promise<ReadonlyMap<string, PointSet> | null> {
    const fields = await this.#transport.call("getMetricHistoryBulk", {
      query: { run_id: runIds, metric_key: key, max_results: String(MAX_BULK_HISTORY_POINTS) },
    });
    const items = fields.list("metrics");
    if (items.length >= MAX_BULK_HISTORY_POINTS) return null;
    const collectors = new Map(runIds.map((runId) => [runId, new PointCollector()]));
    for (const item of items) collectors.get(item.requiredString("run_id"))?.add(parseMetric(item) as Point);
    return new Map([...collectors].map(([runId, collector]) => [runId, collector.finish()]));
  }

  /** One level; names are relative to the directory. A directory that is not there is empty. */
  async listArtifacts(path: string): Promise<readonly ArtifactEntry[]> {
    const fields = await this.#transport.call("listProxiedArtifacts", { query: { path } });
    return fields.list("files").map(parseFileInfo);
  }

  upload(file: Upload): Promise<void> {
    return this.#transport.upload(file);
  }

  download(path: string, repeatable = true): AsyncIterable<Uint8Array> {
    return this.#transport.download(path, repeatable);
  }

  /** Not repeated, as {@link createRun}. */
  async createLoggedModel(model: NewRemoteModel): Promise<LoggedModel> {
    const { modelType, sourceRunId, ...rest } = model;
    const body = createLoggedModelRequest({
      ...rest,
      modelType: modelType ?? undefined,
      sourceRunId: sourceRunId ?? undefined,
    });
    const fields = await this.#transport.call("createLoggedModel", { body, repeatable: false });
    return parseLoggedModel(fields.requiredNested("model"));
  }

  async getLoggedModel(modelId: string): Promise<LoggedModel | null> {
    return orNull(async () => {
      const fields = await this.#transport.call("getLoggedModel", { segments: { model_id: modelId } });
      return parseLoggedModel(fields.requiredNested("model"));
    });
  }

  async searchLoggedModels(experimentId: string, filter: string): Promise<readonly LoggedModel[]> {
    const found: LoggedModel[] = [];
    const all = this.#pages("searchLoggedModels", "models", parseLoggedModel, (pageToken) => ({
      body: { experiment_ids: [experimentId], filter, max_results: 50, page_token: pageToken },
    }));
    for await (const model of all) found.push(model);
    return found;
  }

  /** Not repeatable: a SQL store refuses a key that it has. */
  async logModelParams(modelId: string, params: StringMap): Promise<void> {
    await this.#transport.call("logLoggedModelParams", {
      segments: { model_id: modelId },
      body: { model_id: modelId, params: serializeKeyValues(params) },
      repeatable: false,
    });
  }

  async setModelTags(modelId: string, tags: StringMap): Promise<void> {
    await this.#transport.call("setLoggedModelTags", {
      segments: { model_id: modelId },
      body: { model_id: modelId, tags: serializeKeyValues(tags) },
    });
  }

  /** Soft. */
  async deleteLoggedModel(modelId: string): Promise<void> {
    await this.#transport.call("deleteLoggedModel", {
      segments: { model_id: modelId },
      body: { model_id: modelId },
    });
  }

  async finalizeModel(modelId: string, status: LoggedModelStatus): Promise<void> {
    await this.#transport.call("finalizeLoggedModel", {
      segments: { model_id: modelId },
      body: { model_id: modelId, status: serializeLoggedModelStatus(status) },
    });
  }

  #pages<Item>(
    route: RouteName,
    list: string,
    parseItem: (fields: Fields) => Item,
    optionsOf: (pageToken: string | undefined) => CallOptions,
  ): AsyncGenerator<Item> {
    return allItems(routeLabel(route), async (pageToken) =>
      parsePage(await this.#transport.call(route, optionsOf(pageToken)), list, parseItem),
    );
  }

  #experiment(
    route: "getExperiment" | "getExperimentByName",
    query: Readonly<Record<string, string>>,
  ): Promise<Experiment | null> {
    return orNull(async () => {
      const fields = await this.#transport.call(route, { query });
      return parseExperiment(fields.requiredNested("experiment"));
    });
  }
}

/** What is not there is null. */
async function orNull<Value>(ask: () => Promise<Value>): Promise<Value | null> {
  try {
    return await ask();
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    throw error;
  }
}
