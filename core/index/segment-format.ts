/** Runs as the bytes of one index file. */
import type { IndexedRun } from "./indexed-run.js";
import { SegmentBuilder } from "./segment-builder.js";

export function serializeSegment(rows: readonly IndexedRun[]): Uint8Array {
  const builder = new SegmentBuilder();
  for (const row of rows) builder.add(row);
  return builder.finish();
}
