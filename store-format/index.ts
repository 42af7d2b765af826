export { type DatasetMeta, parseDatasetMeta, serializeDatasetMeta } from "./dataset-meta.js";
export * from "./entities.js";
export * from "./errors.js";
export { type ExperimentMeta, parseExperimentMeta, serializeExperimentMeta } from "./experiment-meta.js";
export { type Fold, parseFold, serializeFold } from "./fold.js";
export { type InputMeta, parseInputMeta, serializeInputMeta } from "./input-meta.js";
export { isLater, latestPoint } from "./latest.js";
export * from "./limits.js";
export { type LoggedModelMeta, parseLoggedModelMeta, serializeLoggedModelMeta } from "./logged-model-meta.js";
export { MetaFields, type ParseOptions, parseYamlFile } from "./meta-fields.js";
export {
  checkPoint,
  type MetricFile,
  type MetricFileEnd,
  type MetricFileKind,
  type MetricLine,
  MetricLineParser,
  type MetricLineProblem,
  parseMetricFile,
  parseMetricLine,
  serializeModelPoint,
  serializePoint,
} from "./metric-lines.js";
export {
  type ModelVersionMeta,
  parseModelVersionMeta,
  serializeModelVersionMeta,
} from "./model-version-meta.js";
export { type OutputMeta, parseOutputMeta, serializeOutputMeta } from "./output-meta.js";
export { type PointLink, parseLink, serializeLink } from "./point-link.js";
export { parsePythonFloat, parsePythonInt, serializePythonFloat, toInteger } from "./python-float.js";
export {
  parseRegisteredModelMeta,
  type RegisteredModelMeta,
  serializeRegisteredModelMeta,
} from "./registered-model-meta.js";
export { type LegacySource, parseRunMeta, type RunMeta, serializeRunMeta } from "./run-meta.js";
export {
  codePointLength,
  compareCodePoints,
  decodeUtf8,
  decodeUtf8Lossy,
  encodeUtf8,
  invalidUtf8Offset,
  isWellFormedText,
  jsonText,
  utf8Length,
} from "./text.js";
export { decodeText, encodeText, type TextValue } from "./text-value.js";
export { parseTraceInfo } from "./trace-info.js";
export { type GeneralYamlParser, parseYamlMap } from "./yaml/parse.js";
export { serializeYamlMap, type YamlInput, type YamlInputObject } from "./yaml/serialize.js";
export {
  isYamlList,
  isYamlMap,
  isYamlNull,
  isYamlScalar,
  resolveYamlScalar,
  type YamlMap,
  type YamlScalar,
  type YamlValue,
  yamlInteger,
  yamlString,
} from "./yaml/value.js";
