/** The library: MLflow's fluent verbs and an explicit client, on plain files. */
export type {
  Artifacts,
  Batch,
  DatasetChoice,
  ExperimentSearchQuery,
  FileRunWriter,
  FileStore,
  LoggedModelOrder,
  LoggedModelSearchQuery,
  NewExperiment,
  NewLoggedModel,
  NewModelVersion,
  NewRun,
  Page,
  RunQuery,
  RunSearchQuery,
  RunWriter,
  SearchDialect,
  SearchQuery,
  TrackingStore,
} from "../core/index.js";
export type {
  ArtifactEntry,
  Damage,
  Dataset,
  ErrorCode,
  Experiment,
  Integer,
  LoggedModel,
  Metric,
  ModelVersion,
  ParamValue,
  Point,
  RegisteredModel,
  Run,
  RunInfo,
  RunStatus,
  StringMap,
  View,
} from "../store-format/index.js";
export { isRunstoneError, RunstoneError } from "../store-format/index.js";
export type { RestRunWriter, RestStore } from "../sync/rest/index.js";
export { ActiveRun, type DatasetSpec, type PointOptions } from "./active-run.js";
export type { Table } from "./artifact-content.js";
export { type AutologOptions, autolog } from "./autolog/autolog.js";
export { autologFunction } from "./autolog/autolog-function.js";
export { autologTensorflow, type TensorflowLike } from "./autolog/tensorflow.js";
export {
  activeRun,
  createExperiment,
  deleteTag,
  endRun,
  flush,
  getExperiment,
  getExperimentByName,
  logArtifact,
  logArtifacts,
  logDict,
  logFigure,
  logImage,
  logInput,
  logMetric,
  logMetrics,
  logParam,
  logParams,
  logStream,
  logTable,
  logText,
  searchExperiments,
  searchRuns,
  setExperiment,
  setTag,
  setTags,
  startRun,
  withRun,
} from "./fluent.js";
export type { Pixels } from "./png.js";
export type { StartRunOptions } from "./start-run.js";
export { getTrackingUri, openStore, setTrackingUri } from "./tracking-uri.js";
