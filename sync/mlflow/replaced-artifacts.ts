/** Artifacts that are about to be replaced there: what somebody else put in their place meanwhile is not written over. */
import { createHash } from "node:crypto";
import type { ArtifactEntry, StringMap } from "../../store-format/index.js";
import type { MlflowCalls } from "./calls.js";
import { isMissingEndpoint } from "./failures.js";
import { joined } from "./list-remote-artifacts.js";
import type { OutgoingFile } from "./send-artifacts.js";
import { hashThere, NOT_SERVED } from "./verify-artifacts.js";

export interface Replacing {
  readonly calls: MlflowCalls;
  /** The run's artifacts below the proxy's root. */
  readonly place: string;
  /** Path -> SHA-256 of what both sides had. */
  readonly known: StringMap;
  /** What is not known may be there, too: somebody else's. */
  readonly isStrict: boolean;
  /** What the size there tells of a large file, so that it is not read back; null: nothing. */
  bySize(file: OutgoingFile, size: number): "ours before" | "there" | null;
}

export interface Replaced {
  readonly send: readonly OutgoingFile[];
  /** There with our bytes already. */
  readonly there: readonly OutgoingFile[];
  readonly conflicts: readonly { readonly path: string; readonly mine: string; readonly theirs: string }[];
}

/**
 * A file there counts as ours when it is what both sides had, or the beginning of what is to be sent: a broken upload. Of one
 * that the server does not give back nobody can tell.
 */
export async function sortReplaced(replacing: Replacing, files: readonly OutgoingFile[]): Promise<Replaced> {
  const sorted = { send: [] as OutgoingFile[], there: [] as OutgoingFile[] };
  const conflicts: { path: string; mine: string; theirs: string }[] = [];
  const sizes = await sizesThere(replacing, files);
  for (const file of files) {
    const size = sizes.get(file.path);
    const told = size === undefined ? null : replacing.bySize(file, size);
    if (told !== null) {
      (told === "there" ? sorted.there : sorted.send).push(file);
      continue;
    }
    const theirs = size === undefined ? null : await hashOf(replacing, file.path, size);
    if (theirs === file.sha256) sorted.there.push(file);
    else if (theirs === null || theirs === replacing.known[file.path] || isBeginning(file, size ?? 0, theirs))
      sorted.send.push(file);
    else conflicts.push({ path: file.path, mine: file.sha256, theirs });
  }
  return { ...sorted, conflicts };
}

/** Of the files that may be replaced and are there. */
async function sizesThere(
  { calls, place, known, isStrict }: Replacing,
  files: readonly OutgoingFile[],
): Promise<ReadonlyMap<string, number>> {
  const doubtful = new Set(
    files.filter(({ path }) => isStrict || Object.hasOwn(known, path)).map(({ path }) => path),
  );
  const sizes = new Map<string, number>();
  for (const directory of new Set([...doubtful].map(directoryOf)))
    for (const { path, size, isDir } of await listed(calls, joined(place, directory))) {
      const full = joined(directory, path.slice(path.lastIndexOf("/") + 1));
      if (!isDir && doubtful.has(full)) sizes.set(full, size ?? 0);
    }
  return sizes;
}

/** A server without an artifact proxy has none. */
async function listed(calls: MlflowCalls, path: string): Promise<readonly ArtifactEntry[]> {
  try {
    return await calls.listArtifacts(path);
  } catch (error) {
    if (isMissingEndpoint(error)) return [];
    throw error;
  }
}

async function hashOf({ calls, place }: Replacing, path: string, size: number): Promise<string | null> {
  const found = await hashThere(calls, joined(place, path), size);
  return found === NOT_SERVED ? null : found;
}

function isBeginning(file: OutgoingFile, size: number, sha256: string): boolean {
  if (size >= file.size) return false;
  const opened = file.open();
  try {
    const hash = createHash("sha256");
    for (const block of opened.blocks(0, size)) hash.update(block);
    return hash.digest("hex") === sha256;
  } finally {
    opened.close();
  }
}

function directoryOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "" : path.slice(0, end);
}
