/**
 * Where the index of a store lies: a directory of the user's cache (or `.runstone/index`, when config.yaml says so), one
 * for each store. The version of the format is part of the path, so that releases leave each other's files alone.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";
import {
  assertNoLinkBetween,
  assertOwnDirectory,
  discardTree,
  ensurePrivateDirectory,
  factsIfExists,
  fileSystemType,
  listDirectory,
  readBytesIfExists,
  realPathIfExists,
  replacePrivateFile,
  statIfExists,
} from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import { isNetworkFileSystem } from "./network-file-systems.js";
import { SEGMENT_FORMAT } from "./paged-bytes.js";

/** Of the files that this folder writes around segments. */
const STATE_FORMAT = 1;
const VERSION = `runs-${STATE_FORMAT}.${SEGMENT_FORMAT}`;

const ABANDONED_MS = 30 * 86_400_000;

/** The name of the file that says whose index it is. */
const OWNER_FILE = "store.json";

export interface IndexHome {
  /** Absolute. It may not be there yet. */
  readonly directory: string;
  readonly identity: StoreIdentity;
}

/** A store that was moved or copied is another one: its index is made anew. */
interface StoreIdentity {
  readonly realPath: string;
  readonly device: string;
  readonly inode: string;
}

/** Why nothing is kept: by the config, for want of a place, or because the place is on a network. */
export type NoHome = "off" | "no-place" | "network";

/** Where an index is kept; or why it is in memory only (`refused`: its directory cannot be used, which was said). */
export type IndexPlace = IndexHome | NoHome | "refused";

/** Looks only; nothing is made. */
export function findIndexHome(context: StoreContext): IndexHome | NoHome {
  const { index, workspace } = context;
  if (index.location === "none") return "off";
  const base = index.location === "workspace" ? ownIndexOf(workspace) : index.directory;
  const identity = identityOf(context.root);
  if (base === null || identity === null) return "no-place";
  if (index.location !== "workspace" && isOnNetwork(base)) return "network";
  return { directory: join(base, VERSION, nameOf(identity)), identity };
}

/** Makes the directory. Throws PERMISSION_DENIED (also: others may write to it) and typed I/O errors. */
export function prepareIndexHome({ directory, identity }: IndexHome): void {
  if (statIfExists(directory) !== null) {
    assertOwnDirectory(directory);
    return;
  }
  ensurePrivateDirectory(directory);
  replacePrivateFile(join(directory, OWNER_FILE), Buffer.from(`${JSON.stringify(identity)}\n`));
  removeAbandoned(dirname(directory), Date.now());
}

/** Indexes of stores that are gone, and were not searched for a month: a disk may be away for a while. */
function removeAbandoned(directory: string, now: number): void {
  for (const entry of listDirectory(directory) ?? []) {
    const home = join(directory, entry.name);
    const found = statIfExists(home);
    if (found === null || now - Number(found.mtimeNs / 1_000_000n) < ABANDONED_MS) continue;
    const root = rootOf(home);
    if (root !== null && statIfExists(root) === null) discardTree(home);
  }
}

/** The store that an index is of; null for what is no index. */
function rootOf(home: string): string | null {
  const bytes = readBytesIfExists(join(home, OWNER_FILE));
  try {
    const owner = JSON.parse(Buffer.from(bytes ?? []).toString("utf8")) as Partial<StoreIdentity> | null;
    return typeof owner?.realPath === "string" ? owner.realPath : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Takes the index of a store away. Throws typed errors. */
export function removeIndex(context: StoreContext): void {
  const home = findIndexHome(context);
  if (typeof home === "string" || mayReadIndex(home) !== null) return;
  discardTree(home.directory);
}

/** Whether an index may be read: it must be the user's own. Absent is fine: there is nothing to read then. */
export function mayReadIndex({ directory }: IndexHome): RunstoneError | null {
  try {
    if (statIfExists(directory) !== null) assertOwnDirectory(directory);
    return null;
  } catch (error) {
    if (isRunstoneError(error)) return error;
    throw error;
  }
}

function ownIndexOf(workspace: string | null): string | null {
  if (workspace === null) return null;
  const directory = join(workspace, ".runstone", "index");
  // A workspace may come with a clone, and links in it must not make us write elsewhere.
  assertNoLinkBetween(workspace, join(directory, "any"));
  return directory;
}

function identityOf(root: string): StoreIdentity | null {
  const realPath = realPathIfExists(root);
  const facts = realPath === null ? null : factsIfExists(realPath);
  if (realPath === null || facts === null) return null;
  return { realPath, device: String(facts.dev), inode: String(facts.ino) };
}

function nameOf({ realPath, device, inode }: StoreIdentity): string {
  const text = `${realPath}\0${device}\0${inode}`;
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function isOnNetwork(base: string): boolean {
  let at = base;
  while (factsIfExists(at) === null && dirname(at) !== at) at = dirname(at);
  return isNetworkFileSystem(fileSystemType(at));
}
