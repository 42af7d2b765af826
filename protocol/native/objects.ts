/** Objects and artifacts that are asked for (PROTOCOL.md, section 6). */
import { isContainedPath } from "../../store-format/index.js";
import { type Item, serializeItem } from "./items.js";
import { asList, Members, protocolError } from "./json.js";
import { MAX_ITEM_DATA_BYTES, MAX_LIST_ENTRIES } from "./limits.js";
import { runIdOf } from "./run-document.js";

export interface WireObject {
  readonly sha256: string;
  readonly size: number;
}

/** An object from a byte on. */
export interface ObjectRange extends WireObject {
  readonly start: number;
}

/** Most bytes of one item. */
export const MAX_PIECE_BYTES = MAX_ITEM_DATA_BYTES;

function rangeOf(members: Members): ObjectRange {
  const range = {
    sha256: members.sha256("sha256"),
    size: members.size("size"),
    start: members.size("start"),
  };
  if (range.start > range.size) members.refuse("start", "beyond the end of the object");
  return range;
}

/** How many bytes of each object asked for are there: all of them, some to go on from, or none. */
export function serializeCounts(counts: readonly number[]): Uint8Array {
  return serializeItem(counts);
}

/** Throws REMOTE_FAILED unless there is one count for each object, none larger than it. */
export function parseCounts({ head }: Item, objects: readonly WireObject[]): number[] {
  const counts = asList(head, "counts", MAX_LIST_ENTRIES);
  if (counts.length !== objects.length) throw protocolError("not one count for each object");
  return counts.map((value, index) => {
    const count = new Members({ value }, "count").size("value");
    return count <= objects[index]!.size ? count : protocolErrorOfCount();
  });
}

function protocolErrorOfCount(): never {
  throw protocolError("more bytes of an object than it has");
}

/** An artifact that is asked for, from a byte on. */
export interface WantedArtifact extends ObjectRange {
  readonly runId: string;
  readonly path: string;
}

export function serializeWanted(wanted: readonly WantedArtifact[]): Uint8Array {
  return serializeItem(
    wanted.map(({ runId, path, sha256, size, start }) => [runId, path, sha256, size, start]),
  );
}

/** Throws REMOTE_FAILED. */
export function parseWanted({ head }: Item): WantedArtifact[] {
  return asList(head, "wanted", MAX_LIST_ENTRIES).map((value) => {
    const [runId, path, sha256, size, start] = asList(value, "wanted", 5);
    const members = new Members({ path, sha256, size, start }, "wanted");
    const at = members.text("path");
    if (!isContainedPath(at)) members.refuse("path", "a path that leads out of the run");
    return { runId: runIdOf(runId), path: at, ...rangeOf(members) };
  });
}
