/**
 * Appending points of one writer: one file a key, descriptors kept open up to a cap, the links of points beside.
 * Knows nothing of runs; the writer slot says where the files lie.
 */
import { join } from "node:path";
import {
  isRunstoneError,
  keyToPath,
  type Metric,
  serializeLink,
  serializePoint,
} from "../../../store-format/index.js";
import {
  assertNoLinkBetween,
  type KeepTorn,
  LineAppender,
  PendingSync,
  statIfExists,
} from "../../fs/index.js";

/** Where a slot's points go. */
export interface PointPlace {
  /** The run's directory: what lies between it and the files may be new. */
  readonly top: string;
  readonly metricsDirectory: string;
  readonly linksPath: string;
  /** The run or its writer slot; once that was moved away, no directory is made in its place. */
  readonly temporaryIn: string;
  /** Throws when these keys, of which this log has no file open yet, cannot be kept. Called before anything is written. */
  checkNewKeys(keys: readonly string[]): void;
}

/** A run may have 10,000 keys; a process has about 1,000 descriptors. */
const MAX_OPEN_FILES = 128;

export class PointLog {
  readonly #place: PointPlace;
  readonly #keepTorn: (path: string) => KeepTorn;
  readonly #open = new Map<string, LineAppender>();
  readonly #unsynced = new PendingSync();
  /** Spent by a failed write that could not be taken back: the owner of this log takes another slot. */
  #spent = false;
  #mostOpen = MAX_OPEN_FILES;

  constructor(place: PointPlace, keepTorn: (path: string) => KeepTorn) {
    this.#place = place;
    this.#keepTorn = keepTorn;
  }

  get usable(): boolean {
    return !this.#spent;
  }

  /** Appends one point: one `write()`, and one more when it has links. The link goes first: without its point it says nothing. */
  append(metric: Metric): void {
    if (!this.#open.has(metric.key)) this.#checkNewKeys([metric.key]);
    if (metric.dataset !== undefined || metric.modelId !== undefined) this.#writeLink(serializeLink(metric));
    this.#write(metric.key, serializePoint(metric));
  }

  /** Appends points, one `write()` a key, in the order given within each key. */
  appendAll(metrics: readonly Metric[]): void {
    const lines = new Map<string, string[]>();
    const links: string[] = [];
    for (const metric of metrics) {
      const of = lines.get(metric.key);
      if (of === undefined) lines.set(metric.key, [serializePoint(metric)]);
      else of.push(serializePoint(metric));
      if (metric.dataset !== undefined || metric.modelId !== undefined) links.push(serializeLink(metric));
    }
    const fresh = [...lines.keys()].filter((key) => !this.#open.has(key));
    if (fresh.length > 0) this.#checkNewKeys(fresh);
    if (links.length > 0) this.#writeLink(links.join(""));
    for (const [key, text] of lines) this.#write(key, text.join(""));
  }

  /** Makes everything appended durable. After a failure, the next call writes the files anew. */
  sync(): void {
    if (this.#unsynced.hasSuspects) this.close();
    try {
      for (const appender of this.#open.values()) appender.sync();
    } catch (error) {
      this.#spent = true;
      this.#closeAll();
      throw error;
    }
    this.#unsynced.flush();
  }

  /** Closes all files; what of them is not durable yet is so after the next {@link sync}. */
  close(): void {
    const failure = this.#closeAll();
    if (failure !== null) throw failure.error;
  }

  /** Closes every file, whatever fails; returns the first failure. */
  #closeAll(): { readonly error: unknown } | null {
    let first: { readonly error: unknown } | null = null;
    for (const name of [...this.#open.keys()]) {
      try {
        this.#closeFile(name);
      } catch (error) {
        first ??= { error };
      }
    }
    return first;
  }

  #write(key: string, lines: string): void {
    this.#appendTo(key, () => join(this.#place.metricsDirectory, keyToPath(key)), lines);
  }

  #writeLink(lines: string): void {
    // No key contains NUL, so this name is free.
    this.#appendTo("\0links", () => this.#place.linksPath, lines);
  }

  #appendTo(name: string, path: () => string, lines: string): void {
    let appender = this.#open.get(name);
    if (appender === undefined) appender = this.#openFile(name, path());
    const opened = appender;
    try {
      const append = (): void => opened.append(Buffer.from(lines, "utf8"));
      // The first lines of a file need descriptors; what is not there was not written.
      this.#withDescriptors(append, () => statIfExists(opened.path) === null);
    } catch (error) {
      if (!opened.usable) this.#spent = true;
      throw error;
    }
  }

  #checkNewKeys(keys: readonly string[]): void {
    this.#withDescriptors(() => this.#place.checkNewKeys(keys));
  }

  /** Runs `call`; when the process has no descriptor left, gives half of ours back, keeps no more from then on, and tries again. */
  #withDescriptors<T>(call: () => T, isUndone: () => boolean = () => true): T {
    try {
      return call();
    } catch (error) {
      if (!isRunstoneError(error, "TOO_MANY_OPEN_FILES") || this.#open.size < 2 || !isUndone()) throw error;
    }
    this.#mostOpen = this.#open.size >> 1;
    while (this.#open.size > this.#mostOpen) this.#closeOldest();
    return call();
  }

  #openFile(name: string, path: string): LineAppender {
    if (this.#open.size >= this.#mostOpen) this.#closeOldest();
    if (path !== this.#place.linksPath) assertNoLinkBetween(this.#place.metricsDirectory, path);
    const place = { keepTorn: this.#keepTorn(path), temporaryIn: this.#place.temporaryIn };
    const appender = this.#withDescriptors(() => LineAppender.open(path, place));
    this.#open.set(name, appender);
    // A new file is found after a power cut only when its directories are durable, too.
    this.#unsynced.add(path, this.#place.top);
    return appender;
  }

  #closeOldest(): void {
    const first = this.#open.keys().next().value;
    if (first !== undefined) this.#closeFile(first);
  }

  #closeFile(name: string): void {
    const appender = this.#open.get(name);
    if (appender === undefined) return;
    this.#open.delete(name);
    if (appender.suspect) this.#unsynced.addSuspect(appender.path, this.#place.top);
    else if (appender.unsynced) this.#unsynced.add(appender.path, this.#place.top);
    try {
      appender.close();
    } catch (error) {
      // Network file systems tell of a failed write only now.
      this.#unsynced.addSuspect(appender.path, this.#place.top);
      throw error;
    }
  }
}
