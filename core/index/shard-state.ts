/**
 * What is known of a shard (one experiment) besides its segments: which rows of which segments count, and what the
 * experiment's directory looked like. One small file, replaced by rename. A file that is not exactly what was written is
 * no state: the shard is then made anew.
 */
import { createHash } from "node:crypto";
import type { Place } from "../../store-format/index.js";

/** A segment that counts, by the name of its file. */
export interface SegmentEntry {
  readonly name: string;
  readonly rows: number;
  /** Rows that are superseded or gone, ascending. */
  readonly dead: readonly number[];
}

export interface ShardState {
  readonly experimentId: string;
  readonly place: Place;
  readonly orphan: boolean;
  /** When the files were last looked at, milliseconds since 1970. */
  readonly refreshedAtMs: number;
  /** Sum over the experiment's directory and meta.yaml; null: list it and read it anew. */
  readonly listing: string | null;
  /** Sum over `datasets/` of the experiment; null: not looked at, or young. */
  readonly datasets: string | null;
  /** Directories of the experiment that may become runs: looked at each time. */
  readonly pending: readonly string[];
  /** When the files of each slice of the settled runs were last looked at. */
  readonly slices: readonly number[];
  readonly segments: readonly SegmentEntry[];
}

const DIGEST_LENGTH = 64;

/** The bytes of the state file: a digest, and what it is of. */
export function serializeShardState(state: ShardState): Uint8Array {
  const body = JSON.stringify(state);
  return Buffer.from(`${digestOf(body)}\n${body}\n`);
}

/** Null for bytes that are not what {@link serializeShardState} gave. */
export function parseShardState(bytes: Uint8Array): ShardState | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const body = text.slice(DIGEST_LENGTH + 1, -1);
  if (text !== `${digestOf(body)}\n${body}\n`) return null;
  return JSON.parse(body) as ShardState;
}

function digestOf(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}
