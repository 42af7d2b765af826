/**
 * Writing into one run. Synchronous verbs: when one returns the kernel has the data (`fast`: memory, for at most
 * {@link FAST_WINDOW_MS} or {@link FAST_WINDOW_POINTS} points). Arguments are checked before anything is written.
 */
import { dirname, join } from "node:path";
import { type Metric, type ModelOutput, RunstoneError, type StringMap } from "../../../store-format/index.js";
import { type HashedFile, PendingSync, statIfExists } from "../../fs/index.js";
import type { NewInputs, RunWriter } from "../../interfaces.js";
import { claimWriterSlot, type Lease, type LeaseOwner, type WriterSlot } from "../../leases/index.js";
import { type WrittenArtifact, writeArtifactBytes, writeArtifactFile } from "../artifacts/write-artifact.js";
import type { StoreContext } from "../context.js";
import { type RunPlace, writeInputs, writeOutputs } from "../datasets/index.js";
import { logModelMetrics } from "../logged-models/index.js";
import type { RunLocation } from "../read/index.js";
import { setTagsKeepingName } from "./change-run.js";
import { checkMetric } from "./check-metric.js";
import { finishRun, type Outcome, sealIfFinished } from "./finish-run.js";
import { openPointLog } from "./open-point-log.js";
import type { PointLog } from "./point-log.js";
import { createParams, removeTag } from "./run-files.js";
import { listSealedFiles } from "./sealed-files.js";

/** Loss window of `durability: fast` when the process is killed. */
export const FAST_WINDOW_MS = 1000;
export const FAST_WINDOW_POINTS = 10_000;

export interface WriterClaims {
  /** Who claims the writer slot. */
  readonly identity: LeaseOwner;
  /** The run's lease, given back at close and end; null when somebody else holds it. */
  readonly lease: Lease | null;
}

export class FileRunWriter implements RunWriter {
  readonly runId: string;
  readonly experimentId: string;
  readonly #context: StoreContext;
  readonly #location: RunLocation;
  readonly #identity: LeaseOwner;
  readonly #lease: Lease | null;
  readonly #pending = new PendingSync();
  readonly #knownKeys = new Set<string>();
  readonly #hashes = new Map<string, HashedFile & { readonly mtimeNs: bigint }>();
  #slot: WriterSlot | null = null;
  #log: PointLog | null = null;
  /** Slots (and their logs) that a failed write made unusable; given back with the last one. */
  readonly #spent: { readonly slot: WriterSlot; readonly log: PointLog }[] = [];
  #buffered: Metric[] = [];
  #bufferedSince = 0;
  #timer: NodeJS.Timeout | null = null;
  #deferred: unknown = null;
  #creationSynced = false;
  /** After `open` nothing more is logged; `end` and `close` go on from where a failure stopped them. */
  #state: "open" | "left" | "sealed" | "done" = "open";

  constructor(context: StoreContext, location: RunLocation, claims: WriterClaims) {
    this.#context = context;
    this.#location = location;
    this.#identity = claims.identity;
    this.#lease = claims.lease;
    this.runId = location.runId;
    this.experimentId = location.experimentId;
  }

  logMetrics(metrics: readonly Metric[]): void {
    this.#assertOpen();
    for (const metric of metrics) checkMetric(metric, this.#knownKeys);
    this.#lease?.keepBeating();
    if (this.#context.durability === "fast") return this.#buffer(metrics);
    this.#write(metrics);
  }

  logParams(params: StringMap): void {
    this.#assertOpen();
    const sync = this.#context.durability === "full";
    for (const path of createParams(this.#location.directory, params, sync))
      if (!sync) this.#pending.add(path, this.#location.directory);
  }

  setTags(tags: StringMap): void {
    this.#assertOpen();
    const sync = this.#context.durability === "full";
    for (const path of setTagsKeepingName(this.#location, tags, sync))
      if (!sync) this.#pending.add(path, this.#location.directory);
  }

  deleteTag(key: string): void {
    this.#assertOpen();
    removeTag(this.#location.directory, key);
  }

  logInputs(inputs: NewInputs): void {
    this.#assertOpen();
    writeInputs(this.#context, this.#place(), inputs);
  }

  logOutputs(outputs: readonly ModelOutput[]): void {
    this.#assertOpen();
    writeOutputs(this.#context, this.#place(), outputs);
  }

  logArtifactFile(source: string, path: string): void {
    this.#assertOpen();
    const written = writeArtifactFile(this.#location.directory, path, source);
    this.#noteHash(`artifacts/${path}`, written);
    this.#noteArtifact(written.path);
  }

  logArtifactBytes(path: string, bytes: Uint8Array): void {
    this.#assertOpen();
    this.#noteArtifact(writeArtifactBytes(this.#location.directory, path, bytes));
  }

  async flush(): Promise<void> {
    this.flushNow();
  }

  async close(): Promise<void> {
    this.closeNow();
  }

  async end(outcome: Outcome): Promise<void> {
    this.endNow(outcome);
  }

  /** {@link flush}, for those who cannot wait (a process that is exiting). */
  flushNow(): void {
    this.#assertOpen();
    if (!this.#creationSynced) noteCreation(this.#pending, this.#location.directory);
    this.#creationSynced = true;
    this.#drain();
    this.#throwDeferred();
    for (const { log } of this.#spent) log.sync();
    this.#log?.sync();
    this.#pending.flush();
  }

  /** {@link close}; after a failure it can be repeated, after a success a second call does nothing. */
  closeNow(): void {
    if (this.#state === "done") return;
    if (this.#state !== "sealed") {
      this.#leave();
      sealIfFinished(this.#context, this.#location, this.#hashes);
      this.#state = "sealed";
    }
    this.#lease?.release();
    this.#state = "done";
  }

  /** {@link end}; after a failure it can be repeated. With a lost lease the points stay, but status and seal are the new owner's: LEASE_LOST. */
  endNow(outcome: Outcome): void {
    if (this.#state === "open" || this.#state === "done") this.flushNow();
    if (this.#state !== "sealed") {
      this.#lease?.assertHeld();
      this.#leave();
      finishRun(this.#context, this.#location, outcome, this.#hashes);
      this.#state = "sealed";
    }
    this.#lease?.release();
    this.#state = "done";
  }

  /** Whether the lease was taken over or removed; the points logged here are kept all the same. */
  isLeaseLost(): boolean {
    return this.#lease?.isLost() ?? false;
  }

  #assertOpen(): void {
    if (this.#state !== "open")
      throw new RunstoneError("INVALID_STATE", `run ${this.runId} was ended or closed by this writer`, {
        hint: "Open the run again to log more.",
        data: { runId: this.runId },
      });
  }

  #buffer(metrics: readonly Metric[]): void {
    if (this.#buffered.length === 0) this.#bufferedSince = this.#context.now();
    for (const metric of metrics) this.#buffered.push(metric);
    const full = this.#buffered.length >= FAST_WINDOW_POINTS;
    if (full || this.#context.now() - this.#bufferedSince >= FAST_WINDOW_MS) this.#drain();
    else this.#timer ??= setTimeout(() => this.#drainLater(), FAST_WINDOW_MS).unref();
  }

  /** From the timer: never throws into user code; the error comes with the next flush. */
  #drainLater(): void {
    this.#timer = null;
    try {
      this.#drain();
    } catch (error) {
      this.#deferred ??= error;
    }
  }

  #drain(): void {
    if (this.#buffered.length === 0) return;
    const metrics = this.#buffered;
    this.#buffered = [];
    this.#write(metrics);
  }

  #throwDeferred(): void {
    const error = this.#deferred;
    this.#deferred = null;
    if (error !== null) throw error;
  }

  #write(metrics: readonly Metric[]): void {
    const log = this.#openLog();
    const [first] = metrics;
    if (first !== undefined && metrics.length === 1) log.append(first);
    else log.appendAll(metrics);
    if (this.#context.durability === "full") log.sync();
    logModelMetrics(this.#context, { runId: this.runId, metrics, pending: this.#pending });
  }

  /** The log of our slot; a new slot when the last one was spent by a failure. */
  #openLog(): PointLog {
    if (this.#log?.usable === true) return this.#log;
    if (this.#log !== null && this.#slot !== null) this.#spent.push({ slot: this.#slot, log: this.#log });
    this.#log?.close();
    this.#log = null;
    this.#slot = claimWriterSlot(this.#location.directory, this.#identity);
    this.#log = openPointLog(this.#context, this.#location, this.#slot);
    return this.#log;
  }

  #place(): RunPlace {
    return { ...this.#location, experimentDirectory: dirname(this.#location.directory) };
  }

  /** Large files are not read a second time at the seal, unless they changed since. */
  #noteHash(name: string, { path, sha256, size }: WrittenArtifact): void {
    const found = statIfExists(path);
    if (found !== null) this.#hashes.set(name, { sha256, size, mtimeNs: found.mtimeNs });
  }

  #noteArtifact(path: string): void {
    this.#pending.add(path, this.#location.directory);
    if (this.#context.durability === "full") this.#pending.flush();
  }

  /** Writes what waits in memory, closes the files and gives the slots back. What of it failed is tried again by the next call. */
  #leave(): void {
    if (this.#state === "open") {
      this.#drain();
      this.#throwDeferred();
    }
    this.#state = "left";
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { slot, log } of this.#spent) {
      log.close();
      slot.release();
    }
    this.#log?.close();
    this.#slot?.release();
  }
}

/** The params and tags a run was created with reached the kernel only; the first flush makes them durable, too. */
function noteCreation(pending: PendingSync, directory: string): void {
  for (const { path, kind } of listSealedFiles(directory))
    if (kind === "param" || kind === "tag") pending.add(join(directory, path), directory);
}
