/** The read side of the file store; everything here changes nothing on disk. */

export {
  artifactFile,
  artifactPath,
  listArtifacts,
  readArtifact,
  resolveArtifactDirectory,
} from "./artifacts.js";
export type { OnDamage } from "./damages.js";
export { IGNORE_DAMAGE, THROW_UNREADABLE } from "./damages.js";
export { findExperiment, findExperimentsByName, readExperiment, scanExperiments } from "./experiments.js";
export { readInputs, readOutputs } from "./inputs-outputs.js";
export type { ExperimentLocation, Located, LoggedModelLocation, RunLocation } from "./located.js";
export { findLoggedModel, mustFindLoggedModel, readLoggedModel, scanLoggedModels } from "./logged-models.js";
export { readMetricKeys, readMetricPoints } from "./metric-points.js";
export { type RecordBytes, readKeys, readParams, readTags } from "./records.js";
export { mustReadRegisteredModel, scanModelVersions, scanRegisteredModels } from "./registry.js";
export {
  findRun,
  listRunLocations,
  readRun,
  readRunInfo,
  readRunMeta,
  readRunMetaReporting,
  runIn,
} from "./runs.js";
export { scanStore } from "./scan-store.js";
export { scanTraces } from "./traces.js";
