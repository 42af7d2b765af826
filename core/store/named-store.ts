/** Which store a directory stands for that somebody names: the store itself, or a project with one in it. */
import { basename, dirname, join } from "node:path";
import { isExperimentId, RunstoneError } from "../../store-format/index.js";
import { followedStatIfExists, listDirectory, readBytesIfExists } from "../fs/index.js";
import { CONFIG_FILE, WORKSPACE_DIRECTORY } from "../workspace/find-workspace.js";

/** The usual name of a store. */
const STORE = "mlruns";
/** Directories of a store's root that tell it even when it has no experiment. */
const OF_STORES = new Set([".trash", ".runstone-new.trash"]);

export type NamedStore =
  | { readonly kind: "store"; readonly root: string }
  /** Its config says where the store is. */
  | { readonly kind: "workspace"; readonly workspace: string };

/**
 * Of a directory that is there: what has experiments in it is a store, whatever lies beside them; else a workspace stands for
 * its store, and a directory with an `mlruns` in it for that. A directory with nothing of it is an empty store. Throws
 * NOT_A_STORE for the directory of an experiment or a run, and typed I/O errors.
 */
export function namedStore(directory: string): NamedStore {
  assertNoPart(directory);
  const names = (listDirectory(directory) ?? []).map(({ name }) => name);
  if (names.some((name) => isOfStore(directory, name))) return { kind: "store", root: directory };
  if (hasConfig(directory)) return { kind: "workspace", workspace: directory };
  if (basename(directory) === WORKSPACE_DIRECTORY && hasConfig(dirname(directory)))
    return { kind: "workspace", workspace: dirname(directory) };
  const inside = join(directory, STORE);
  const isInside = names.includes(STORE) && followedStatIfExists(inside)?.kind === "directory";
  return { kind: "store", root: isInside ? inside : directory };
}

/** Whether an entry tells that the directory is the root of a store. */
export function isOfStore(directory: string, name: string): boolean {
  if (OF_STORES.has(name)) return true;
  return isExperimentId(name) && followedStatIfExists(join(directory, name, "meta.yaml"))?.kind === "file";
}

function hasConfig(directory: string): boolean {
  return followedStatIfExists(join(directory, WORKSPACE_DIRECTORY, CONFIG_FILE))?.kind === "file";
}

/** A run lies in an experiment, and that in a store: people copy the path of what they look at. */
function assertNoPart(directory: string): void {
  const bytes = readBytesIfExists(join(directory, "meta.yaml"));
  if (bytes === null) return;
  const text = new TextDecoder().decode(bytes.subarray(0, 65_536));
  const isRun = /^run_(?:uu)?id\s*:/m.test(text);
  if (!isRun && !/^experiment_id\s*:/m.test(text)) return;
  const above = dirname(directory);
  const [what, where, store] = isRun
    ? ["run", "two levels up", dirname(above)]
    : ["experiment", "above it", above];
  throw new RunstoneError("NOT_A_STORE", `${directory} is the directory of one ${what}`, {
    hint: `Its store is ${where}: --store ${store}`,
    data: { path: directory, store },
  });
}
