/** The code of a run as a commit object. */
export { type BuildOptions, buildSnapshot } from "./build-snapshot.js";
export { type KeepOptions, keepCapturedSnapshot, keepSnapshotOfRun } from "./keep-of-run.js";
export { type KeptSnapshot, keepSnapshot } from "./keep-snapshot.js";
export {
  compareRefs,
  defaultGitRemote,
  fetchRefs,
  listRemoteRefs,
  listRemotes,
  listSharedRefs,
  listWorkspaceRoots,
  pushRefs,
  type RefDifference,
  removeRefs,
  type SharedRef,
} from "./share-snapshots.js";
export {
  DEFAULT_SNAPSHOT_LIMITS,
  type LeftOut,
  type LeftOutReason,
  type LfsFile,
  type Snapshot,
  type SnapshotLimits,
  type SubmoduleCommit,
} from "./snapshot.js";
export {
  type PreparedSnapshot,
  type PrepareOptions,
  prepareSnapshot,
  takeSnapshot,
} from "./take-snapshot.js";
