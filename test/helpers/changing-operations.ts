import { constants } from "node:fs";
import type { Operation, OperationName } from "../../core/fs/index.js";

const CHANGING: ReadonlySet<OperationName> = new Set([
  "write",
  "fsync",
  "fsyncdir",
  "truncate",
  "rename",
  "link",
  "unlink",
  "mkdir",
  "rmdir",
  "copy",
  "chmod",
]);

/** Whether a file opened with these flags may be created or changed. */
export function opensToWrite(flags: string | number | undefined): boolean {
  if (typeof flags === "number")
    return (flags & (constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT)) !== 0;
  return flags !== undefined && /[wa+]/.test(flags);
}

/** Whether an operation changes what a later process finds, or promises something about it. */
export function isChanging({ name, flags }: Operation): boolean {
  if (name === "open") return opensToWrite(flags);
  return CHANGING.has(name);
}
