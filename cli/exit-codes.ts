/** The exit codes of every command, and which error leads to which (docs/reference/exit-codes.md). */
import type { ErrorCode } from "../store-format/index.js";

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  damaged: 5,
  storage: 6,
  permission: 7,
  unsupported: 8,
  busy: 9,
  remote: 10,
  partial: 11,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One line for each exit code, as the documentation has it. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: "done",
  1: "a failure that has no code of its own, a bug included; the answer no (`compare --exit-code`, `watch`, `reproduce`)",
  2: "the command line or a value in it is not allowed",
  3: "the store, workspace, repository, experiment, run, model or artifact is not there",
  4: "the name is taken, or the state of the thing forbids it",
  5: "the store is damaged",
  6: "the disk is full or failed",
  7: "permission denied, or a read-only file system",
  8: "this store or this release cannot do that",
  9: "another process holds the claim",
  10: "a remote did not answer, or answered with an error",
  11: "partly done: what is missing was named",
};

export const EXIT_CODE_OF: Readonly<Record<ErrorCode, ExitCode>> = {
  INVALID_PARAMETER_VALUE: EXIT.usage,
  RESOURCE_DOES_NOT_EXIST: EXIT.notFound,
  RESOURCE_ALREADY_EXISTS: EXIT.conflict,
  INVALID_STATE: EXIT.conflict,
  PARAM_CONFLICT: EXIT.conflict,
  DAMAGED: EXIT.damaged,
  NOT_A_STORE: EXIT.notFound,
  NO_WORKSPACE: EXIT.notFound,
  FORMAT_TOO_NEW: EXIT.unsupported,
  LEASE_HELD: EXIT.busy,
  LEASE_LOST: EXIT.busy,
  PERMISSION_DENIED: EXIT.permission,
  DISK_FULL: EXIT.storage,
  TOO_MANY_OPEN_FILES: EXIT.storage,
  IO_ERROR: EXIT.storage,
  REMOTE_UNREACHABLE: EXIT.remote,
  REMOTE_FAILED: EXIT.remote,
  UNAUTHENTICATED: EXIT.permission,
  UNTRUSTED_REMOTE: EXIT.permission,
  SYNC_CONFLICT: EXIT.conflict,
  NO_REPOSITORY: EXIT.notFound,
  GIT_FAILED: EXIT.failure,
  UNSUPPORTED: EXIT.unsupported,
  USAGE: EXIT.usage,
};
