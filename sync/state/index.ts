export { CONFLICT_FIELDS, type Conflict, type ConflictField } from "./conflict.js";
export type { RunMarks } from "./journal-lines.js";
export type { Losses } from "./losses.js";
export { assertNoSync, forgetRemoteState, renameRemoteState } from "./manage-state.js";
export {
  openRemoteState,
  type RemoteState,
  type RemoteStateOptions,
  type RemoteStateView,
  readRemoteState,
} from "./remote-state.js";
export { remotesWithState, stateDirectory } from "./state-directory.js";
