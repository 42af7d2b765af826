/** Git as the place of code and of committed runs. */
export {
  type InstalledDrivers,
  installMergeDrivers,
  type MergeDriverOptions,
  type MergeDriverPlace,
  removeMergeDrivers,
} from "./attributes/merge-drivers.js";
export { type CheckMergeOptions, checkMerge } from "./check-merge.js";
export { type CodeOfRun, codeOfRun, SNAPSHOT_COMPLETE_TAG, SNAPSHOT_TAG } from "./code-of-run.js";
export { listPaths } from "./list-paths.js";
export {
  type GitAnswer,
  type GitManner,
  type GitRunOptions,
  openRepository,
  type Repository,
  type RepositoryOptions,
} from "./repository.js";
export { readHeadCommit, resolveCommit } from "./revision.js";
export * from "./snapshot/index.js";
export {
  ATTEMPT_REFS,
  listSnapshotRefs,
  readSnapshotRef,
  runOfSnapshotRef,
  SNAPSHOT_REFS,
  type SnapshotRef,
  snapshotRef,
} from "./snapshot-refs.js";
