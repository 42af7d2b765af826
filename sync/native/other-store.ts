/**
 * A remote must be another store than the one here: a store that is its own remote "has" whatever it has, and freeing what it
 * has here frees it there. Links, bind mounts and ways over the network all lead to the same files.
 */
import { dirname, join, relative, resolve } from "node:path";
import {
  BUILDING_SITE,
  followedStatIfExists,
  putSign,
  randomHex,
  realPathIfExists,
  statIfExists,
} from "../../core/fs/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { openDirectory } from "./open-directory.js";
import type { Peer } from "./peer.js";

type Place = Pick<StoreContext, "root" | "workspace">;

const PROBE = /^probe-[0-9a-f]{32}$/;

/** Whether both paths lead to the same file or directory of this machine. */
export function isSameFile(a: string, b: string): boolean {
  const [one, other] = [followedStatIfExists(a), followedStatIfExists(b)];
  if (one === null || other === null) return false;
  return one.inode === other.inode && one.device === other.device;
}

/**
 * Throws INVALID_PARAMETER_VALUE when `directory`, which is to be a remote, is the store here, lies in it or in the directory
 * of Runstone's own beside it. A directory that holds no store yet, or no store at all, is not judged.
 */
export function assertOtherDirectory(here: Place, directory: string): void {
  const path = resolve(directory);
  const inner = [here.root, ...(here.workspace === null ? [] : [join(here.workspace, ".runstone")])];
  for (const own of inner) if (isInside(own, path)) throw isThisStore(directory);
  const root = rootIn(path);
  if (root !== null && isSameFile(root, here.root)) throw isThisStore(directory);
}

/** The store in a directory, as a remote in it would be opened. */
function rootIn(directory: string): string | null {
  try {
    return openDirectory(directory)?.root ?? null;
  } catch (error) {
    // What cannot be opened is told by who opens it.
    if (isRunstoneError(error)) return null;
    throw error;
  }
}

/** Also where the last parts of `path` do not exist yet. */
function isInside(own: string, path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (isSameFile(at, own)) return true;
    if (dirname(at) === at) return isLexicallyInside(realPathIfExists(own) ?? own, realBeginning(path));
  }
}

function isLexicallyInside(own: string, path: string): boolean {
  const way = relative(own, path);
  return way === "" || !(way.startsWith("..") || resolve(way) === way);
}

function realBeginning(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    const real = realPathIfExists(at);
    if (real !== null) return join(real, relative(at, path));
    if (dirname(at) === at) return path;
  }
}

/**
 * Asks the peer whether it sees a file that was put into the store here. Throws INVALID_PARAMETER_VALUE when it does; where
 * nothing can be written here nothing can be freed either, and it is not asked.
 */
export async function assertOtherPeer(here: Place, peer: Peer, name: string): Promise<void> {
  const probe = `probe-${randomHex(16)}`;
  const takeAway = putProbe(here.root, probe);
  if (takeAway === null) return;
  try {
    if (await peer.sees(probe)) throw isThisStore(name);
  } finally {
    takeAway();
  }
}

function putProbe(root: string, probe: string): (() => void) | null {
  try {
    return putSign(root, probe);
  } catch (error) {
    if (isRunstoneError(error, "PERMISSION_DENIED") || isRunstoneError(error, "DISK_FULL")) return null;
    throw error;
  }
}

/** Whether the probe of somebody who asks lies in the store at `root`. */
export function seesProbe(root: string, probe: string): boolean {
  return PROBE.test(probe) && statIfExists(join(root, BUILDING_SITE, probe)) !== null;
}

function isThisStore(name: string): RunstoneError {
  return new RunstoneError("INVALID_PARAMETER_VALUE", `${name} is this store itself, or lies in it`, {
    hint: "A remote is another place: a directory outside this store, another machine, or an MLflow server.",
    data: { remote: name },
  });
}
