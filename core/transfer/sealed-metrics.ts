/**
 * Metric files that may be copied as they are, instead of point by point: those of a run whose record is, as it was just
 * read, what its seal says. Who copies one holds its bytes against the hash of the seal, so that what arrives is what was
 * sealed, whatever happens to the file meanwhile.
 */
import { join } from "node:path";
import { keyToPath, type ManifestFile, type SeriesDigest } from "../../store-format/index.js";
import type { HashedFile } from "../fs/index.js";
import { LINKS } from "../store/layout.js";
import type { RunLocation } from "../store/read/located.js";
import type { ReadDocument } from "./read-run-document.js";
import type { SeriesHead } from "./run-document.js";

/** A metric file on this machine, with what it holds. */
export interface SealedMetric extends HashedFile {
  /** Absolute. */
  readonly file: string;
  readonly digest: SeriesDigest;
}

/** By key. */
export type SealedMetrics = ReadonlyMap<string, SealedMetric>;

const NONE: SealedMetrics = new Map();

/** Of a document that was read without damage. None for a run that is not sealed, was changed since, or has links of points. */
export function sealedMetrics(
  { directory }: RunLocation,
  { document, seal }: Pick<ReadDocument, "document" | "seal">,
): SealedMetrics {
  if (seal?.complete !== true || seal.recordDigest !== document.recordDigest) return NONE;
  const files = new Map(seal.files.map((file) => [file.path, file]));
  if (files.has(LINKS) || document.series.some(({ dataset }) => dataset !== undefined)) return NONE;
  return new Map(document.series.flatMap((series) => entryOf(directory, series, files)));
}

function entryOf(
  directory: string,
  { key, count, sha256 }: SeriesHead,
  files: ReadonlyMap<string, ManifestFile>,
): [string, SealedMetric][] {
  const path = `metrics/${keyToPath(key)}`;
  const sealed = files.get(path);
  if (sealed?.kind !== "metric") return [];
  const digest: SeriesDigest = { count, sha256 };
  return [[key, { file: join(directory, path), sha256: sealed.sha256, size: sealed.size, digest }]];
}
