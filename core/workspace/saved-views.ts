/** The saved views of a workspace: `.runstone/views/NAME.yaml`. */
import { join } from "node:path";
import {
  isRunstoneError,
  isSavedViewName,
  parseSavedView,
  RunstoneError,
  type SavedView,
  serializeSavedView,
} from "../../store-format/index.js";
import { assertNoLinks, listDirectory, readBytesIfExists, removeFile, replaceFile } from "../fs/index.js";
import { parseGeneralYaml } from "../store/read/general-yaml.js";
import { WORKSPACE_DIRECTORY } from "./find-workspace.js";

const VIEWS = "views";
const EXTENSION = ".yaml";

/** The names of the views, in code-unit order; none when nothing was saved yet. Throws typed I/O errors. */
export function listSavedViews(workspace: string): readonly string[] {
  const names = (listDirectory(directoryOf(workspace)) ?? [])
    .filter((entry) => entry.isFile() && entry.name.endsWith(EXTENSION))
    .map(({ name }) => name.slice(0, -EXTENSION.length));
  return names.filter(isSavedViewName);
}

/**
 * Throws RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE (no such name can be), DAMAGED, FORMAT_TOO_NEW and typed I/O
 * errors.
 */
export function readSavedView(workspace: string, name: string): SavedView {
  const path = savedViewPath(workspace, name);
  const bytes = readBytesIfExists(path);
  if (bytes === null) throw noSuchView(name);
  try {
    return parseSavedView(bytes, { general: parseGeneralYaml, path });
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    // Views are no part of the store: fsck does not look at them.
    const hint = `Correct ${path}, or save the view again.`;
    throw new RunstoneError("DAMAGED", error.message, { hint, data: error.data, cause: error });
  }
}

/** Replaces the view of that name. Throws INVALID_PARAMETER_VALUE, PERMISSION_DENIED (a link is in the way) and typed I/O errors. */
export function writeSavedView(workspace: string, name: string, view: SavedView): void {
  const path = savedViewPath(workspace, name);
  assertOwnDirectory(workspace);
  const own = join(workspace, WORKSPACE_DIRECTORY);
  replaceFile(path, Buffer.from(serializeSavedView(view)), { temporaryIn: own, sync: true });
}

/** Throws as {@link writeSavedView}, and RESOURCE_DOES_NOT_EXIST. */
export function removeSavedView(workspace: string, name: string): void {
  const path = savedViewPath(workspace, name);
  assertOwnDirectory(workspace);
  if (!removeFile(path)) throw noSuchView(name);
}

/** Absolute. Throws INVALID_PARAMETER_VALUE for a name that would be another file. */
export function savedViewPath(workspace: string, name: string): string {
  if (isSavedViewName(name)) return join(directoryOf(workspace), `${name}${EXTENSION}`);
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `a view cannot be called ${JSON.stringify(name)}`, {
    hint: "Use letters, digits, _, - and ., a letter or digit first, at most 64.",
    data: { view: name },
  });
}

function directoryOf(workspace: string): string {
  return join(workspace, WORKSPACE_DIRECTORY, VIEWS);
}

function assertOwnDirectory(workspace: string): void {
  assertNoLinks(workspace, [WORKSPACE_DIRECTORY]);
  assertNoLinks(join(workspace, WORKSPACE_DIRECTORY), [VIEWS]);
}

function noSuchView(name: string): RunstoneError {
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no saved view ${JSON.stringify(name)}`, {
    hint: "`runstone views` lists them; `runstone runs --save-view NAME` makes one.",
    data: { view: name },
  });
}
