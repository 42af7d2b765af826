/** errno errors of Node as `RunstoneError`s that name the path and say what to do. */
import { dirname } from "node:path";
import { type ErrorCode, RunstoneError } from "../../store-format/index.js";

interface Meaning {
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint: string;
}

const FULL: Meaning = {
  code: "DISK_FULL",
  text: "no space left",
  hint: "Free space or raise the quota, then repeat; what was acknowledged before is kept.",
};
const FORBIDDEN: Meaning = {
  code: "PERMISSION_DENIED",
  text: "permission denied",
  hint: "Check the owner and mode of the path, and whether the disk is mounted read-only.",
};
const DESCRIPTORS: Meaning = {
  code: "TOO_MANY_OPEN_FILES",
  text: "too many open files",
  hint: "Raise the limit (ulimit -n) or log to fewer runs at a time.",
};
const GONE: Meaning = {
  code: "IO_ERROR",
  text: "no such file or directory",
  hint: "Was the store moved or deleted while it was in use?",
};
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  EROFS: { ...FORBIDDEN, text: "the file system is read-only" },
  EMFILE: DESCRIPTORS,
  ENFILE: DESCRIPTORS,
  ENOENT: GONE,
  ENOTDIR: { ...GONE, text: "a component of the path is not a directory" },
  EISDIR: { ...GONE, text: "is a directory", hint: "Another key or file of that name is in the way." },
  ELOOP: {
    code: "IO_ERROR",
    text: "it is a symbolic link",
    hint: "Links in a store are not followed; put the file itself there.",
  },
  EFTYPE: {
    code: "IO_ERROR",
    text: "it is no plain file",
    hint: "Something put a pipe, socket or device in the place of a file; remove it.",
  },
  EFBIG: {
    code: "IO_ERROR",
    text: "the file is too large",
    hint: "No file of this kind is that large in a sound store; look at what it holds.",
  },
  ENAMETOOLONG: {
    code: "INVALID_PARAMETER_VALUE",
    text: "the name is too long for the file system",
    hint: "Use a shorter name.",
  },
};

/** The errno code (`"ENOENT"`) of an error, also of one wrapped by {@link fileError}; undefined for others. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof RunstoneError) return errnoOf(error.cause);
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** What failed (`"write"`), on which path, as a typed error; a `RunstoneError` and bugs pass through unchanged. */
export function fileError(error: unknown, action: string, path: string): unknown {
  const errno = errnoOf(error);
  if (error instanceof RunstoneError || errno === undefined) return error;
  const meaning = MEANINGS[errno];
  const text = meaning?.text ?? (error as Error).message;
  return new RunstoneError(meaning?.code ?? "IO_ERROR", `cannot ${action} ${path}: ${text}`, {
    ...(meaning === undefined ? {} : { hint: meaning.hint }),
    data: { path, errno },
    cause: error,
  });
}

/** Runs `call`, turning errno errors into typed ones. */
export function guarded<T>(action: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fileError(error, action, path);
  }
}

const OF_THE_TARGET = ["ENOSPC", "EDQUOT", "EROFS"];

/** {@link guarded} for a copy: what only writing can meet is told of the directory that is written to. */
export function guardedCopy<T>(source: string, target: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!OF_THE_TARGET.includes(errnoOf(error) ?? "")) throw fileError(error, "copy", source);
    throw fileError(error, `copy ${source} into`, dirname(target));
  }
}

/** Runs `call`; the errno codes listed mean `null`, every other error is thrown typed. */
export function unless<T>(codes: readonly string[], action: string, path: string, call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== undefined && codes.includes(errno)) return null;
    throw fileError(error, action, path);
  }
}
