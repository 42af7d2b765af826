export {
  addCatalog,
  type CatalogConflict,
  type CatalogCounts,
  NO_CATALOG,
} from "./engine/catalog-report.js";
export { isAsSynced, toBeMoved } from "./engine/compare-state.js";
export { joinDirections, joinReports, withCatalog } from "./engine/join-reports.js";
export { planRuns, type RunPlan, type RunSelection, type RunTask } from "./engine/plan.js";
export type { Moved, OnSyncEvent, SyncEvent } from "./engine/progress.js";
export { hasExceptions } from "./engine/refusals.js";
export {
  addMoved,
  isPartial,
  NOT_TRIED,
  NOTHING_MOVED,
  ReportBuilder,
  type RunOutcome,
  type RunResult,
  STOPPED,
  type SyncReport,
} from "./engine/report.js";
export type { CommonRecord, Receipt, RunState } from "./engine/run-state.js";
export { type PullOptions, pull } from "./mlflow/pull.js";
export {
  foreseePush,
  type PushForesight,
  type PushOptions,
  type PushParties,
  push,
} from "./mlflow/push.js";
export type { LiveRuns } from "./mlflow/push-session.js";
export { type VerifyAllOptions, verify } from "./mlflow/verify.js";
export * from "./remotes/index.js";
export {
  CONFLICT_FIELDS,
  type Conflict,
  type ConflictField,
  forgetRemoteState,
  openRemoteState,
  type RemoteState,
  type RemoteStateOptions,
  type RemoteStateView,
  type RunMarks,
  readRemoteState,
  remotesWithState,
  renameRemoteState,
  stateDirectory,
} from "./state/index.js";
