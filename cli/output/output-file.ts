/** `--output FILE`: what a command prints goes to a file, complete or not at all. */
import {
  closeSync,
  fchmodSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { errnoOf, fileError } from "../../core/fs/failures.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { Output } from "./output.js";
import { PLAIN } from "./style.js";

/**
 * Calls `work` with a context that prints into the file, which is replaced when the work is done; a pipe or a device is
 * written to directly. No file, or `-`: the context as it is. Throws RESOURCE_DOES_NOT_EXIST, PERMISSION_DENIED,
 * INVALID_PARAMETER_VALUE (a directory), DISK_FULL, IO_ERROR.
 */
export async function withOutput(
  context: CommandContext,
  file: string | undefined,
  work: (context: CommandContext) => Promise<void> | void,
): Promise<void> {
  if (file === undefined || file === "-") return work(context);
  const path = resolve(context.cwd, file);
  const found = failingOn(path, () => statSync(path, { throwIfNoEntry: false }));
  if (found?.isDirectory()) throw isDirectory(path);
  if (found !== undefined && !found.isFile())
    return writeInto(
      context,
      failingOn(path, () => openSync(path, "w")),
      work,
    );
  await replace(context, { path: found === undefined ? path : realpathSync(path), found }, work);
}

interface Target {
  readonly path: string;
  readonly found: Stats | undefined;
}

async function replace(
  context: CommandContext,
  { path, found }: Target,
  work: (context: CommandContext) => Promise<void> | void,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const fd = failingOn(path, () => openSync(temporary, "wx", 0o666));
  try {
    if (found !== undefined) fchmodSync(fd, found.mode & 0o777);
    await writeInto(context, fd, work);
    failingOn(path, () => renameSync(temporary, path));
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

/** Closes the descriptor, whatever happens. */
async function writeInto(
  context: CommandContext,
  fd: number,
  work: (context: CommandContext) => Promise<void> | void,
): Promise<void> {
  const out = new Output(fd);
  try {
    await work({ ...context, out, style: PLAIN, width: undefined });
    out.flush();
  } finally {
    closeSync(fd);
  }
}

function failingOn<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw fileError(error, "write", path);
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `cannot write ${path}: there is no such directory`, {
      cause: error,
      hint: `Make ${dirname(path)} first.`,
      data: { path },
    });
  }
}

function isDirectory(path: string): RunstoneError {
  return new RunstoneError("INVALID_PARAMETER_VALUE", `cannot write ${path}: it is a directory`, {
    hint: "Name a file in it.",
    data: { path },
  });
}
