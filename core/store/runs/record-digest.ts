/** The record digest of a run on disk: what "equal" means between two stores. */
import { createHash } from "node:crypto";
import {
  comparePointRecords,
  type DatasetRef,
  type Hasher,
  type ManifestFile,
  POINT_RECORD_BYTES,
  type Point,
  RecordDigestBuilder,
  type SeriesDigest,
  type SeriesHasher,
  sortPointRecords,
  writePointRecord,
} from "../../../store-format/index.js";
import {
  type RunLocation,
  readInputs,
  readMetricKeys,
  readMetricPoints,
  readOutputs,
  readParams,
  readTags,
  THROW_UNREADABLE,
} from "../read/index.js";

function newHasher(): Hasher {
  const hash = createHash("sha256");
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digestHex: () => hash.digest("hex"),
  };
}

/** Reads params, tags, points, inputs and outputs of the run; artifacts come hashed from the manifest's lines. */
export function recordDigest(location: RunLocation, files: readonly ManifestFile[]): string {
  const builder = new RecordDigestBuilder(newHasher);
  for (const { key, bytes } of readParams(location, THROW_UNREADABLE)) builder.param(key, bytes);
  for (const { key, bytes } of readTags(location, THROW_UNREADABLE)) builder.tag(key, bytes);
  for (const key of readMetricKeys(location, THROW_UNREADABLE)) addSeries(builder, location, key);
  const inputs = readInputs(location, THROW_UNREADABLE);
  for (const { dataset, tags } of inputs.datasetInputs) builder.datasetInput(dataset, tags);
  for (const { modelId } of inputs.modelInputs) builder.modelInput(modelId);
  for (const { modelId, step } of readOutputs(location, THROW_UNREADABLE)) builder.output(modelId, step);
  for (const file of files)
    if (file.kind === "artifact") builder.artifact(file.path.slice("artifacts/".length), file.sha256);
  return builder.digestHex();
}

interface Series {
  readonly dataset: DatasetRef | undefined;
  readonly hasher: SeriesHasher;
  readonly last: Uint8Array;
  empty: boolean;
}

/** Points are nearly always logged in order of step and time: then they are hashed as they come, in flat memory. */
function addSeries(builder: RecordDigestBuilder, location: RunLocation, key: string): void {
  const ordered = hashInOrder(builder, readMetricPoints(location, key, THROW_UNREADABLE));
  const all = ordered ?? hashSorted(builder, readMetricPoints(location, key, THROW_UNREADABLE));
  for (const { dataset, digest } of all) builder.series(key, digest, dataset);
}

interface NamedDigest {
  readonly dataset: DatasetRef | undefined;
  readonly digest: SeriesDigest;
}

/** Null when the points are not in order. */
function hashInOrder(builder: RecordDigestBuilder, points: Iterable<Point>): NamedDigest[] | null {
  const groups = new Map<string, Series>();
  const record = new Uint8Array(POINT_RECORD_BYTES);
  const view = new DataView(record.buffer);
  for (const point of points) {
    const series = groupOf(groups, point.dataset, (dataset) => newSeries(builder, dataset));
    writePointRecord(point, view, 0);
    if (!series.empty && comparePointRecords(series.last, record) > 0) return null;
    series.hasher.add(record);
    series.last.set(record);
    series.empty = false;
  }
  return [...groups.values()].map(({ dataset, hasher }) => ({ dataset, digest: hasher.finish() }));
}

function newSeries(builder: RecordDigestBuilder, dataset: DatasetRef | undefined): Series {
  return { dataset, hasher: builder.newSeries(), last: new Uint8Array(POINT_RECORD_BYTES), empty: true };
}

function groupOf<T>(
  groups: Map<string, T>,
  dataset: DatasetRef | undefined,
  create: (dataset: DatasetRef | undefined) => T,
): T {
  const name = dataset === undefined ? "" : JSON.stringify([dataset.name, dataset.digest]);
  const known = groups.get(name);
  if (known !== undefined) return known;
  const made = create(dataset);
  groups.set(name, made);
  return made;
}

/** Sorts first: 24 bytes a point in memory. */
function hashSorted(builder: RecordDigestBuilder, points: Iterable<Point>): NamedDigest[] {
  const groups = new Map<string, RecordList>();
  for (const point of points) groupOf(groups, point.dataset, (dataset) => new RecordList(dataset)).add(point);
  return [...groups.values()].map((list) => {
    const hasher = builder.newSeries();
    hasher.addAll(sortPointRecords(list.records()));
    return { dataset: list.dataset, digest: hasher.finish() };
  });
}

/** Packed point records in a buffer that doubles. */
class RecordList {
  readonly dataset: DatasetRef | undefined;
  #bytes = new Uint8Array(POINT_RECORD_BYTES * 1024);
  #length = 0;

  constructor(dataset: DatasetRef | undefined) {
    this.dataset = dataset;
  }

  add(point: Point): void {
    if (this.#length === this.#bytes.length) this.#grow();
    writePointRecord(point, new DataView(this.#bytes.buffer), this.#length);
    this.#length += POINT_RECORD_BYTES;
  }

  records(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
