/** Editing meta.yaml of all runs of an experiment, wherever it lies. */
import { join } from "node:path";
import { encodeText, isRunstoneError, type RunMeta, serializeRunMeta } from "../../../store-format/index.js";
import { replaceFile } from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { META } from "../layout.js";
import { THROW_UNREADABLE } from "../read/damages.js";
import type { ExperimentLocation, RunLocation } from "../read/located.js";
import { readRunMeta, runsOf } from "../read/runs.js";
import { resealAfterEdit } from "../runs/seal.js";

/** Returns the new meta of a run, or null to leave it as it is. */
export type EditRun = (run: RunMeta) => RunMeta | null;

/** Applies `edit` to each run. One whose meta.yaml is damaged stays as it is, with a warning: it hides no other. */
export function editRuns(context: StoreContext, experiment: ExperimentLocation, edit: EditRun): void {
  for (const run of runsOf(experiment, THROW_UNREADABLE)) {
    const before = readRunMetaOrWarn(context, run);
    const after = before === null ? null : edit(before);
    if (after === null) continue;
    writeRunMeta(run, after);
    reseal(context, run);
  }
}

/** A manifest that cannot be read keeps no run from being deleted or restored. */
function reseal(context: StoreContext, run: RunLocation): void {
  try {
    resealAfterEdit(context, run);
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED") && !isRunstoneError(error, "FORMAT_TOO_NEW")) throw error;
    context.warn(`run ${run.runId} is not sealed anew: ${error.message}`);
  }
}

function readRunMetaOrWarn(context: StoreContext, run: RunLocation): RunMeta | null {
  try {
    return readRunMeta(run);
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    context.warn(`run ${run.runId} is left as it is: ${error.message}`);
    return null;
  }
}

function writeRunMeta(run: RunLocation, meta: RunMeta): void {
  const bytes = encodeText(serializeRunMeta(meta));
  replaceFile(join(run.directory, META), bytes, { temporaryIn: run.directory, sync: true });
}
