/** Runs, committed next to the code. */
export { amendedMessage, type CommittedRun, commitMessage, RUN_TRAILER } from "./commit-message.js";
export { CHECKED, type CommitOptions, commitPaths } from "./commit-paths.js";
export { listCommittable, type Refusal, refusalsOf, type TreePath } from "./committable.js";
export { isRecordPath, isTablePath, runOfStorePath, treePathOf } from "./run-paths.js";
