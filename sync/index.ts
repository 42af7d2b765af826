export type { CommonRecord, Receipt, RunState } from "./engine/run-state.js";
export {
  CONFLICT_FIELDS,
  type Conflict,
  type ConflictField,
  openRemoteState,
  type RemoteState,
  type RemoteStateOptions,
  type RemoteStateView,
  type RunMarks,
  readRemoteState,
  remotesWithState,
  stateDirectory,
} from "./state/index.js";
