/**
 * The one error class of Runstone and its closed list of codes.
 *
 * Codes that MLflow has keep MLflow's spelling, so that they travel over its REST API unchanged.
 * `docs/reference/errors.md` describes every code; a test holds the two lists equal.
 */
export const ERROR_CODES = [
  /** An argument breaks a rule: a name, key, value, number or path. */
  "INVALID_PARAMETER_VALUE",
  /** The experiment, run, key, model, version, alias, artifact or object asked for is not there. */
  "RESOURCE_DOES_NOT_EXIST",
  /** Something of that name exists already (active or deleted). */
  "RESOURCE_ALREADY_EXISTS",
  /** The thing exists but its state forbids the operation (deleted experiment, deleted run). */
  "INVALID_STATE",
  /** A param was logged before with another value. Params are immutable. */
  "PARAM_CONFLICT",
  /** Bytes in the store are not what they should be; `data.path` and `data.offset` say where. */
  "DAMAGED",
  /** The path given as a store is not a directory of that kind. */
  "NOT_A_STORE",
  /** No workspace was found from the current directory upwards, and none was given. */
  "NO_WORKSPACE",
  /** A file of Runstone's own carries a format version newer than this release knows. */
  "FORMAT_TOO_NEW",
  /** Another live process holds the claim. */
  "LEASE_HELD",
  /** The claim was taken over or removed while we believed we held it. */
  "LEASE_LOST",
  /** The file system refuses writes or access (EROFS, EACCES, EPERM). */
  "PERMISSION_DENIED",
  /** No space or quota left (ENOSPC, EDQUOT). */
  "DISK_FULL",
  /** No file descriptors left (EMFILE, ENFILE). */
  "TOO_MANY_OPEN_FILES",
  /** Any other failure of the file system; `cause` holds it. */
  "IO_ERROR",
  /** No answer from a remote: no connection, a time-out, or an answer that was cut; asking again may help. */
  "REMOTE_UNREACHABLE",
  /** A remote answered with an error, or with something that is no answer; `data.status` and `data.errorCode` say which. */
  "REMOTE_FAILED",
  /** A remote wants a user name, a token or another one than it got. */
  "UNAUTHENTICATED",
  /** This user has not confirmed the address of a remote that came with the workspace's settings. */
  "UNTRUSTED_REMOTE",
  /** Two stores changed the same thing differently since they were last equal; `data` has base, mine and theirs. */
  "SYNC_CONFLICT",
  /** The directory is in no Git work tree. */
  "NO_REPOSITORY",
  /** Git ended with an error; `data.stderr` has its words. */
  "GIT_FAILED",
  /** The store cannot do this (`capabilities` says what it can). */
  "UNSUPPORTED",
  /** The command line could not be understood. */
  "USAGE",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** What to do next, one sentence. */
  readonly hint?: string;
  /** Facts for machines: `path`, `offset`, `expected`, `found`, `key`, ... Never secrets. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The same in every copy of this module: programs are bundled in parts that each have one. */
const BRAND = Symbol.for("RunstoneError");

/**
 * Every failure that Runstone raises on purpose. A plain `Error` out of Runstone is a bug. An error of another copy of
 * this module is an instance, too.
 */
export class RunstoneError extends Error {
  override readonly name = "RunstoneError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.hint = details.hint;
    this.data = details.data ?? {};
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && BRAND in value;
  }

  toJSON(): { code: ErrorCode; message: string; hint?: string; data: Readonly<Record<string, unknown>> } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      data: this.data,
    };
  }
}

Object.defineProperty(RunstoneError.prototype, BRAND, { value: true });

/** Narrows to a {@link RunstoneError}, of one code when `code` is given. */
export function isRunstoneError(error: unknown, code?: ErrorCode): error is RunstoneError {
  return error instanceof RunstoneError && (code === undefined || error.code === code);
}
