/**
 * Appending points of one writer: one file a key, descriptors kept open up to a cap, the links of points beside.
 * Knows nothing of runs; the writer slot says where the files lie.
 */
import { join } from "node:path";
import { keyToPath, type Metric, serializeLink, serializePoint } from "../../../store-format/index.js";
import { assertNoLinkBetween, type KeepTorn, LineAppender, PendingSync } from "../../fs/index.js";

/** Where a slot's points go. */
export interface PointPlace {
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
  readonly #closedUnsynced = new PendingSync();
  /** Spent by a failed fsync or write: the owner of this log takes another slot. */
  #spent = false;

  constructor(place: PointPlace, keepTorn: (path: string) => KeepTorn) {
    this.#place = place;
    this.#keepTorn = keepTorn;
  }

  get usable(): boolean {
    return !this.#spent;
  }

  /** Appends one point: one `write()`, and one more when it has links. */
  append(metric: Metric): void {
    if (!this.#open.has(metric.key)) this.#place.checkNewKeys([metric.key]);
    this.#write(metric.key, serializePoint(metric));
    if (metric.dataset !== undefined || metric.modelId !== undefined) this.#writeLink(serializeLink(metric));
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
    if (fresh.length > 0) this.#place.checkNewKeys(fresh);
    for (const [key, text] of lines) this.#write(key, text.join(""));
    if (links.length > 0) this.#writeLink(links.join(""));
  }

  /** Makes everything appended durable. */
  sync(): void {
    try {
      for (const appender of this.#open.values()) appender.sync();
      this.#closedUnsynced.flush();
    } catch (error) {
      this.#spent = true;
      throw error;
    }
  }

  close(): void {
    for (const [path, appender] of this.#open) {
      appender.close();
      this.#open.delete(path);
    }
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
    try {
      appender.append(Buffer.from(lines, "utf8"));
    } catch (error) {
      if (!appender.usable) this.#spent = true;
      throw error;
    }
  }

  #openFile(name: string, path: string): LineAppender {
    if (this.#open.size >= MAX_OPEN_FILES) this.#closeOldest();
    if (path !== this.#place.linksPath) assertNoLinkBetween(this.#place.metricsDirectory, path);
    const appender = LineAppender.open(path, {
      keepTorn: this.#keepTorn(path),
      temporaryIn: this.#place.temporaryIn,
    });
    this.#open.set(name, appender);
    // A new file is found after a power cut only when its directories are durable, too.
    this.#closedUnsynced.add(path, this.#place.metricsDirectory);
    return appender;
  }

  #closeOldest(): void {
    const first = this.#open.entries().next().value;
    if (first === undefined) return;
    const [name, appender] = first;
    this.#closedUnsynced.add(appender.path, this.#place.metricsDirectory);
    this.#open.delete(name);
    appender.close();
  }
}
