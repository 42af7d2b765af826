/** Objects on the wire (PROTOCOL.md, section 7): asked for by hash, sent in pieces that say where they belong. */
import { isContainedPath, type RunstoneError } from "../../store-format/index.js";
import { errorHeader, parseError } from "./error-frame.js";
import { type Item, serializeItem } from "./items.js";
import { asList, asObject, Members, protocolError } from "./json.js";
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

/** Bytes of an object at `start`. An object without bytes is one piece without data. */
export interface ObjectPiece extends ObjectRange {
  readonly data: Uint8Array;
}

/** Bytes of a piece. */
export const MAX_PIECE_BYTES = MAX_ITEM_DATA_BYTES;

export function serializeObjects(objects: readonly ObjectRange[]): Uint8Array {
  return serializeItem(objects.map(({ sha256, size, start }) => [sha256, size, start]));
}

/** Throws REMOTE_FAILED. */
export function parseObjects({ head }: Item): ObjectRange[] {
  return asList(head, "objects", MAX_LIST_ENTRIES).map((value) => {
    const [sha256, size, start] = asList(value, "object", 3);
    return rangeOf(new Members({ sha256, size, start }, "object"));
  });
}

export function serializePiece({ sha256, size, start, data }: ObjectPiece): Uint8Array {
  return serializeItem({ sha256, size, start }, data);
}

/** Throws REMOTE_FAILED for what is no piece, and for one that lies beyond its object. */
export function parsePiece({ head, data }: Item): ObjectPiece {
  const range = rangeOf(new Members(head, "piece"));
  if (range.start + data.length > range.size) throw protocolError("bytes beyond the end of an object");
  return { ...range, data };
}

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

/** In place of the bytes of an object, or of the word that it was kept. */
export function serializeObjectFailure(sha256: string, error: RunstoneError): Uint8Array {
  return serializeItem({ sha256, error: errorHeader(error) });
}

export interface ObjectFailure {
  readonly sha256: string;
  readonly error: RunstoneError;
}

/** Null for an item that is none. Throws REMOTE_FAILED. */
export function parseObjectFailure({ head }: Item): ObjectFailure | null {
  const members = new Members(head, "object");
  if (!members.has("error")) return null;
  return { sha256: members.sha256("sha256"), error: parseError(asObject(members.raw("error"), "error")) };
}
