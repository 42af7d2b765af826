/**
 * Appending points of one writer: one file a key, descriptors kept open up to a cap, the links of points beside.
 * Knows nothing of runs; the writer slot says where the files lie.
 */
import { dirname, join } from "node:path";
import {
  keyToPath,
  type Metric,
  RunstoneError,
  serializeLink,
  serializePoint,
} from "../../../store-format/index.js";
import { errnoOf, type KeepTorn, LineAppender, PendingSync } from "../../fs/index.js";

/** Where a slot's points go. */
export interface PointPlace {
  readonly metricsDirectory: string;
  readonly linksPath: string;
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
    const appender = openAppender(
      name,
      { path, below: dirname(this.#place.metricsDirectory) },
      this.#keepTorn(path),
    );
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

interface PointFile {
  readonly path: string;
  /** The run or its writer slot: once that was moved away (its experiment deleted), no directory is made in its place. */
  readonly below: string;
}

function openAppender(key: string, { path, below }: PointFile, keepTorn: KeepTorn): LineAppender {
  try {
    return LineAppender.open(path, keepTorn, below);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "EISDIR" && errno !== "ENOTDIR" && errno !== "EEXIST") throw error;
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `metric ${JSON.stringify(key)} cannot be kept beside another metric: one file cannot be both`,
      {
        hint: "A key may not continue another one (loss, loss/train): use loss/all and loss/train.",
        data: { key },
        cause: error,
      },
    );
  }
}
