export { checkArtifactPath, isContainedPath } from "./artifact-paths.js";
export * from "./catalog.js";
export {
  ARTIFACT_LOCATION_STYLES,
  type ArtifactLocationStyle,
  type ArtifactPolicy,
  assertWritableFormat,
  type CapturePolicy,
  DEFAULT_CONFIG,
  DURABILITIES,
  type Durability,
  INDEX_LOCATIONS,
  type IndexLocation,
  parseConfig,
  serializeConfig,
  WORKSPACE_FORMAT,
  type WorkspaceConfig,
} from "./config.js";
export { DAMAGE_KINDS, type DamageKind, damageOf, isDamageKind } from "./damage-kinds.js";
export { type DatasetMeta, parseDatasetMeta, serializeDatasetMeta } from "./dataset-meta.js";
export * from "./entities.js";
export * from "./errors.js";
export { type ExperimentMeta, parseExperimentMeta, serializeExperimentMeta } from "./experiment-meta.js";
export { flattenParams, type ParamValue, paramText } from "./flatten-params.js";
export { type Fold, parseFold, serializeFold } from "./fold.js";
export {
  datasetIdPreimage,
  experimentIdFromHash,
  experimentIdPreimage,
  hexId,
  inputIdPreimage,
  runNameFrom,
} from "./ids.js";
export { type InputMeta, parseInputMeta, serializeInputMeta } from "./input-meta.js";
export {
  checkKey,
  findKeyClashes,
  foldKey,
  isReadableKey,
  isStrayEntry,
  type KeyKind,
  keysClash,
  keyToPath,
  pathToKey,
  windowsProblem,
} from "./keys.js";
export { isLater, latestPoint } from "./latest.js";
export {
  assertWritableLease,
  LEASE_FORMAT,
  LEASE_OWNERS,
  type Lease,
  type LeaseOwner,
  parseLease,
  serializeLease,
} from "./lease.js";
export * from "./limits.js";
export { type LoggedModelMeta, parseLoggedModelMeta, serializeLoggedModelMeta } from "./logged-model-meta.js";
export {
  ARTIFACT_CONTENTS,
  type ArtifactContent,
  MANIFEST_FILE_KINDS,
  MANIFEST_FORMAT,
  type Manifest,
  type ManifestFile,
  type ManifestFileKind,
  parseManifest,
  type SealedManifest,
  type Sha256,
  serializeManifest,
  serializeManifestFiles,
} from "./manifest.js";
export * from "./merge/index.js";
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
export {
  checkAlias,
  checkExperimentName,
  checkLoggedModelName,
  checkModelName,
  isExperimentId,
  isModelId,
  isRunId,
  isTraceId,
} from "./names.js";
export { type OutputMeta, parseOutputMeta, serializeOutputMeta } from "./output-meta.js";
export { type PointLink, parseLink, serializeLink } from "./point-link.js";
export { parsePythonFloat, parsePythonInt, serializePythonFloat, toInteger } from "./python-float.js";
export {
  comparePointRecords,
  type Hasher,
  OWN_TAG_PREFIX,
  POINT_RECORD_BYTES,
  pointRecord,
  RecordDigestBuilder,
  type SeriesDigest,
  SeriesHasher,
  sortPointRecords,
  writePointRecord,
} from "./record-digest.js";
export {
  parseRegisteredModelMeta,
  type RegisteredModelMeta,
  serializeRegisteredModelMeta,
} from "./registered-model-meta.js";
export { checkRemoteName, isRemoteName } from "./remote-names.js";
export {
  compareRunDigestEntries,
  doubleHex,
  type RunDigestEntry,
  type RunDigestMetric,
  serializeRunDigest,
} from "./run-digest.js";
export {
  glanceAtRunMeta,
  type LegacySource,
  parseRunMeta,
  type RunMeta,
  type RunMetaGlance,
  serializeRunMeta,
} from "./run-meta.js";
export {
  isSavedViewName,
  parseSavedView,
  SAVED_VIEW_FORMAT,
  type SavedView,
  serializeSavedView,
} from "./saved-view.js";
export {
  isReceiptFileName,
  parseSyncReceipt,
  RECEIPT_FORMAT,
  receiptFileName,
  type SyncReceipt,
  serializeSyncReceipt,
} from "./sync-receipt.js";
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
export { setYamlFields, type YamlFields } from "./yaml/set-fields.js";
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
