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
  type PointOptions,
  readMetricKeys,
  readMetricPoints,
  readModelPointChunks,
  readPointChunks,
} from "./store/read/metric-points.js";
export { type RecordBytes, readParams, readRecord, readTags, toStringMap } from "./store/read/records.js";
export {
  findRun,
  listRunLocations,
  mustFindRun,
  type RunListOptions,
  readRun,
  readRunInfo,
  readRunMeta,
} from "./store/read/runs.js";
