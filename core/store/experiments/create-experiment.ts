/**
 * New experiments. The id comes from the name, so that hosts and branches which create the same experiment agree; the
 * claim is the rename of the complete directory, so that of many who create it at once exactly one succeeds.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  checkExperimentName,
  type Experiment,
  encodeText,
  experimentIdFromHash,
  experimentIdPreimage,
  MAX_EXPERIMENT_TAG_VALUE_LENGTH,
  serializeExperimentMeta,
} from "../../../store-format/index.js";
import {
  listDirectory,
  publishDirectory,
  removeDirectory,
  statIfExists,
  writeNewFile,
} from "../../fs/index.js";
import type { NewExperiment } from "../../interfaces.js";
import { artifactLocation } from "../artifact-location.js";
import { checkTags } from "../check-tags.js";
import type { StoreContext } from "../context.js";
import { writeNewKeyFiles } from "../key-files.js";
import { META, trashPath } from "../layout.js";
import { IGNORE_DAMAGE } from "../read/damages.js";
import { findExperiment, readExperiment } from "../read/experiments.js";
import { checkArtifactLocation } from "./check-artifact-location.js";
import { locateExperiment } from "./locate.js";
import { nameTaken, othersOfName, refuseTakenName } from "./names.js";

/** More than one attempt is needed only when others create, rename and delete the same name at the same moment. */
const ATTEMPTS = 5;

/** Throws RESOURCE_ALREADY_EXISTS (active or deleted; `data.experimentId`), INVALID_PARAMETER_VALUE. */
export function createExperiment(context: StoreContext, spec: NewExperiment): Experiment {
  checkExperimentName(spec.name);
  checkTags(spec.tags ?? {}, MAX_EXPERIMENT_TAG_VALUE_LENGTH);
  if (spec.artifactLocation !== undefined) checkArtifactLocation(spec.artifactLocation);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    refuseTakenName(context, spec.name);
    const experimentId = claim(context, spec);
    if (isSoleHolder(context, spec.name, experimentId)) return ownExperiment(context, experimentId);
  }
  throw nameTaken(spec.name, null);
}

/** Publishes the directory under the first id of the name that nobody holds. */
function claim(context: StoreContext, spec: NewExperiment): string {
  for (let probe = 0; ; ) {
    const experimentId = derivedId(spec.name, probe);
    if (!isHeld(context, experimentId) && publishExperiment(context, experimentId, spec)) return experimentId;
    // Who lost the race for an id lost it to the same name; an experiment that was renamed since holds its id on.
    refuseTakenName(context, spec.name);
    if (!isHeld(context, experimentId)) continue;
    warnOfOrphan(context, experimentId);
    probe += 1;
  }
}

function derivedId(name: string, probe: number): string {
  const hash = createHash("sha256").update(experimentIdPreimage(name, probe)).digest("hex");
  return experimentIdFromHash(hash);
}

function isHeld({ root }: StoreContext, experimentId: string): boolean {
  return [join(root, experimentId), join(trashPath(root), experimentId)].some(
    (path) => statIfExists(path) !== null,
  );
}

/** Builds the experiment and claims its id; false when something of that id is there. */
export function publishExperiment(context: StoreContext, experimentId: string, spec: NewExperiment): boolean {
  return publishDirectory(context.root, join(context.root, experimentId), (draft) => {
    writeNewKeyFiles({ owner: draft, folder: "tags" }, spec.tags ?? {});
    writeNewFile(join(draft, META), newMeta(context, experimentId, spec), true);
  });
}

/** The bytes of a new experiment's meta.yaml. */
export function newMeta(context: StoreContext, experimentId: string, spec: NewExperiment): Uint8Array {
  const now = context.now();
  const location = spec.artifactLocation ?? artifactLocation(context, context.locations, experimentId);
  const meta = serializeExperimentMeta({
    experimentId,
    name: spec.name,
    artifactLocation: location,
    lifecycleStage: "active",
    creationTime: now,
    lastUpdateTime: now,
  });
  return encodeText(meta);
}

function warnOfOrphan(context: StoreContext, experimentId: string): void {
  const holder = findExperiment(context, experimentId);
  if (holder !== null && !holder.orphan) return;
  context.warn(
    `the directory of experiment id ${experimentId} has no readable meta.yaml: the next id is taken`,
  );
}

/** Looks again after the claim; takes it back when it was not the only one, or when looking failed. */
function isSoleHolder(context: StoreContext, name: string, experimentId: string): boolean {
  let isSole = false;
  try {
    isSole = !hasTwin(context, name, experimentId);
  } finally {
    if (!isSole) withdraw(context, experimentId);
  }
  return isSole;
}

/** Another of that name, or of that id in the trash, appeared between our look and our claim. */
function hasTwin(context: StoreContext, name: string, experimentId: string): boolean {
  if (statIfExists(join(trashPath(context.root), experimentId)) !== null) return true;
  return othersOfName(context, name, experimentId).length > 0;
}

/** Takes our fresh experiment back, unless somebody has begun to work in it: then `fsck` names the two. */
function withdraw(context: StoreContext, experimentId: string): void {
  const directory = join(context.root, experimentId);
  const others = (listDirectory(directory) ?? []).filter(({ name }) => name !== META && name !== "tags");
  if (others.length === 0) removeDirectory(context.root, directory);
}

function ownExperiment(context: StoreContext, experimentId: string): Experiment {
  return readExperiment(locateExperiment(context, experimentId), IGNORE_DAMAGE);
}
