/** A run that this process writes into: the logging verbs. Synchronous; see SoftFailures for what happens when the disk fails. */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { FileRunWriter, type NewDatasetInput, type RunWriter, type TrackingStore } from "../core/index.js";
import {
  type DatasetRef,
  flattenParams,
  type Integer,
  type Metric,
  type ParamValue,
  paramText,
  type Run,
  type RunStatus,
  RunstoneError,
  type StringMap,
} from "../store-format/index.js";
import { dictText, figureText, imageBytes, type Table, tableText } from "./artifact-content.js";
import type { Pixels } from "./png.js";
import { SoftFailures } from "./soft-failure.js";

export interface PointOptions {
  /** Default 0, as MLflow. */
  readonly step?: Integer;
  /** Milliseconds since 1970; default now. */
  readonly timestamp?: Integer;
  /** The dataset the value was measured on. */
  readonly dataset?: DatasetRef;
  /** The logged model the value belongs to. */
  readonly modelId?: string;
}

export interface DatasetSpec {
  readonly name: string;
  readonly digest: string;
  /** Where it comes from, as text or as a value that becomes JSON. */
  readonly source?: unknown;
  readonly sourceType?: string;
  readonly schema?: string;
  readonly profile?: string;
}

/** Who else has a say when a run ends. */
export interface RunHooks {
  /** What still goes on beside the run (late captures); `end` waits for it. Never rejects. */
  settle?(): Promise<void>;
  /** Called before the last bytes are written: stop samplers. */
  beforeEnd?(): void;
}

export class ActiveRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly #store: TrackingStore;
  readonly #writer: RunWriter;
  readonly #hooks: RunHooks;
  readonly #owned: boolean;
  readonly #failures = new SoftFailures();
  readonly #tables = new Set<string>();
  /** Nothing more is logged; the disk may still have to take the end. */
  #ended = false;
  #closed = false;

  /** `owned`: this process began the run and ends it; otherwise it only takes part (several ranks, `runstone run`). */
  constructor(
    store: TrackingStore,
    writer: RunWriter,
    options: { readonly owned: boolean; readonly hooks?: RunHooks },
  ) {
    this.#store = store;
    this.#writer = writer;
    this.#owned = options.owned;
    this.#hooks = options.hooks ?? {};
    this.runId = writer.runId;
    this.experimentId = writer.experimentId;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Logs one value; `options` may be just the step. False when the disk failed. */
  logMetric(key: string, value: number, options: PointOptions | Integer = {}): boolean {
    const metric = toMetric(key, value, options);
    return this.#failures.attempt(() => this.#writer.logMetrics([metric]));
  }

  /** Logs several values of one step. */
  logMetrics(values: Readonly<Record<string, number>>, options: PointOptions | Integer = {}): boolean {
    const now = Date.now();
    const metrics = Object.entries(values).map(([key, value]) => toMetric(key, value, options, now));
    return this.#failures.attempt(() => this.#writer.logMetrics(metrics));
  }

  /** Logs points as they are: for batches and histories. */
  logPoints(points: readonly Metric[]): boolean {
    return this.#failures.attempt(() => this.#writer.logMetrics(points));
  }

  /** Logs a param; objects and arrays flatten with dots. Another value for a known key throws PARAM_CONFLICT. */
  logParam(key: string, value: ParamValue): boolean {
    return this.logParams({ [key]: value });
  }

  logParams(params: { readonly [key: string]: ParamValue }): boolean {
    const flat = Object.fromEntries(flattenParams(params));
    return this.#failures.attempt(() => this.#writer.logParams(flat));
  }

  setTag(key: string, value: string | number | boolean): boolean {
    return this.setTags({ [key]: value });
  }

  setTags(tags: Readonly<Record<string, string | number | boolean>>): boolean {
    const texts = Object.fromEntries(
      Object.entries(tags).map(([key, value]) => [key, paramText(key, value)]),
    );
    return this.#failures.attempt(() => this.#writer.setTags(texts));
  }

  /** Throws RESOURCE_DOES_NOT_EXIST for an unknown tag. */
  deleteTag(key: string): boolean {
    return this.#failures.attempt(() => this.#writer.deleteTag(key));
  }

  /** Copies a local file into the artifacts, below `artifactPath` (a directory) if given. A directory is copied whole. */
  logArtifact(localPath: string, artifactPath = ""): boolean {
    const name = basename(localPath);
    const target = artifactPath === "" ? name : `${artifactPath}/${name}`;
    return this.#failures.attempt(() => {
      if (statSync(localPath).isDirectory()) this.#copyTree(localPath, target);
      else this.#writer.logArtifactFile(localPath, target);
    });
  }

  /** Copies what a local directory holds into the artifacts, below `artifactPath` if given. Links are not followed. */
  logArtifacts(localDirectory: string, artifactPath = ""): boolean {
    return this.#failures.attempt(() => this.#copyTree(localDirectory, artifactPath));
  }

  logText(text: string, path: string): boolean {
    return this.#logBytes(path, Buffer.from(text, "utf8"));
  }

  logBytes(bytes: Uint8Array, path: string): boolean {
    return this.#logBytes(path, bytes);
  }

  /** JSON, or YAML when the path ends in `.yaml` or `.yml`. */
  logDict(value: unknown, path: string): boolean {
    return this.#logBytes(path, Buffer.from(dictText(value, path), "utf8"));
  }

  /** A table that `mlflow.load_table` reads; path ends in `.json`. */
  logTable(table: Table, path: string): boolean {
    return this.#logBytes(path, Buffer.from(tableText(table), "utf8")) && this.#noteTable(path);
  }

  /** An encoded image file, or raw pixels, which become PNG. */
  logImage(image: Uint8Array | Pixels, path: string): boolean {
    return this.#logBytes(path, imageBytes(image));
  }

  /** An SVG figure. */
  logFigure(figure: Parameters<typeof figureText>[0], path: string): boolean {
    return this.#logBytes(path, Buffer.from(figureText(figure), "utf8"));
  }

  /** Writes an artifact from a stream in flat memory. Rejects when the disk or the stream fails. */
  async logStream(content: AsyncIterable<Uint8Array>, path: string): Promise<void> {
    await this.#store.artifacts.write({ runId: this.runId }, path, content);
  }

  /** Notes a dataset used by the run; `context` is for instance `training`. */
  logInput(
    dataset: DatasetSpec,
    options: { readonly context?: string; readonly tags?: StringMap } = {},
  ): boolean {
    const tags = {
      ...options.tags,
      ...(options.context === undefined ? {} : { "mlflow.data.context": options.context }),
    };
    const input: NewDatasetInput = { dataset: toDataset(dataset), tags };
    return this.#failures.attempt(() => this.#writer.logInputs({ datasets: [input] }));
  }

  /** Notes logged models that the run used. */
  logModelInputs(modelIds: readonly string[]): boolean {
    return this.#failures.attempt(() => this.#writer.logInputs({ modelIds }));
  }

  /** Notes a logged model that the run made. */
  logModelOutput(modelId: string, step: Integer = 0): boolean {
    return this.#failures.attempt(() => this.#writer.logOutputs([{ modelId, step }]));
  }

  /** The run as it is on disk now. */
  read(): Promise<Run> {
    return this.#store.getRun(this.runId);
  }

  /** Whether it can be ended while the process exits: in a store of files, not on a server. */
  get endsNow(): boolean {
    return this.#writer instanceof FileRunWriter;
  }

  /**
   * Makes everything logged so far durable: on disk, or at the server. Rejects when that, or a verb since the last flush,
   * failed.
   */
  async flush(): Promise<void> {
    const writer = this.#writer;
    if (writer instanceof FileRunWriter) this.#failures.attempt(() => writer.flushNow());
    else await writer.flush();
    this.#failures.throwFirst();
  }

  /**
   * Ends the run. Rejects when something logged since the last flush was not kept, or when the disk did not take the end: then
   * it can be repeated. After the run has ended a further call does nothing.
   */
  async end(status: RunStatus = "FINISHED"): Promise<void> {
    if (this.#closed) return;
    await this.#hooks.settle?.();
    if (this.endsNow) this.endNow(status);
    else await this.#endThere(status);
  }

  async #endThere(status: RunStatus): Promise<void> {
    if (!this.#ended) this.#hooks.beforeEnd?.();
    this.#ended = true;
    if (this.#owned) await this.#writer.end({ status });
    else await this.#writer.close();
    this.#closed = true;
    this.#failures.throwFirst();
  }

  /** {@link end} for a process that is exiting. Throws REMOTE_UNREACHABLE for a run on a server: there is no time left. */
  endNow(status: RunStatus): void {
    if (this.#closed) return;
    const writer = this.#writer;
    if (!(writer instanceof FileRunWriter)) throw notEnded(this.runId);
    this.#leave(writer);
    if (this.#owned) writer.endNow({ status });
    else writer.closeNow();
    this.#closed = true;
    this.#failures.throwFirst();
  }

  /** What was lost before the end is told after it; it does not keep the run from ending. */
  #leave(writer: FileRunWriter): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hooks.beforeEnd?.();
    this.#failures.attempt(() => writer.flushNow());
  }

  #logBytes(path: string, bytes: Uint8Array): boolean {
    return this.#failures.attempt(() => this.#writer.logArtifactBytes(path, bytes));
  }

  /** MLflow finds tables by the tag `mlflow.loggedArtifacts`. */
  #noteTable(path: string): boolean {
    this.#tables.add(path);
    const list = [...this.#tables].map((table) => ({ path: table, type: "table" }));
    return this.setTag("mlflow.loggedArtifacts", JSON.stringify(list));
  }

  #copyTree(from: string, to: string): void {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const source = join(from, entry.name);
      const target = to === "" ? entry.name : `${to}/${entry.name}`;
      if (entry.isDirectory()) this.#copyTree(source, target);
      else if (entry.isFile()) this.#writer.logArtifactFile(source, target);
    }
  }
}

function notEnded(runId: string): RunstoneError {
  return new RunstoneError(
    "REMOTE_UNREACHABLE",
    `the process exits before run ${runId} was ended at its server`,
    {
      hint: "Wait for endRun() before the process exits.",
      data: { runId },
    },
  );
}

function toMetric(key: string, value: number, options: PointOptions | Integer, now = Date.now()): Metric {
  if (typeof options !== "object") return { key, value, step: options, timestamp: now };
  const { step = 0, timestamp = now, dataset, modelId } = options;
  return {
    key,
    value,
    step,
    timestamp,
    ...(dataset === undefined ? {} : { dataset }),
    ...(modelId === undefined ? {} : { modelId }),
  };
}

function toDataset(spec: DatasetSpec): NewDatasetInput["dataset"] {
  if (spec.name === "" || spec.digest === "")
    throw new RunstoneError("INVALID_PARAMETER_VALUE", "a dataset needs a name and a digest", {
      hint: "The digest names its content, for instance the first 8 digits of a SHA-256.",
    });
  return {
    name: spec.name,
    digest: spec.digest,
    sourceType: spec.sourceType ?? "local",
    source: typeof spec.source === "string" ? spec.source : JSON.stringify(spec.source ?? {}),
    schema: spec.schema ?? null,
    profile: spec.profile ?? null,
  };
}
