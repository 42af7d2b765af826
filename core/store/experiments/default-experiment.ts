/** A new store: the root, `.trash` and the experiment `0` that every MLflow expects. */
import { dirname, join } from "node:path";
import type { Experiment } from "../../../store-format/index.js";
import { createFile, ensureDirectory, statIfExists, syncDirectory } from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { META, trashPath } from "../layout.js";
import { IGNORE_DAMAGE } from "../read/damages.js";
import { findExperiment, readExperiment } from "../read/experiments.js";
import { writable } from "../writable.js";
import { newMeta, publishExperiment } from "./create-experiment.js";
import { locateExperiment } from "./locate.js";
import { othersOfName } from "./names.js";

export const DEFAULT_EXPERIMENT_ID = "0";
export const DEFAULT_EXPERIMENT_NAME = "Default";

/** Makes what of the store is missing. Safe to repeat, and for many processes at once. */
export function createStore(context: StoreContext): void {
  writable(context);
  ensureDirectory(trashPath(context.root), true);
  syncDirectory(dirname(context.root));
  ensureDefaultExperiment(context);
}

/**
 * The default experiment, created when the store has none. It is `0`, unless another experiment has the name `Default`:
 * then that one. A `0` whose meta.yaml got lost (nothing else can be meant by it) is given a new one.
 */
export function ensureDefaultExperiment(context: StoreContext): Experiment {
  if (findExperiment(context, DEFAULT_EXPERIMENT_ID) === null) {
    const namesake = othersOfName(context, DEFAULT_EXPERIMENT_NAME)[0];
    if (namesake !== undefined) return namesake;
    publishExperiment(context, DEFAULT_EXPERIMENT_ID, { name: DEFAULT_EXPERIMENT_NAME });
  }
  restoreLostMeta(context);
  return readExperiment(locateExperiment(context, DEFAULT_EXPERIMENT_ID), IGNORE_DAMAGE);
}

function restoreLostMeta(context: StoreContext): void {
  const directory = join(context.root, DEFAULT_EXPERIMENT_ID);
  if (statIfExists(directory)?.kind !== "directory" || statIfExists(join(directory, META)) !== null) return;
  const meta = newMeta(context, DEFAULT_EXPERIMENT_ID, { name: DEFAULT_EXPERIMENT_NAME });
  createFile(join(directory, META), meta, { temporaryIn: directory, sync: true });
}
