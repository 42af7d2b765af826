export {
  deleteLoggedModel,
  deleteLoggedModelTag,
  finalizeLoggedModel,
  setLoggedModelTags,
} from "./change-logged-model.js";
export { createLoggedModel } from "./create-logged-model.js";
export { locateActiveModel } from "./locate.js";
export {
  cutTornModelFile,
  logModelMetrics,
  type ModelPoints,
  tornModelFiles,
} from "./logged-model-metrics.js";
export { logLoggedModelParams } from "./logged-model-params.js";
