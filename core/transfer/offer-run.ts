/** A local run, ready to be received by another store on this machine. */
import {
  isRunstoneError,
  type Point,
  type SealedManifest,
  type StringMap,
} from "../../store-format/index.js";
import type { ArtifactHomes } from "../store/read/artifacts.js";
import { IGNORE_DAMAGE } from "../store/read/damages.js";
import { experimentOf } from "../store/read/inputs-outputs.js";
import type { RunLocation } from "../store/read/located.js";
import { readTags, toStringMap } from "../store/read/records.js";
import { artifactOpener } from "./open-object.js";
import { type ReadDocument, type ReadDocumentOptions, readRunDocument } from "./read-run-document.js";
import { readSeries } from "./read-series.js";
import type { ArtifactSource } from "./receive-artifact.js";
import type { ReceivedRun } from "./receive-run.js";
import { sealedMetrics } from "./sealed-metrics.js";

export interface OfferOptions extends ReadDocumentOptions {
  /** Default true. */
  readonly artifacts?: boolean;
}

export interface OfferedRun extends Pick<ReadDocument, "damages" | "changing"> {
  readonly run: ReceivedRun;
}

/** Throws as {@link readRunDocument} does. */
export function offerRun(
  context: ArtifactHomes,
  location: RunLocation,
  options: OfferOptions = {},
): OfferedRun {
  const { document, damages, changing, seal } = readRunDocument(context, location, options);
  const run: ReceivedRun = {
    document,
    points: (key) => pointsOf(location, key),
    ...(damages.length === 0 ? { metrics: sealedMetrics(location, { document, seal }) } : {}),
    artifact: options.artifacts === false ? () => null : artifactsOf(context, location, seal),
    experimentTags: experimentTags(location),
    incomplete: damages.some(({ severity }) => severity !== "note"),
  };
  return { run, damages, changing };
}

function* pointsOf(location: RunLocation, key: string): Generator<readonly Point[]> {
  for (const { points } of readSeries(location, key).chunks) yield points;
}

function artifactsOf(
  context: ArtifactHomes,
  location: RunLocation,
  seal: SealedManifest | null,
): ArtifactSource {
  const open = artifactOpener(context, location, seal);
  return (head) => {
    try {
      const bytes = open(head);
      bytes.close();
      return { file: bytes.path };
    } catch (error) {
      if (head.absent === true && isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
      throw error;
    }
  };
}

/** None of an experiment that lost its meta.yaml. */
function experimentTags(location: RunLocation): StringMap {
  return toStringMap(readTags(experimentOf(location), IGNORE_DAMAGE));
}
