/** The files of shards: reading, writing, and clearing away what nobody needs. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  errnoOf,
  isTemporaryName,
  listDirectory,
  readBytesIfExists,
  removeFile,
  replacePrivateFile,
  statIfExists,
} from "../fs/index.js";
import type { ExperimentLocation } from "../store/read/located.js";
import { Segment } from "./segment.js";
import { SegmentDamage } from "./segment-damage.js";
import { entryOf, partOf, type Shard, type ShardPart, withDead } from "./shard.js";
import { parseShardState, type ShardState, serializeShardState } from "./shard-state.js";

const STATE = ".state";
const SEGMENT = ".segment";
/** Of a shard with many dead rows; a larger file is none of ours. */
const MAX_STATE_BYTES = 1 << 26;
const MAX_WHOLE_BYTES = 1 << 20;
/** Another indexer may have replaced the state, and removed segments, while they were opened. */
const ATTEMPTS = 5;
/** What an indexer wrote and never named in a state: it was killed, or another one was faster. */
const LEFTOVER_MS = 10 * 60_000;

/** The name of a shard's files: that of an experiment may be too long, or differ only in case. */
export function shardName({
  place,
  experimentId,
}: Pick<ExperimentLocation, "place" | "experimentId">): string {
  return createHash("sha256").update(`${place}/${experimentId}`).digest("hex").slice(0, 24);
}

/**
 * The shard as it lies on disk; null when there is none, when a file of it is damaged or missing, or when `known` is as
 * new. Throws typed I/O errors.
 */
export function readShardIfNewer(directory: string, name: string, known: Shard | null): Shard | null {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const state = readState(directory, name);
    if (state === null || shardName(state) !== name) return null;
    if (known !== null && state.refreshedAtMs <= known.state.refreshedAtMs) return null;
    const shard = openSegments(directory, name, state, known);
    if (shard !== null) return shard;
  }
  return null;
}

export function readState(directory: string, name: string): ShardState | null {
  const bytes = readBytesIfExists(join(directory, name + STATE), MAX_STATE_BYTES);
  return bytes === null ? null : parseShardState(bytes);
}

/** Segments that `known` has open are not opened again: what a name stands for never changes. */
function openSegments(directory: string, name: string, state: ShardState, known: Shard | null): Shard | null {
  const { segments, ...rest } = state;
  const open = new Map(known?.parts.map((part) => [part.name, part]));
  try {
    const parts = segments.map((entry) => {
      const part = open.get(entry.name);
      if (part !== undefined) return withDead(part, entry);
      const segment = openSegment(segmentPath(directory, name, entry.name));
      if (segment === null) throw new SegmentDamage(entry.name, "it is missing");
      if (segment.rowCount !== entry.rows)
        throw new SegmentDamage(entry.name, "it has another number of rows");
      return partOf(segment, entry);
    });
    return { state: rest, parts };
  } catch (error) {
    if (error instanceof SegmentDamage) return null;
    throw error;
  }
}

/** Small ones are read whole: a store of many experiments has more of them than a process may have open files. */
function openSegment(path: string): Segment | null {
  const found = statIfExists(path);
  if (found === null || found.size > MAX_WHOLE_BYTES) return Segment.open(path);
  const bytes = readBytesIfExists(path, MAX_WHOLE_BYTES);
  return bytes === null ? null : Segment.from(bytes, path);
}

/**
 * Writes the segments that have no file yet, then the state; the last to do so wins. Then the segments that `before` named
 * and the new state does not are removed. Gives the shard as it lies on disk; null when another indexer took a segment away
 * that this shard goes on from: then nothing is written. Throws typed errors.
 */
export function writeShard(directory: string, shard: Shard, before: Shard | null): Shard | null {
  const name = shardName(shard.state);
  const isThere = (part: ShardPart) => statIfExists(segmentPath(directory, name, part.name)) !== null;
  if (!shard.parts.every((part) => part.unwritten !== null || isThere(part))) return null;
  for (const part of shard.parts)
    if (part.unwritten !== null) replacePrivateFile(segmentPath(directory, name, part.name), part.unwritten);
  const state: ShardState = { ...shard.state, segments: shard.parts.map(entryOf) };
  replacePrivateFile(join(directory, name + STATE), serializeShardState(state));
  const named = new Set(shard.parts.map((part) => part.name));
  for (const part of before?.parts ?? [])
    if (!named.has(part.name)) removeSoftly(segmentPath(directory, name, part.name));
  return { ...shard, parts: shard.parts.map((part) => ({ ...part, unwritten: null })) };
}

/** Takes the index of an experiment away: it is gone, or a file of its shard is damaged. */
export function removeShard(directory: string, name: string): void {
  removeSoftly(join(directory, name + STATE));
  for (const entry of listDirectory(directory) ?? [])
    if (entry.name.startsWith(`${name}-`)) removeSoftly(join(directory, entry.name));
}

/** Names of the shards that have a state. */
export function shardNames(directory: string): string[] {
  return (listDirectory(directory) ?? [])
    .filter((entry) => entry.name.endsWith(STATE))
    .map((entry) => entry.name.slice(0, -STATE.length));
}

/** Removes segments and temporary files that no state names, once they are old enough to be nobody's work in progress. */
export function removeLeftovers(directory: string, now: number): void {
  const named = new Set<string>();
  for (const name of shardNames(directory))
    for (const segment of readState(directory, name)?.segments ?? [])
      named.add(`${name}-${segment.name}${SEGMENT}`);
  for (const { name } of listDirectory(directory) ?? []) {
    if (!isTemporaryName(name) && (!name.endsWith(SEGMENT) || named.has(name))) continue;
    const path = join(directory, name);
    const found = statIfExists(path);
    if (found !== null && now - Number(found.mtimeNs / 1_000_000n) > LEFTOVER_MS) removeSoftly(path);
  }
}

function segmentPath(directory: string, shard: string, name: string): string {
  return join(directory, `${shard}-${name}${SEGMENT}`);
}

/** On Windows a file that somebody reads stays; the next clearing takes it. */
function removeSoftly(path: string): void {
  try {
    removeFile(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
