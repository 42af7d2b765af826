/** Runs as the bytes of one index file. */

import { serialize } from "node:v8";
import { crc32 } from "node:zlib";
import type { IndexedRun } from "./indexed-run.js";

/** Part of the name of an index file or its directory, so that versions of Runstone do not read each other's. */
export const SEGMENT_FORMAT = 1;

export function serializeSegment(rows: readonly IndexedRun[]): Uint8Array {
  const body = serialize(rows);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(crc32(body), 0);
  header.writeUInt32LE(SEGMENT_FORMAT, 4);
  return Buffer.concat([header, body]);
}
