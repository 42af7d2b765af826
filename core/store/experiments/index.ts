export { createExperiment } from "./create-experiment.js";
export {
  createStore,
  DEFAULT_EXPERIMENT_ID,
  DEFAULT_EXPERIMENT_NAME,
  ensureDefaultExperiment,
} from "./default-experiment.js";
export { deleteExperiment, restoreExperiment } from "./delete-experiment.js";
export { deleteExperimentTag, setExperimentTags } from "./experiment-tags.js";
export { locateActiveExperiment, locateExperiment } from "./locate.js";
export { renameExperiment } from "./rename-experiment.js";
