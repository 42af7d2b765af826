/** Points on their way into a run that is still being built. */
import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";
import {
  encodeText,
  keyToPath,
  POINT_RECORD_BYTES,
  type Point,
  type SeriesDigest,
  SeriesHasher,
  serializeLink,
  serializePoint,
  writePointRecord,
} from "../../store-format/index.js";
import { copyOwnFile, type HashedFile, NewFile, removeFile } from "../fs/index.js";
import { LINKS } from "../store/layout.js";
import { newHasher } from "../store/runs/point-set.js";
import { checkReceivedPoint } from "./check-received.js";
import type { RunDocument } from "./run-document.js";
import type { SealedMetric, SealedMetrics } from "./sealed-metrics.js";

/** All points of a key, of every dataset, some at a time; for a run that is here, the caller may leave out what is known to be here. */
export type PointSource = (key: string) => AsyncIterable<readonly Point[]> | Iterable<readonly Point[]>;

export interface ReceivedPoints {
  /** The files that were written, by path relative to the run. */
  readonly files: ReadonlyMap<string, HashedFile>;
  /** By key, of what was written; null: they did not come in order, or with links, and have to be read. */
  readonly series: ReadonlyMap<string, SeriesDigest> | null;
}

export interface PointSources {
  readonly points: PointSource;
  /** Files that hold the points of a key, if they are on this machine. */
  readonly metrics?: SealedMetrics;
}

/** Writes the metric files of a document's series, and the links of their points. */
export async function receivePoints(
  directory: string,
  { series }: RunDocument,
  sources: PointSources,
): Promise<ReceivedPoints> {
  const receiver = new PointReceiver(directory, sources);
  try {
    for (const key of new Set(series.map((one) => one.key))) await receiver.receive(key);
  } catch (error) {
    receiver.closeQuietly();
    throw error;
  }
  return receiver.finish();
}

/** Made with its first bytes: an empty metric file is one that MLflow fails on. */
class LazyFile {
  readonly #path: string;
  #file: NewFile | null = null;
  #hash: Hash | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#file ??= NewFile.create(this.#path);
    this.#hash ??= createHash("sha256");
    this.#hash.update(bytes);
    this.#file.write(bytes);
  }

  /** Null: nothing was written. */
  close(): HashedFile | null {
    this.#file?.close();
    if (this.#file === null || this.#hash === null) return null;
    return { sha256: this.#hash.digest("hex"), size: this.#file.size };
  }

  closeQuietly(): void {
    this.#file?.closeQuietly();
  }
}

class PointReceiver {
  readonly #directory: string;
  readonly #sources: PointSources;
  readonly #links: LazyFile;
  readonly #files = new Map<string, HashedFile>();
  readonly #series = new Map<string, SeriesDigest>();
  readonly #record = new Uint8Array(POINT_RECORD_BYTES);
  readonly #view = new DataView(this.#record.buffer);
  #isPlain = true;

  constructor(directory: string, sources: PointSources) {
    this.#directory = directory;
    this.#sources = sources;
    this.#links = new LazyFile(join(directory, LINKS));
  }

  async receive(key: string): Promise<void> {
    const sealed = this.#sources.metrics?.get(key);
    if (sealed === undefined || !this.#copy(key, sealed)) await this.#receivePoints(key);
  }

  /** False, and nothing is left, when the file holds something else by now: its points are read then. */
  #copy(key: string, sealed: SealedMetric): boolean {
    const path = `metrics/${keyToPath(key)}`;
    const target = join(this.#directory, path);
    const copied = copyOwnFile(sealed.file, target);
    if (copied.sha256 !== sealed.sha256) {
      removeFile(target);
      return false;
    }
    this.#series.set(keyToPath(key), sealed.digest);
    this.#note(path, copied);
    return true;
  }

  async #receivePoints(key: string): Promise<void> {
    const path = `metrics/${keyToPath(key)}`;
    const file = new LazyFile(join(this.#directory, path));
    const hasher = new SeriesHasher(newHasher());
    try {
      for await (const some of this.#sources.points(key))
        file.write(encodeText(this.#take(key, some, hasher)));
    } catch (error) {
      file.closeQuietly();
      throw error;
    }
    const digest = hasher.finish();
    if (digest.count > 0) this.#series.set(keyToPath(key), digest);
    this.#note(path, file.close());
  }

  finish(): ReceivedPoints {
    this.#note(LINKS, this.#links.close());
    return { files: this.#files, series: this.#isPlain ? this.#series : null };
  }

  closeQuietly(): void {
    this.#links.closeQuietly();
  }

  #note(path: string, file: HashedFile | null): void {
    if (file !== null) this.#files.set(path, file);
  }

  /** The lines of these points; their links are written. */
  #take(key: string, points: readonly Point[], hasher: SeriesHasher): string {
    let lines = "";
    let links = "";
    for (const point of points) {
      checkReceivedPoint(key, point);
      lines += serializePoint(point);
      if (point.dataset !== undefined || point.modelId !== undefined)
        links += serializeLink({ ...point, key });
      else if (this.#isPlain) this.#add(point, hasher);
    }
    if (links !== "") this.#isPlain = false;
    this.#links.write(encodeText(links));
    return lines;
  }

  #add(point: Point, hasher: SeriesHasher): void {
    writePointRecord(point, this.#view, 0);
    if (!hasher.addIfInOrder(this.#record)) this.#isPlain = false;
  }
}
