/** Finding the experiment that an operation is about. */
import { join } from "node:path";
import {
  type ExperimentMeta,
  encodeText,
  RunstoneError,
  serializeExperimentMeta,
} from "../../../store-format/index.js";
import { replaceFile } from "../../fs/index.js";
import { META, type StorePaths } from "../layout.js";
import { findExperiment, readExperimentMeta } from "../read/experiments.js";
import type { ExperimentLocation } from "../read/located.js";

/** The experiment's place, active or deleted. Throws RESOURCE_DOES_NOT_EXIST. */
export function locateExperiment(paths: StorePaths, experimentId: string): ExperimentLocation {
  const found = findExperiment(paths, experimentId);
  if (found !== null) return found;
  throw new RunstoneError(
    "RESOURCE_DOES_NOT_EXIST",
    `there is no experiment ${JSON.stringify(experimentId)}`,
    {
      hint: "See `runstone experiments`.",
      data: { experimentId },
    },
  );
}

/** As {@link locateExperiment}, but only one that may be changed: INVALID_STATE when it is deleted. */
export function locateActiveExperiment(paths: StorePaths, experimentId: string): ExperimentLocation {
  const location = locateExperiment(paths, experimentId);
  if (location.place === "root" && readExperimentMeta(location).lifecycleStage === "active") return location;
  throw new RunstoneError("INVALID_STATE", `experiment ${JSON.stringify(experimentId)} is deleted`, {
    hint: "Restore it with `runstone experiments restore`.",
    data: { experimentId },
  });
}

/** Replaces meta.yaml; durable when it returns. The id is the directory's name, whatever the file said before. */
export function writeExperimentMeta(location: ExperimentLocation, meta: ExperimentMeta): void {
  const { directory, experimentId } = location;
  const name = meta.name === "" ? experimentId : meta.name;
  const bytes = encodeText(serializeExperimentMeta({ ...meta, experimentId, name }));
  replaceFile(join(directory, META), bytes, { temporaryIn: directory, sync: true });
}
