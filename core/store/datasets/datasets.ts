/** Dataset records, shared by the runs of an experiment: written once, never changed. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  codePointLength,
  type DatasetMeta,
  datasetIdPreimage,
  encodeText,
  MAX_DATASET_DIGEST_LENGTH,
  MAX_DATASET_NAME_LENGTH,
  MAX_DATASET_PROFILE_LENGTH,
  MAX_DATASET_SCHEMA_LENGTH,
  MAX_DATASET_SOURCE_LENGTH,
  RunstoneError,
  serializeDatasetMeta,
} from "../../../store-format/index.js";
import { claimDirectory, publishDirectory, writeNewFile } from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { META } from "../layout.js";
import { assertWritableExperiment } from "../writable.js";

/** MLflow's id of a dataset: the MD5 of name and digest, as hex. It names, it protects nothing. */
export function datasetId(name: string, digest: string): string {
  return md5(datasetIdPreimage(name, digest));
}

/** Lower-case hex MD5 of the UTF-8 bytes. */
export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** Writes the record unless it is there; returns the dataset's id. Durable when it returns. */
export function writeDataset(
  context: StoreContext,
  experimentDirectory: string,
  dataset: DatasetMeta,
): string {
  checkDataset(dataset);
  assertWritableExperiment({ directory: experimentDirectory });
  const id = datasetId(dataset.name, dataset.digest);
  const meta = encodeText(serializeDatasetMeta(dataset));
  const datasets = join(experimentDirectory, "datasets");
  claimDirectory(datasets);
  publishDirectory(context.root, join(datasets, id), (draft) => writeNewFile(join(draft, META), meta, true));
  return id;
}

/** Throws INVALID_PARAMETER_VALUE for a name or digest that is empty, and for what is longer than MLflow's limits. */
export function checkDataset(dataset: DatasetMeta): void {
  checkLength("name", dataset.name, MAX_DATASET_NAME_LENGTH, 1);
  checkLength("digest", dataset.digest, MAX_DATASET_DIGEST_LENGTH, 1);
  checkLength("source type", dataset.sourceType, MAX_DATASET_NAME_LENGTH, 0);
  checkLength("source", dataset.source, MAX_DATASET_SOURCE_LENGTH, 0);
  checkLength("schema", dataset.schema ?? "", MAX_DATASET_SCHEMA_LENGTH, 0);
  checkLength("profile", dataset.profile ?? "", MAX_DATASET_PROFILE_LENGTH, 0);
}

function checkLength(field: string, text: unknown, most: number, least: number): void {
  const length = typeof text === "string" ? codePointLength(text) : -1;
  if (length >= least && length <= most) return;
  const message =
    length < 0
      ? `the ${field} of a dataset must be a text`
      : `the ${field} of a dataset has ${length} characters`;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", message, {
    hint: `Give a ${field} of ${least} to ${most} characters.`,
    data: { field, length, limit: most },
  });
}
