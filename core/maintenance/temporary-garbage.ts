/** What killed writers left: temporary files, guards of claims, and half-built or half-removed directories. */
import { basename, dirname, join } from "node:path";
import { isProcessAlive } from "../capture/process-identity.js";
import {
  BUILDING_SITE,
  discardTree,
  isTemporaryName,
  listDirectory,
  removeIfEmpty,
  statIfExists,
} from "../fs/index.js";
import { isClaimAlive } from "../leases/index.js";
import { incomingPath } from "../store/layout.js";
import { orUnreadable, possibleRunDirectories } from "./run-directories.js";

/** Younger things (ms) may still be in use, whatever their process. */
const MIN_AGE_MS = 3_600_000;
/** Parts of artifacts whose transfer was broken off wait so long (ms) to be gone on with. */
const PART_AGE_MS = 14 * 24 * MIN_AGE_MS;

export interface TemporaryPlaces {
  readonly root: string;
  /** The workspace's `.runstone`, or null. */
  readonly own: string | null;
  /** Runs that others work on: nothing in them is touched. */
  isBusy(runDirectory: string): boolean;
}

/** Absolute paths of what may go; places that cannot be read are passed over. Changes nothing. Throws NOT_A_STORE. */
export function findTemporaries(places: TemporaryPlaces, now: number): string[] {
  const found = [...temporariesInRuns(places), ...temporariesIn(places.root), ...abandonedSites(places.root)];
  if (places.own !== null)
    found.push(...temporariesIn(places.own), ...temporariesIn(join(places.own, "objects", "tmp")));
  const incoming = incomingPath({ root: places.root, workspace: workspaceOf(places) });
  found.push(...temporariesIn(incoming));
  const old = found.filter((path) => now - lastChange(path) > MIN_AGE_MS);
  return [...old, ...abandonedParts(incoming, now)];
}

function workspaceOf({ own }: TemporaryPlaces): string | null {
  return own === null ? null : dirname(own);
}

/** With their claims, which died with the transfer. */
function abandonedParts(incoming: string, now: number): string[] {
  return (listDirectory(incoming) ?? [])
    .filter(({ name }) => /^[0-9a-f]{64}\.part(?:\.claim)?$/.test(name))
    .map(({ name }) => join(incoming, name))
    .filter((path) => now - lastChange(path) > PART_AGE_MS)
    .filter((path) => !isClaimAlive(path.endsWith(".claim") ? path : `${path}.claim`));
}

export function removeTemporaries(paths: readonly string[], root: string): void {
  for (const path of paths) discardTree(path);
  for (const directory of new Set(paths.map(dirname)))
    if (basename(directory) === "incoming") removeIfEmpty(directory);
  removeIfEmpty(join(root, BUILDING_SITE));
}

function* temporariesInRuns(places: TemporaryPlaces): Generator<string> {
  for (const directory of possibleRunDirectories(places.root, () => {})) {
    // What lies behind a link is not this store's to remove.
    if (!isOwnDirectory(places.root, directory)) continue;
    const found = temporariesIn(directory);
    if (found.length > 0 && !places.isBusy(directory)) yield* found;
  }
}

/** Neither a run nor its experiment nor the trash is a link. */
function isOwnDirectory(root: string, directory: string): boolean {
  for (let at = directory; at.length > root.length; at = dirname(at))
    if (statIfExists(at)?.kind !== "directory") return false;
  return true;
}

function temporariesIn(directory: string): string[] {
  const entries =
    orUnreadable(
      directory,
      () => {},
      () => listDirectory(directory),
    ) ?? [];
  return entries
    .filter((entry) => isTemporaryName(entry.name) && isAbandoned(join(directory, entry.name), entry.name))
    .map((entry) => join(directory, entry.name));
}

/** A process that is gone left it. Names without a pid are guards of claims, whose text tells the owner; silent is enough here. */
function isAbandoned(path: string, name: string): boolean {
  const pid = /^\.runstone-tmp-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
  return pid === undefined ? !isClaimAlive(path) : !isProcessAlive(Number(pid));
}

function abandonedSites(root: string): string[] {
  const site = join(root, BUILDING_SITE);
  return (listDirectory(site) ?? [])
    .filter((entry) => {
      const pid = /^(\d+)-[0-9a-f]+$/.exec(entry.name)?.[1];
      return pid !== undefined && !isProcessAlive(Number(pid));
    })
    .map((entry) => join(site, entry.name));
}

/** The newest change of a file or of anything in a tree: a large copy goes on changing far below its top. */
function lastChange(path: string): number {
  const found = statIfExists(path);
  if (found === null) return 0;
  const own = Math.max(Number(found.mtimeNs / 1_000_000n), Number(found.ctimeNs / 1_000_000n));
  if (found.kind !== "directory") return own;
  const inside = (listDirectory(path) ?? []).map((entry) => lastChange(join(path, entry.name)));
  return inside.reduce((newest, time) => Math.max(newest, time), own);
}
