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
import {
  type BatchFields,
  logInputsRequest,
  logOutputsRequest,
  MAX_LOGGED_DATASETS,
} from "../../protocol/mlflow/index.js";
import {
  checkArtifactPath,
  checkKey,
  codePointLength,
  isRunstoneError,
  type Metric,
  MLFLOW_MAX_PARAM_VALUE_LENGTH,
  MLFLOW_MAX_TAG_VALUE_LENGTH,
  type ModelOutput,
  type Run,
  type RunStatus,
  RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import { isAmbiguous, type MlflowApi } from "./api.js";
import type { RestArtifacts } from "./artifacts.js";
import { pieceSender } from "./points.js";
import { deleteTag, getRun, updateRun } from "./runs.js";
import { splitBatch } from "./split-batch.js";

/** Points, params and tags, and bytes of artifacts, that may wait. More is refused: the server is slower than the run. */
const MAX_WAITING = 1_000_000;
const MAX_WAITING_BYTES = 256 * 1_048_576;
/** What is logged within this time goes in one request. */
const GATHER_MS = 200;
/** After a server could not be reached the next try by itself is this much later. */
const PAUSE_MS = 15_000;

interface OpenBatch {
  readonly kind: "batch";
  /** Room made for it; a tag set twice has room twice. */
  entries: number;
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  readonly metrics: Metric[];
}

/** Something that waits to be sent. */
interface Task {
  readonly kind: "task";
  readonly entries: number;
  /** Held in memory. */
  readonly bytes: number;
  run(): Promise<void>;
  /** Called once it is done or given up. */
  release?(): void;
}

type Waiting = OpenBatch | Task;

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
  #queue: Waiting[] = [];
  #entries = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  /** The first thing that the server refused since the last flush. */
  #refused: unknown = null;
  #open = true;

  constructor(parts: RestWriterParts) {
    this.#parts = parts;
    this.runId = parts.run.info.runId;
    this.experimentId = parts.run.info.experimentId;
    this.#params = new Map(Object.entries(parts.run.params));
  }

  logMetrics(metrics: readonly Metric[]): void {
    this.#assertOpen();
    for (const metric of metrics) checkMetric(metric, this.#knownKeys);
    this.#makeRoom(metrics.length);
    const batch = this.#batch(metrics.length);
    for (const metric of metrics) batch.metrics.push({ ...metric });
  }

  /** Another value of a param that this process knows is PARAM_CONFLICT at once; of others the next flush tells. */
  logParams(params: StringMap): void {
    this.#assertOpen();
    const fresh = Object.entries(params).filter(([key, value]) => this.#isNewParam(key, value));
    this.#makeRoom(fresh.length);
    const batch = this.#batch(fresh.length);
    for (const [key, value] of fresh) {
      batch.params[key] = value;
      this.#params.set(key, value);
    }
  }

  setTags(tags: StringMap): void {
    this.#assertOpen();
    for (const [key, value] of Object.entries(tags)) checkText("tag", key, value);
    const entries = Object.keys(tags).length;
    this.#makeRoom(entries);
    Object.assign(this.#batch(entries).tags, tags);
  }

  deleteTag(key: string): void {
    this.#assertOpen();
    checkKey(key, "tag");
    this.#add(() => deleteTag(this.#parts.api, this.runId, key));
  }

  logInputs(inputs: NewInputs): void {
    this.#assertOpen();
    const { modelIds = [] } = inputs;
    const datasets = (inputs.datasets ?? []).map(({ dataset, tags = {} }) => ({ dataset, tags }));
    if (datasets.length > MAX_LOGGED_DATASETS) throw tooManyDatasets(datasets.length);
    const body = logInputsRequest(this.runId, { datasets, modelIds });
    this.#add(async () => void (await this.#parts.api.call("logInputs", { body })));
  }

  logOutputs(outputs: readonly ModelOutput[]): void {
    this.#assertOpen();
    this.#add(() => this.#sendOutputs(outputs));
  }

  logArtifactFile(source: string, path: string): void {
    this.#assertOpen();
    checkArtifactPath(path);
    this.#makeRoom(1);
    const { spoolDirectory } = this.#parts;
    ensurePrivateDirectory(spoolDirectory);
    const copy = join(spoolDirectory, temporaryName());
    const { size } = copyHashed(source, copy);
    const send = (): Promise<void> =>
      this.#parts.artifacts.upload({ runId: this.runId }, path, { open: () => readFile(copy), size });
    this.#add(send, { release: () => void removeFile(copy) });
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
    this.#add(send, { bytes: kept.length });
  }

  /**
   * Resolves when everything logged so far is at the server. Rejects with the first thing that it refused (that is given up),
   * or REMOTE_UNREACHABLE: then it all waits on, and the next flush tries again.
   */
  async flush(): Promise<void> {
    this.#stopTimer();
    await this.#sending?.catch(() => undefined);
    await this.#send();
    const refused = this.#refused;
    this.#refused = null;
    if (refused !== null) throw refused;
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
        if (this.#queue.length > 0) throw error;
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
    return this.#entries;
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

  #makeRoom(entries: number, bytes = 0): void {
    if (this.#entries + entries <= MAX_WAITING && this.#bytes + bytes <= MAX_WAITING_BYTES) {
      this.#entries += entries;
      this.#bytes += bytes;
      return;
    }
    throw new RunstoneError(
      "REMOTE_UNREACHABLE",
      `too much waits to be sent to ${this.#parts.api.target.origin} (${this.#entries} entries, ${this.#bytes} bytes)`,
      {
        hint: "The server is slower than the run logs, or cannot be reached. Log to a directory and sync it later.",
        data: { runId: this.runId, entries: this.#entries, bytes: this.#bytes },
      },
    );
  }

  /** The batch that is being gathered, for so many entries more; their room is made already. */
  #batch(entries: number): OpenBatch {
    this.#sendSoon(GATHER_MS);
    const last = this.#queue.at(-1);
    if (last?.kind === "batch") {
      last.entries += entries;
      return last;
    }
    const batch: OpenBatch = {
      kind: "batch",
      entries,
      params: Object.create(null),
      tags: Object.create(null),
      metrics: [],
    };
    this.#queue.push(batch);
    return batch;
  }

  #add(
    run: () => Promise<void>,
    { bytes = 0, release }: { readonly bytes?: number; readonly release?: () => void } = {},
  ): void {
    if (release === undefined) this.#makeRoom(1, bytes);
    this.#queue.push({ kind: "task", entries: 1, bytes, run, ...(release === undefined ? {} : { release }) });
    this.#sendSoon(GATHER_MS);
  }

  #sendSoon(ms: number): void {
    if (this.#timer !== null || this.#sending !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#send().catch(() => undefined);
    }, ms);
    // What was just logged is not lost by a script that merely comes to its end; a server that is gone does not hold it up.
    if (ms > GATHER_MS) this.#timer.unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Sends until nothing waits. Rejects when the server cannot be reached; then what waits goes on waiting. */
  #send(): Promise<void> {
    this.#sending ??= this.#sendAll()
      .finally(() => {
        this.#sending = null;
      })
      .catch((error: unknown) => {
        this.#sendSoon(PAUSE_MS);
        throw error;
      });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const [first] = this.#queue;
      if (first === undefined) return;
      if (first.kind === "batch") {
        this.#cut(first);
        continue;
      }
      try {
        await first.run();
      } catch (error) {
        if (isPassing(error)) throw error;
        this.#refused ??= error;
      }
      this.#done(first);
    }
  }

  /** Into requests, each of which remembers how far it came. */
  #cut(batch: OpenBatch): void {
    const { api } = this.#parts;
    const pieces = Array.from(splitBatch(batch), (piece): Task => {
      return { kind: "task", bytes: 0, entries: sizeOf(piece), run: pieceSender(api, this.runId, piece) };
    });
    this.#queue.splice(0, 1, ...pieces);
    this.#entries += pieces.reduce((sum, { entries }) => sum + entries, 0) - batch.entries;
  }

  #done({ entries, bytes, release }: Task): void {
    this.#queue.shift();
    this.#entries -= entries;
    this.#bytes -= bytes;
    release?.();
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

function sizeOf({ params = {}, tags = {}, metrics = [] }: BatchFields): number {
  return Object.keys(params).length + Object.keys(tags).length + metrics.length;
}

/** Waiting may help: no answer, or a server that is overburdened. */
function isPassing(error: unknown): boolean {
  if (isRunstoneError(error, "REMOTE_UNREACHABLE") || isRunstoneError(error, "UNAUTHENTICATED")) return true;
  const status = isRunstoneError(error, "REMOTE_FAILED") ? error.data["status"] : undefined;
  return typeof status === "number" && [408, 429, 500, 502, 503, 504].includes(status);
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

const LIMITS = { param: MLFLOW_MAX_PARAM_VALUE_LENGTH, tag: MLFLOW_MAX_TAG_VALUE_LENGTH } as const;

/** Servers cut longer values without a word. */
export function checkText(kind: "param" | "tag", key: string, value: string): void {
  checkKey(key, kind);
  if (typeof value !== "string")
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `the value of ${kind} ${JSON.stringify(key)} is no text`,
      {
        hint: "Convert it to a string first.",
        data: { key },
      },
    );
  const length = codePointLength(value);
  if (length <= LIMITS[kind]) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the value of ${kind} ${JSON.stringify(key)} has ${length} characters, a server keeps ${LIMITS[kind]}`,
    { hint: "Log large texts as artifacts.", data: { key, length, limit: LIMITS[kind] } },
  );
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
