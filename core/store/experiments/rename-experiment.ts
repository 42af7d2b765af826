import { checkExperimentName } from "../../../store-format/index.js";
import type { StoreContext } from "../context.js";
import { readExperimentMeta } from "../read/experiments.js";
import { locateActiveExperiment, writeExperimentMeta } from "./locate.js";
import { refuseTakenName } from "./names.js";

/**
 * Gives an active experiment another name; its id stays. Throws RESOURCE_ALREADY_EXISTS. Where two processes give the
 * same name at the same moment, both may be refused, but never do both keep it.
 */
export function renameExperiment(context: StoreContext, experimentId: string, name: string): void {
  checkExperimentName(name);
  const location = locateActiveExperiment(context, experimentId);
  const before = readExperimentMeta(location);
  if (before.name === name) return;
  refuseTakenName(context, name, experimentId);
  writeExperimentMeta(location, { ...before, name, lastUpdateTime: context.now() });
  try {
    refuseTakenName(context, name, experimentId);
  } catch (error) {
    writeExperimentMeta(location, before);
    throw error;
  }
}
