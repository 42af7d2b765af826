/** MLflow's REST API as pure code: JSON, messages, routes, errors, limits. */
export { MLFLOW_ERROR_STATUSES, mlflowErrorStatus } from "./error-statuses.js";
export { type ErrorAnswer, isFinalError, parseError, serializeError } from "./errors.js";
export { parseExperiment, serializeExperiment } from "./experiment.js";
export { Fields, type Refusal, type WrongField, wrongAnswer, wrongRequest } from "./fields.js";
export { parseFileInfo, serializeFileInfo } from "./file-info.js";
export {
  parseDatasetInput,
  parseInputs,
  parseOutputs,
  serializeDatasetInput,
  serializeInputs,
  serializeModelOutput,
  serializeOutputs,
} from "./inputs.js";
export {
  isJsonObject,
  type Json,
  type JsonInput,
  type JsonObject,
  MAX_JSON_DEPTH,
  parseJson,
  serializeJson,
} from "./json.js";
export { parseKeyValues, serializeKeyValues, type WireKeyValue } from "./key-values.js";
export * from "./limits.js";
export { parseLoggedModel, serializeLoggedModel, serializeLoggedModelStatus } from "./logged-model.js";
export { parseLoggedModelMetric, parseMetric, parsePoint, serializeMetric } from "./metric.js";
export { parsePage, type WirePage } from "./page.js";
export {
  parseModelVersion,
  parseRegisteredModel,
  serializeModelVersion,
  serializeRegisteredModel,
} from "./registry.js";
export * from "./requests.js";
export {
  encodePath,
  type Method,
  ROUTES,
  type Route,
  type RouteName,
  routeLabel,
  routePath,
} from "./routes.js";
export { parseRun, parseRunInfo, serializeRun, serializeRunInfo } from "./run.js";
