import { type ModelVersion, RunstoneError, STAGES, type Stage } from "../../../store-format/index.js";
import type { StoreContext } from "../context.js";
import { type ModelVersionLocation, scanModelVersions } from "../read/registry.js";
import {
  changeModelVersion,
  changeRegisteredModel,
  locateModelVersion,
  locateRegisteredModel,
  readModelVersion,
} from "./locate.js";

/** Stages that serve; only when entering one of them the others may be archived. */
const ACTIVE_STAGES: readonly Stage[] = ["Staging", "Production"];

export interface TransitionOptions {
  /** Moves the other versions of that stage to `Archived`. */
  readonly archiveExisting?: boolean;
}

/**
 * Moves a version to a stage (any case); with `archiveExisting` the other versions of that stage go to `Archived`, after
 * it, so that some version always serves and a repeat finishes.
 */
export function transitionStage(
  context: StoreContext,
  name: string,
  version: number,
  stage: string,
  options: TransitionOptions = {},
): ModelVersion {
  const target = parseStage(stage);
  if (options.archiveExisting === true) checkActive(target);
  const place = locateModelVersion(context, name, version);
  changeModelVersion(context, place, { currentStage: target });
  if (options.archiveExisting === true) archiveOthers(context, place, target);
  const model = locateRegisteredModel(context, name);
  changeRegisteredModel(context, model);
  return readModelVersion(model, place);
}

function archiveOthers(context: StoreContext, { name, version }: ModelVersionLocation, stage: Stage): void {
  for (const other of scanModelVersions(context, name)) {
    if (other.version === version || other.currentStage !== stage) continue;
    changeModelVersion(context, locateModelVersion(context, name, other.version), {
      currentStage: "Archived",
    });
  }
}

function parseStage(text: string): Stage {
  const stage = STAGES.find((name) => name.toLowerCase() === text.toLowerCase());
  if (stage !== undefined) return stage;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `${JSON.stringify(text)} is no stage`, {
    hint: `Choose one of ${STAGES.join(", ")}.`,
    data: { stage: text },
  });
}

function checkActive(stage: Stage): void {
  if (ACTIVE_STAGES.includes(stage)) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `existing versions can be archived only when one enters ${ACTIVE_STAGES.join(" or ")}, not ${stage}`,
    { hint: "Leave out the archiving, or choose another stage.", data: { stage } },
  );
}
