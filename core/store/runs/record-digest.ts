/** The record of a run on disk, and its digest: what "equal" means between two stores. One walk gives both. */
import { join } from "node:path";
import {
  compareCodePoints,
  comparePointRecords,
  type Damage,
  type DatasetRef,
  type ManifestFile,
  type ModelOutput,
  POINT_RECORD_BYTES,
  type Point,
  RecordDigestBuilder,
  type RunInputs,
  type SeriesDigest,
  SeriesHasher,
  writePointRecord,
} from "../../../store-format/index.js";
import { statIfExists } from "../../fs/index.js";
import { LINKS } from "../layout.js";
import { readable } from "../read/damages.js";
import {
  type OnDamage,
  type RecordBytes,
  type RunLocation,
  readInputs,
  readOutputs,
  readParams,
  readTags,
  THROW_UNREADABLE,
} from "../read/index.js";
import { inside } from "../read/located.js";
import { metricKeys, readPointChunks, readPointChunksOf, writersOf } from "../read/metric-points.js";
import { readKeys } from "../read/records.js";
import { newHasher, PointSet } from "./point-set.js";

/** The points of one key (and of one dataset they are linked to, if any) as a set. */
export interface RecordedSeries extends SeriesDigest {
  readonly key: string;
  readonly dataset?: DatasetRef;
}

/** All of a run's record but its artifacts. By key, then by dataset; equal records are equal values. */
export interface RunRecord {
  readonly params: readonly RecordBytes[];
  readonly tags: readonly RecordBytes[];
  /** None without points. */
  readonly series: readonly RecordedSeries[];
  readonly inputs: RunInputs;
  readonly outputs: readonly ModelOutput[];
}

export interface RecordedArtifact {
  /** Relative to the run's artifacts. */
  readonly path: string;
  readonly sha256: string;
}

const ARTIFACTS = "artifacts/";

/** Reads params, tags, points, inputs and outputs of the run; what is damaged is reported and left out. */
export function readRunRecord(location: RunLocation, onDamage: OnDamage): RunRecord {
  return {
    params: readParams(location, onDamage),
    tags: readTags(location, onDamage),
    series: readAllSeries(location, onDamage),
    ...readInputsAndOutputs(location, onDamage),
  };
}

function readInputsAndOutputs(
  location: RunLocation,
  onDamage: OnDamage,
): Pick<RunRecord, "inputs" | "outputs"> {
  return { inputs: readInputs(location, onDamage), outputs: readOutputs(location, onDamage) };
}

/** What this process wrote into a run that nobody else sees: by key, the bytes of a file, and the points of one. */
export interface WrittenRecord {
  readonly params: ReadonlyMap<string, Uint8Array>;
  readonly tags: ReadonlyMap<string, Uint8Array>;
  /** Null: they came out of order, or with links, and have to be read. */
  readonly series: ReadonlyMap<string, SeriesDigest> | null;
}

/**
 * As {@link readRunRecord}, of a run that was just written: what there is tells the directory, as to every reader; what was
 * written under a key is not read again.
 */
export function readWrittenRecord(
  location: RunLocation,
  written: WrittenRecord,
  onDamage: OnDamage,
): RunRecord {
  const keysIn = (folder: string): string[] => readKeys(inside(location, folder), onDamage);
  const seriesOfKey = (key: string): RecordedSeries[] => {
    const digest = written.series?.get(key);
    return digest === undefined ? [] : [{ key, ...digest }];
  };
  return {
    params: writtenRecords(keysIn("params"), written.params),
    tags: writtenRecords(keysIn("tags"), written.tags),
    series:
      written.series === null ? readAllSeries(location, onDamage) : keysIn("metrics").flatMap(seriesOfKey),
    ...readInputsAndOutputs(location, onDamage),
  };
}

function writtenRecords(keys: readonly string[], written: ReadonlyMap<string, Uint8Array>): RecordBytes[] {
  return keys.flatMap((key) => {
    const bytes = written.get(key);
    return bytes === undefined ? [] : [{ key, bytes }];
  });
}

/** SPEC.md, Record digest. */
export function digestRecord(record: RunRecord, artifacts: Iterable<RecordedArtifact>): string {
  const builder = new RecordDigestBuilder(newHasher);
  for (const { key, bytes } of record.params) builder.param(key, bytes);
  for (const { key, bytes } of record.tags) builder.tag(key, bytes);
  for (const series of record.series) builder.series(series.key, series, series.dataset);
  for (const { dataset, tags } of record.inputs.datasetInputs) builder.datasetInput(dataset, tags);
  for (const { modelId } of record.inputs.modelInputs) builder.modelInput(modelId);
  for (const { modelId, step } of record.outputs) builder.output(modelId, step);
  for (const { path, sha256 } of artifacts) builder.artifact(path, sha256);
  return builder.digestHex();
}

/** Of the run's record, with the artifacts of a manifest's lines. Throws typed errors for a place that cannot be read. */
export function recordDigest(location: RunLocation, files: readonly ManifestFile[]): string {
  return digestRecord(readRunRecord(location, THROW_UNREADABLE), artifactsOf(files));
}

/** The artifacts among the files of a manifest. */
export function artifactsOf<File extends ManifestFile>(files: readonly File[]): File[] {
  return files
    .filter(({ kind }) => kind === "artifact")
    .map((file) => ({ ...file, path: file.path.slice(ARTIFACTS.length) }));
}

interface Series {
  readonly dataset: DatasetRef | undefined;
  readonly hasher: SeriesHasher;
  readonly last: Uint8Array;
  empty: boolean;
}

type ReadChunks = (key: string, onDamage: OnDamage) => Iterable<readonly Point[]>;

/** A run that has neither `writers/` nor links is read from `metrics/` alone, whatever begins meanwhile. */
function readAllSeries(location: RunLocation, onDamage: OnDamage): RecordedSeries[] {
  const writers = writersOf(location, onDamage);
  // The journal of a fold was told of; every series looks at it again.
  const tell: OnDamage = (damage) => {
    if (damage.kind !== "fold_damaged") onDamage(damage);
  };
  const links = readable(tell, location, LINKS, () => statIfExists(join(location.directory, LINKS)));
  const isAlone = writers.identity === "" && links === null;
  const read: ReadChunks = isAlone
    ? (key, report) => readPointChunksOf(location, key, writers, report)
    : (key, report) => readPointChunks(location, key, report);
  return metricKeys(location, writers, onDamage).flatMap((key) => seriesOf(key, read, tell));
}

/** Points are nearly always logged in order of step and time: then they are hashed as they come, in flat memory. */
function seriesOf(key: string, read: ReadChunks, onDamage: OnDamage): RecordedSeries[] {
  const damages: Damage[] = [];
  const ordered = hashInOrder(read(key, (damage) => damages.push(damage)));
  // A reading that was broken off is repeated, and tells its damage then.
  if (ordered !== null) for (const damage of damages) onDamage(damage);
  const all = ordered ?? hashSorted(read(key, onDamage));
  return all
    .filter(({ digest }) => digest.count > 0)
    .map(({ dataset, digest }) => ({ key, ...digest, ...(dataset === undefined ? {} : { dataset }) }))
    .sort((a, b) => compareCodePoints(datasetText(a), datasetText(b)));
}

/** The series without a dataset comes first. */
function datasetText({ dataset }: { readonly dataset?: DatasetRef | undefined }): string {
  return dataset === undefined ? "" : JSON.stringify([dataset.name, dataset.digest]);
}

interface NamedDigest {
  readonly dataset: DatasetRef | undefined;
  readonly digest: SeriesDigest;
}

/** Null when the points are not in order. */
function hashInOrder(chunks: Iterable<readonly Point[]>): NamedDigest[] | null {
  const groups = new Map<string, Series>();
  const record = new Uint8Array(POINT_RECORD_BYTES);
  const view = new DataView(record.buffer);
  for (const points of chunks)
    for (const point of points) {
      const series = groupOf(groups, point.dataset, newSeries);
      writePointRecord(point, view, 0);
      if (!series.empty && comparePointRecords(series.last, record) > 0) return null;
      series.hasher.add(record);
      series.last.set(record);
      series.empty = false;
    }
  return [...groups.values()].map(({ dataset, hasher }) => ({ dataset, digest: hasher.finish() }));
}

function newSeries(dataset: DatasetRef | undefined): Series {
  const last = new Uint8Array(POINT_RECORD_BYTES);
  return { dataset, hasher: new SeriesHasher(newHasher()), last, empty: true };
}

function groupOf<T>(
  groups: Map<string, T>,
  dataset: DatasetRef | undefined,
  create: (dataset: DatasetRef | undefined) => T,
): T {
  const name = datasetText({ dataset });
  const known = groups.get(name);
  if (known !== undefined) return known;
  const made = create(dataset);
  groups.set(name, made);
  return made;
}

/** Sorts first: 24 bytes a point in memory. */
function hashSorted(chunks: Iterable<readonly Point[]>): NamedDigest[] {
  const groups = new Map<string, PointSet>();
  for (const points of chunks)
    for (const point of points) groupOf(groups, point.dataset, (dataset) => new PointSet(dataset)).add(point);
  return [...groups.values()].map((set) => ({ dataset: set.dataset, digest: set.digest() }));
}
