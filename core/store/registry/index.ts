export { deleteAlias, getModelVersionByAlias, setAlias } from "./aliases.js";
export { locateModelVersion, locateRegisteredModel, readModelVersion } from "./locate.js";
export { createModelVersion, deleteModelVersion, updateModelVersion } from "./model-versions.js";
export {
  createRegisteredModel,
  deleteRegisteredModel,
  type RegisteredModelOptions,
  updateRegisteredModel,
} from "./registered-models.js";
export {
  deleteModelVersionTag,
  deleteRegisteredModelTag,
  setModelVersionTags,
  setRegisteredModelTags,
} from "./registry-tags.js";
export { renameRegisteredModel } from "./rename-registered-model.js";
export { type TransitionOptions, transitionStage } from "./stages.js";
