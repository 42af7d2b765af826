/**
 * Every directory of a store that may be a run, readable or not: more than {@link listRunLocations} tells, because what
 * is overlooked here is deleted. Links are followed; the building site, where runs are on their way, counts too.
 */
import { join } from "node:path";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { BUILDING_SITE, listDirectory, statIfExists } from "../fs/index.js";
import { trashPath } from "../store/layout.js";

/** A place that cannot be read. */
export interface Unreadable {
  /** Absolute. */
  readonly path: string;
  readonly reason: string;
}

export type OnUnreadable = (place: Unreadable) => void;

/** Absolute paths. What cannot be listed is told and passed over. Throws NOT_A_STORE for a root that is not there. */
export function* possibleRunDirectories(root: string, onUnreadable: OnUnreadable): Generator<string> {
  if (statIfExists(root) === null) throw missingRoot(root);
  const within = (directory: string) => directoriesIn(directory, onUnreadable);
  const [trash, site] = [trashPath(root), join(root, BUILDING_SITE)];
  for (const experiment of within(root))
    if (experiment !== trash && experiment !== site) yield* within(experiment);
  for (const experiment of within(trash)) yield* within(experiment);
  yield* descendants(site, 3, onUnreadable);
}

/** Runs `call`; a typed error is told as an unreadable place and gives null. */
export function orUnreadable<T>(path: string, onUnreadable: OnUnreadable, call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    onUnreadable({ path, reason: error.message });
    return null;
  }
}

/** Sub-directories, links to directories included; none when `directory` is absent or a file. */
function directoriesIn(directory: string, onUnreadable: OnUnreadable): string[] {
  return (orUnreadable(directory, onUnreadable, () => listDirectory(directory)) ?? [])
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(directory, entry.name));
}

/** A run being built is one level down, one being removed two, one of an experiment being removed three. */
function* descendants(directory: string, levels: number, onUnreadable: OnUnreadable): Generator<string> {
  if (levels === 0) return;
  for (const child of directoriesIn(directory, onUnreadable)) {
    yield child;
    yield* descendants(child, levels - 1, onUnreadable);
  }
}

function missingRoot(root: string): RunstoneError {
  return new RunstoneError("NOT_A_STORE", `the store ${root} is not there`, {
    hint: "Is its disk mounted? Nothing is deleted while the store cannot be read.",
    data: { path: root },
  });
}
