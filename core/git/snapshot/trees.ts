/** The tree of a snapshot: HEAD's trees, with the changed paths put in. Only trees on the way to a change are read or made. */
import { RunstoneError } from "../../../store-format/index.js";
import type { ObjectReader } from "./object-reader.js";

export interface TreeEntry {
  /** As in a tree: `100644`, `40000`. */
  readonly mode: string;
  readonly oid: string;
}

/** What becomes of a path; null takes it away. */
export type TreeChanges = ReadonlyMap<string, TreeEntry | null>;

export interface TreePlace {
  /** Keeps a tree, gives its id. */
  readonly write: (body: Buffer) => Promise<string>;
  readonly reader: ObjectReader;
}

const TREE = "40000";

/** One level: a leaf, or what changes below. */
type Node = TreeEntry | null | Level;
class Level extends Map<string, Node> {}

/**
 * Writes the trees and gives the top one's id. `base` is HEAD's tree, null before the first commit. Names are bytes as
 * latin1. Rejects DAMAGED when a tree of HEAD is missing.
 */
export async function writeTrees(
  place: TreePlace,
  base: string | null,
  changes: TreeChanges,
): Promise<string> {
  const top = await writeLevel(place, base, levelsOf(changes));
  if (top !== null) return top;
  return place.write(Buffer.alloc(0));
}

function levelsOf(changes: TreeChanges): Level {
  const top = new Level();
  // What goes away first: a file may take the place of a directory, or the other way round.
  for (const [path, entry] of changes) if (entry === null) put(top, path, entry);
  for (const [path, entry] of changes) if (entry !== null) put(top, path, entry);
  return top;
}

function put(top: Level, path: string, entry: TreeEntry | null): void {
  const names = path.split("/");
  const last = names.pop() ?? "";
  let level = top;
  for (const name of names) {
    const found = level.get(name);
    const next = found instanceof Level ? found : new Level();
    if (next !== found) level.set(name, next);
    level = next;
  }
  // A leaf that goes away says nothing about a directory of that name, nor one that comes about a level of removals.
  if (entry !== null || !(level.get(last) instanceof Level)) level.set(last, entry);
}

async function writeLevel(place: TreePlace, base: string | null, level: Level): Promise<string | null> {
  const entries = base === null ? new Map<string, TreeEntry>() : await readTree(place, base);
  let isChanged = base === null;
  const below = await Promise.all(
    [...level].map(async ([name, node]) => [name, await newEntry(place, entries.get(name), node)] as const),
  );
  for (const [name, entry] of below) {
    const old = entries.get(name);
    if (old?.oid === entry?.oid && old?.mode === entry?.mode) continue;
    isChanged = true;
    if (entry === null) entries.delete(name);
    else entries.set(name, entry);
  }
  if (!isChanged) return base;
  if (entries.size === 0) return null;
  return place.write(serializeTree(entries));
}

async function newEntry(place: TreePlace, old: TreeEntry | undefined, node: Node): Promise<TreeEntry | null> {
  if (!(node instanceof Level)) return node;
  const oldTree = old?.mode === TREE ? old.oid : null;
  const isOnlyRemoval = oldTree === null && !comesAnything(node);
  if (isOnlyRemoval) return old ?? null;
  const oid = await writeLevel(place, oldTree, node);
  return oid === null ? null : { mode: TREE, oid };
}

function comesAnything(level: Level): boolean {
  return [...level.values()].some((node) => (node instanceof Level ? comesAnything(node) : node !== null));
}

async function readTree({ reader }: TreePlace, oid: string): Promise<Map<string, TreeEntry>> {
  const object = await reader.read(oid);
  if (object === null || object.type !== "tree")
    throw new RunstoneError("DAMAGED", `tree ${oid} of HEAD is not in the repository`, {
      hint: "git fsck names what is missing.",
      data: { oid },
    });
  return parseTree(object.body, oid.length / 2);
}

/** `<mode> <name>\0<id>`, one after the other. */
function parseTree(body: Buffer, idLength: number): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at);
    const end = body.indexOf(0, space);
    const oid = body.toString("hex", end + 1, end + 1 + idLength);
    entries.set(body.toString("latin1", space + 1, end), { mode: body.toString("latin1", at, space), oid });
    at = end + 1 + idLength;
  }
  return entries;
}

/** Sorted by bytes, a tree's name as if it ended in `/`. */
function serializeTree(entries: ReadonlyMap<string, TreeEntry>): Buffer {
  const sortable = [...entries].map(([name, entry]) => ({
    name,
    entry,
    key: entry.mode === TREE ? `${name}/` : name,
  }));
  sortable.sort((a, b) => (a.key < b.key ? -1 : 1));
  return Buffer.concat(
    sortable.flatMap(({ name, entry: { mode, oid } }) => [
      Buffer.from(`${mode} ${name}\0`, "latin1"),
      Buffer.from(oid, "hex"),
    ]),
  );
}
