/**
 * What was logged to a run of a server and waits to be sent: batches that are still gathered, and calls. It is sent in its order in the
 * background; what the server refuses is given up, what fails for want of an answer waits.
 */

import type { BatchFields } from "../../protocol/mlflow/index.js";
import { isRunstoneError, type Metric, RunstoneError } from "../../store-format/index.js";
import type { MlflowApi } from "./api.js";
import { pieceSender } from "./points.js";
import { splitBatch } from "./split-batch.js";

/** Points, params and tags, and bytes of artifacts, that may wait. More is refused: the server is slower than the run. */
const MAX_WAITING = 1_000_000;
const MAX_WAITING_BYTES = 256 * 1_048_576;
/** What is logged within this time goes in one request. */
const GATHER_MS = 200;
/** After a server could not be reached the next try by itself is this much later. */
const PAUSE_MS = 15_000;

export interface OpenBatch {
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

export class WriteQueue {
  readonly #api: MlflowApi;
  readonly #runId: string;
  #queue: Waiting[] = [];
  #entries = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  /** The first thing that the server refused since the last flush. */
  #refused: unknown = null;

  constructor(api: MlflowApi, runId: string) {
    this.#api = api;
    this.#runId = runId;
  }

  /** How much waits to be sent: entries of batches and other calls. */
  get entries(): number {
    return this.#entries;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Rejects as {@link RestRunWriter.flush}. */
  async flush(): Promise<void> {
    this.#stopTimer();
    await this.#sending?.catch(() => undefined);
    await this.#send();
    const refused = this.#refused;
    this.#refused = null;
    if (refused !== null) throw refused;
  }

  /** Throws REMOTE_UNREACHABLE when too much waits. */
  makeRoom(entries: number, bytes = 0): void {
    if (this.#entries + entries <= MAX_WAITING && this.#bytes + bytes <= MAX_WAITING_BYTES) {
      this.#entries += entries;
      this.#bytes += bytes;
      return;
    }
    throw new RunstoneError(
      "REMOTE_UNREACHABLE",
      `too much waits to be sent to ${this.#api.target.origin} (${this.#entries} entries, ${this.#bytes} bytes)`,
      {
        hint: "The server is slower than the run logs, or cannot be reached. Log to a directory and sync it later.",
        data: { runId: this.#runId, entries: this.#entries, bytes: this.#bytes },
      },
    );
  }

  /** The batch that is being gathered, for so many entries more; their room is made already. */
  batch(entries: number): OpenBatch {
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

  /** With `release` the room is made already; it is called once the call is done or given up. */
  add(
    run: () => Promise<void>,
    { bytes = 0, release }: { readonly bytes?: number; readonly release?: () => void } = {},
  ): void {
    if (release === undefined) this.makeRoom(1, bytes);
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
    const pieces = Array.from(splitBatch(batch), (piece): Task => {
      return {
        kind: "task",
        bytes: 0,
        entries: sizeOf(piece),
        run: pieceSender(this.#api, this.#runId, piece),
      };
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
