export {
  DUMP_KINDS,
  type DumpKind,
  type DumpObject,
  type DumpValue,
  serializeDumpObject,
} from "./dump/dump-object.js";
export { dumpStore } from "./dump/dump-store.js";
export { type Interceptor, intercept, type Operation, type OperationName } from "./fs/index.js";
export {
  adoptLease,
  claimWriterSlot,
  inspectLease,
  type Lease,
  type LeaseInfo,
  type LeaseOptions,
  type LeaseOwner,
  type LeaseState,
  liveWriters,
  type OwnerProbes,
  processOwner,
  type RunState,
  readRunState,
  shellOwner,
  slurmOwner,
  systemProbes,
  takeLease,
  type WriterSlot,
} from "./leases/index.js";
export { collectGarbage, DEFAULT_GRACE_MS, type GcOptions, type GcReport } from "./maintenance/gc.js";
export {
  type ArtifactHomes,
  artifactFile,
  artifactPath,
  listArtifacts,
  readArtifact,
  resolveArtifactDirectory,
} from "./store/read/artifacts.js";
export type { OnDamage } from "./store/read/damages.js";
export {
  findExperiment,
  findExperimentsByName,
  listExperimentLocations,
  readExperiment,
  readExperimentMeta,
  scanExperiments,
} from "./store/read/experiments.js";
export {
  readDatasets,
  readInputEntries,
  readInputs,
  readOutputEntries,
  readOutputs,
} from "./store/read/inputs-outputs.js";
export { readLatestMetrics, readLatestModelMetrics } from "./store/read/latest-metrics.js";
export type { ExperimentLocation, Located, LoggedModelLocation, RunLocation } from "./store/read/located.js";
export {
  findLoggedModel,
  listLoggedModelLocations,
  mustFindLoggedModel,
  readLoggedModel,
  readLoggedModelMeta,
  scanLoggedModels,
} from "./store/read/logged-models.js";
export {
  type PointOptions,
  readMetricKeys,
  readMetricPoints,
  readModelPointChunks,
  readPointChunks,
} from "./store/read/metric-points.js";
export { type RecordBytes, readParams, readRecord, readTags, toStringMap } from "./store/read/records.js";
export {
  DELETED_STAGE,
  findRegisteredModel,
  type ModelVersionLocation,
  mustReadRegisteredModel,
  type RegisteredModelLocation,
  readAliases,
  readRegisteredModel,
  scanModelVersions,
  scanRegisteredModels,
} from "./store/read/registry.js";
export {
  findRun,
  listRunLocations,
  mustFindRun,
  type RunListOptions,
  readRun,
  readRunInfo,
  readRunMeta,
} from "./store/read/runs.js";
export { scanStore } from "./store/read/scan-store.js";
export type { RecordOwner, StoreItem } from "./store/read/store-items.js";
export { scanTraces, type TraceLocation } from "./store/read/traces.js";
