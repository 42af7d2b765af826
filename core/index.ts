export {
  type Capture,
  type CaptureOptions,
  captureArtifacts,
  captureBefore,
  captureDuring,
  captureTags,
  Redactor,
  redactArgv,
  redactText,
  SystemSampler,
  snapshotLimitsOf,
  withMissing,
} from "./capture/index.js";
export {
  DUMP_KINDS,
  type DumpKind,
  type DumpObject,
  type DumpValue,
  serializeDumpObject,
} from "./dump/dump-object.js";
export { dumpStore } from "./dump/dump-store.js";
export { type Interceptor, intercept, type Operation, type OperationName } from "./fs/index.js";
export { keepCapturedSnapshot } from "./git/snapshot/keep-of-run.js";
export { indexDirectoryOf } from "./index/index-directory.js";
export type * from "./interfaces.js";
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
export { type FsckOptions, type FsckReport, fsck } from "./maintenance/fsck.js";
export { collectGarbage, DEFAULT_GRACE_MS, type GcOptions, type GcReport } from "./maintenance/gc.js";
export { type RepairAction, type RepairOptions, type RepairReport, repair } from "./maintenance/repair.js";
export { type Change, type RunVerification, verifyRun } from "./maintenance/verify-run.js";
export { searchExperiments } from "./search/search-experiments.js";
export { searchLoggedModels } from "./search/search-logged-models.js";
export { searchModelVersions, searchRegisteredModels } from "./search/search-registry.js";
export { type RunPage, type RunSearch, searchRunTable } from "./search/search-runs.js";
export type { ArtifactPolicy, Durability, StoreContext } from "./store/context.js";
export { FileStore, type OpenRunOptions } from "./store/file-store.js";
export {
  createFileStore,
  type OpenOptions,
  openFileStore,
  readConfig,
  storeRoot,
} from "./store/open-store.js";
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
export { countTraces, scanTraces, type TraceLocation } from "./store/read/traces.js";
export { FileRunWriter } from "./store/runs/run-writer.js";
export { readManifest } from "./store/runs/seal.js";
export * from "./transfer/index.js";
export { configPath, findGitTop, findWorkspace, WORKSPACE_DIRECTORY } from "./workspace/find-workspace.js";
export { type InitResult, initWorkspace } from "./workspace/init-workspace.js";
