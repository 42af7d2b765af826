/**
 * Writing into a run of a server. The verbs put what is logged into memory and return; it is sent in batches in the background.
 * What was acknowledged by `flush` or `end` is at the server; what was not may be lost with the process.
 */
import { join } from "node:path";
import {
  copyHashed,
  ensurePrivateDirectory,
  OpenFile,
  removeFile,
  temporaryName,
} from "../../core/fs/index.js";
import type { NewInputs, RunWriter } from "../../core/interfaces.js";
import { checkMetric } from "../../core/store/runs/check-metric.js";
import { logInputsRequest, logOutputsRequest, MAX_LOGGED_DATASETS } from "../../protocol/mlflow/index.js";
import {
  checkArtifactPath,
  checkKey,
  type Metric,
  type ModelOutput,
  type Run,
  type RunStatus,
  RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import { isAmbiguous, type MlflowApi } from "./api.js";
import type { RestArtifacts } from "./artifacts.js";
import { checkText } from "./check-text.js";
import { deleteTag, getRun, updateRun } from "./runs.js";
import { WriteQueue } from "./write-queue.js";

export interface RestWriterParts {
  readonly api: MlflowApi;
  readonly artifacts: RestArtifacts;
  /** Where files wait to be sent: what is logged is the file as it was then. */
  readonly spoolDirectory: string;
  readonly now: () => number;
  /** The run as it was when it was opened. */
  readonly run: Run;
}

export class RestRunWriter implements RunWriter {
  readonly runId: string;
  readonly experimentId: string;
  readonly #parts: RestWriterParts;
  readonly #knownKeys = new Set<string>();
  readonly #params: Map<string, string>;
  readonly #queue: WriteQueue;
  #open = true;

  constructor(parts: RestWriterParts) {
    this.#parts = parts;
    this.runId = parts.run.info.runId;
    this.experimentId = parts.run.info.experimentId;
    this.#params = new Map(Object.entries(parts.run.params));
    this.#queue = new WriteQueue(parts.api, this.runId);
  }

  logMetrics(metrics: readonly Metric[]): void {
    this.#assertOpen();
    for (const metric of metrics) checkMetric(metric, this.#knownKeys);
    this.#queue.makeRoom(metrics.length);
    const batch = this.#queue.batch(metrics.length);
    for (const metric of metrics) batch.metrics.push({ ...metric });
  }

  /** Another value of a param that this process knows is PARAM_CONFLICT at once; of others the next flush tells. */
  logParams(params: StringMap): void {
    this.#assertOpen();
    const fresh = Object.entries(params).filter(([key, value]) => this.#isNewParam(key, value));
    this.#queue.makeRoom(fresh.length);
    const batch = this.#queue.batch(fresh.length);
    for (const [key, value] of fresh) {
      batch.params[key] = value;
      this.#params.set(key, value);
    }
  }

  setTags(tags: StringMap): void {
    this.#assertOpen();
    for (const [key, value] of Object.entries(tags)) checkText("tag", key, value);
    const entries = Object.keys(tags).length;
    this.#queue.makeRoom(entries);
    Object.assign(this.#queue.batch(entries).tags, tags);
  }

  deleteTag(key: string): void {
    this.#assertOpen();
    checkKey(key, "tag");
    this.#queue.add(() => deleteTag(this.#parts.api, this.runId, key));
  }

  logInputs(inputs: NewInputs): void {
    this.#assertOpen();
    const { modelIds = [] } = inputs;
    const datasets = (inputs.datasets ?? []).map(({ dataset, tags = {} }) => ({ dataset, tags }));
    if (datasets.length > MAX_LOGGED_DATASETS) throw tooManyDatasets(datasets.length);
    const body = logInputsRequest(this.runId, { datasets, modelIds });
    this.#queue.add(async () => void (await this.#parts.api.call("logInputs", { body })));
  }

  logOutputs(outputs: readonly ModelOutput[]): void {
    this.#assertOpen();
    this.#queue.add(() => this.#sendOutputs(outputs));
  }

  logArtifactFile(source: string, path: string): void {
    this.#assertOpen();
    checkArtifactPath(path);
    this.#queue.makeRoom(1);
    const { spoolDirectory } = this.#parts;
    ensurePrivateDirectory(spoolDirectory);
    const copy = join(spoolDirectory, temporaryName());
    const { size } = copyHashed(source, copy);
    const send = (): Promise<void> =>
      this.#parts.artifacts.upload({ runId: this.runId }, path, { open: () => readFile(copy), size });
    this.#queue.add(send, { release: () => void removeFile(copy) });
  }

  logArtifactBytes(path: string, bytes: Uint8Array): void {
    this.#assertOpen();
    checkArtifactPath(path);
    const kept = Uint8Array.from(bytes);
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield kept;
    };
    const send = (): Promise<void> =>
      this.#parts.artifacts.upload({ runId: this.runId }, path, { open, size: kept.length });
    this.#queue.add(send, { bytes: kept.length });
  }

  /**
   * Resolves when everything logged so far is at the server. Rejects with the first thing that it refused (that is given up),
   * or REMOTE_UNREACHABLE: then it all waits on, and the next flush tries again.
   */
  async flush(): Promise<void> {
    await this.#queue.flush();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    await this.flush();
    this.#open = false;
  }

  /** What the server refused is told after the end; it does not keep the run from ending. */
  async end(outcome: { readonly status: RunStatus; readonly endTime?: number | bigint }): Promise<void> {
    const refused = await this.flush().then(
      () => null,
      (error: unknown) => {
        if (!this.#queue.isEmpty) throw error;
        return { error };
      },
    );
    const { status, endTime = this.#parts.now() } = outcome;
    await updateRun(this.#parts.api, this.runId, { status, endTime });
    this.#open = false;
    if (refused !== null) throw refused.error;
  }

  /** How much waits to be sent: entries of batches and other calls. */
  get waiting(): number {
    return this.#queue.entries;
  }

  #assertOpen(): void {
    if (this.#open) return;
    throw new RunstoneError("INVALID_STATE", `run ${this.runId} was ended or closed by this writer`, {
      hint: "Open the run again to log more.",
      data: { runId: this.runId },
    });
  }

  #isNewParam(key: string, value: string): boolean {
    checkText("param", key, value);
    const before = this.#params.get(key);
    if (before === undefined || before === value) return before === undefined;
    throw new RunstoneError(
      "PARAM_CONFLICT",
      `param ${JSON.stringify(key)} has the value ${shown(before)}, not ${shown(value)}`,
      {
        hint: "Params never change. Log what changes as a metric or a tag.",
        data: { key, before, value },
      },
    );
  }

  /** A server refuses an output that it has. */
  async #sendOutputs(outputs: readonly ModelOutput[]): Promise<void> {
    const { api } = this.#parts;
    const known = new Set((await getRun(api, this.runId)).outputs.map(({ modelId }) => modelId));
    const fresh = outputs.filter(({ modelId }) => !known.has(modelId));
    if (fresh.length === 0) return;
    try {
      await api.call("logOutputs", { body: logOutputsRequest(this.runId, fresh), repeatable: false });
    } catch (error) {
      if (!isAmbiguous(error)) throw error;
      await this.#sendOutputs(outputs);
    }
  }
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  const file = OpenFile.openIfExists(path);
  if (file === null)
    throw new RunstoneError("IO_ERROR", `${path} is gone before it was sent`, { data: { path } });
  try {
    for (const block of file.blocks(0, file.size)) yield block.slice();
  } finally {
    file.close();
  }
}

function tooManyDatasets(count: number): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${count} datasets in one call are more than ${MAX_LOGGED_DATASETS}`,
    {
      hint: "Log them in several calls.",
      data: { count },
    },
  );
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
