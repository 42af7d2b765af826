/** A local run as the document that travels. */
import {
  type Damage,
  decodeText,
  invalidUtf8Offset,
  isRunstoneError,
  type SealedManifest,
  type StringMap,
} from "../../store-format/index.js";
import type { ArtifactHomes } from "../store/read/artifacts.js";
import { type OnDamage, report } from "../store/read/damages.js";
import { readExperimentMeta } from "../store/read/experiments.js";
import { experimentOf } from "../store/read/inputs-outputs.js";
import type { RunLocation } from "../store/read/located.js";
import { type RecordBytes, toStringMap } from "../store/read/records.js";
import { readRunInfo } from "../store/read/runs.js";
import { digestRecord, readRunRecord } from "../store/runs/record-digest.js";
import { ArtifactHashes, readArtifactHeads } from "./artifact-heads.js";
import type { RunDocument } from "./run-document.js";

export interface ReadDocumentOptions {
  /** Receives each damage as it is met; all of them are in the result, too. */
  readonly onDamage?: OnDamage;
  /** Hashes of artifacts that were found out before in this process; new ones are added. */
  readonly hashes?: ArtifactHashes;
}

export interface ReadDocument {
  readonly document: RunDocument;
  /** What could not be read, and is therefore not (or not as it was) in the document. Empty: it is all of the run. */
  readonly damages: readonly Damage[];
  /** Artifacts that were being written while they were hashed; they are not in the document. */
  readonly changing: readonly string[];
  /** The run's seal, if it has one that can be read; the record may have changed since. */
  readonly seal: SealedManifest | null;
}

/**
 * Reads all of a run's record and the hashes of its artifacts: those of the seal for files that have the size and
 * modification time they had then, of the content for all others. The digest is that of the seal when nothing changed since.
 * Throws DAMAGED when meta.yaml cannot be read, typed I/O errors of the run's directory.
 */
export function readRunDocument(
  context: ArtifactHomes,
  location: RunLocation,
  options: ReadDocumentOptions = {},
): ReadDocument {
  const damages: Damage[] = [];
  const onDamage: OnDamage = (damage) => {
    damages.push(damage);
    options.onDamage?.(damage);
  };
  const info = readRunInfo(location);
  const record = readRunRecord(location, onDamage);
  const { artifacts, changing, seal } = readArtifactHeads(context, location, {
    onDamage,
    hashes: options.hashes ?? new ArtifactHashes(),
  });
  const document: RunDocument = {
    info,
    experimentName: experimentName(location, onDamage),
    params: textsOf(location, "params", record.params, onDamage),
    tags: textsOf(location, "tags", record.tags, onDamage),
    series: record.series,
    inputs: record.inputs,
    outputs: record.outputs,
    artifacts,
    recordDigest: digestRecord(record, artifacts),
  };
  return { document, damages, changing, seal };
}

/** An experiment that cannot be read has its id as name, as in every listing. */
function experimentName(location: RunLocation, onDamage: OnDamage): string {
  const { experimentId } = location;
  try {
    const { name } = readExperimentMeta(experimentOf(location));
    return name === "" ? experimentId : name;
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    const owner = experimentOf(location);
    report(onDamage, owner, "experiment_meta_damaged", { name: "meta.yaml", reason: error.message });
    return experimentId;
  }
}

/** What is no UTF-8 travels with U+FFFD in it, and is named. */
function textsOf(
  location: RunLocation,
  folder: string,
  records: readonly RecordBytes[],
  onDamage: OnDamage,
): StringMap {
  for (const { key, bytes } of records) {
    if (decodeText(bytes).bytes === undefined) continue;
    report(onDamage, location, "value_not_utf8", {
      name: `${folder}/${key}`,
      offset: invalidUtf8Offset(bytes),
    });
  }
  return toStringMap(records);
}
