import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import type { IndexedRun } from "../../core/index/indexed-run.js";
import { Segment } from "../../core/index/segment.js";
import { SegmentDamage } from "../../core/index/segment-damage.js";
import { serializeSegment } from "../../core/index/segment-format.js";
import fc from "../helpers/fast-check.js";
import { fieldsOf, tableOf, valuesOf } from "../unit/index-columns.js";
import { indexedRun } from "../unit/index-runs.js";

const ENTITIES = ["metric", "param", "tag"] as const;

/** A few runs with something of everything, in more than one page. */
const RUNS = fc.sample(indexedRun, { numRuns: 5, seed: 3 });
const BYTES = serializeSegment(RUNS);

/** Every byte of the directory and the trailer is changed, and every one of so many of the rest. */
const FULL = process.env["RUNSTONE_TIER"] === "full";
const STEP = FULL ? 1 : 13;

type Reading = (segment: Segment) => unknown;

/** Everything that can be read of a segment, one thing each, of equal results for equal segments. */
function readingsOf(runs: readonly IndexedRun[]): Reading[] {
  const table = tableOf(runs);
  return [
    (segment) => segment.rowCount,
    (segment) => segment.signatures(),
    (segment) => segment.runIds(),
    ...runs.map(
      (_, row): Reading =>
        (segment) =>
          segment.indexedRunAt(row),
    ),
    ...ENTITIES.map(
      (entity): Reading =>
        (segment) =>
          segment.keys(entity),
    ),
    ...ENTITIES.map(
      (entity): Reading =>
        (segment) =>
          segment.keysOfRows(entity, Uint32Array.of(0)),
    ),
    ...fieldsOf(table).map(
      (field): Reading =>
        (segment) =>
          valuesOf(segment.column(field)),
    ),
  ];
}

describe("a damaged index file", () => {
  test("of another length is never taken for one", () => {
    for (let length = 0; length < BYTES.length; length += 1)
      assert.throws(() => Segment.from(BYTES.slice(0, length)), SegmentDamage, `${length} bytes`);
    assert.throws(() => Segment.from(Buffer.concat([BYTES, Buffer.alloc(8)])), SegmentDamage);
    assert.throws(() => Segment.from(Buffer.alloc(BYTES.length)), SegmentDamage);
  });

  test("with a byte that differs gives what it held, or is found damaged", () => {
    const readings = readingsOf(RUNS);
    const sound = readings.map((read) => read(Segment.from(BYTES)));
    for (let at = BYTES.length - 1; at >= 0; at -= at > BYTES.length - 700 ? 1 : STEP) {
      BYTES[at]! ^= 1 << (at % 8);
      assert.ok(findsDamage(BYTES, readings, sound), `byte ${at} is read by nobody`);
      BYTES[at]! ^= 1 << (at % 8);
    }
  });

  test("that was forged, checksums and all, breaks nothing", () => {
    const readings = readingsOf(RUNS.slice(0, 3));
    fc.assert(
      fc.property(forgeries, (changes) => {
        const forged = Buffer.from(serializeSegment(RUNS.slice(0, 3)));
        for (const { fromEnd, byte } of changes)
          forged[(forged.length - 1 - fromEnd + forged.length) % forged.length] = byte;
        sealAgain(forged);
        findsDamage(forged, readings, null);
      }),
      { numRuns: FULL ? 30_000 : 1000 },
    );
  });
});

/** More of the directory, which lies before the checksums and the trailer at the end, than of the rest. */
const forgeries = fc.array(
  fc.record({
    fromEnd: fc.oneof(fc.nat({ max: 64 }), fc.integer({ min: 64, max: 700 }), fc.nat({ max: 8000 })),
    byte: fc.oneof(fc.constantFrom(0, 1, 2, 127, 128, 255), fc.nat({ max: 255 })),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Whether any reading says that the file is damaged; the others must give what they gave. Anything else fails. */
function findsDamage(
  bytes: Uint8Array,
  readings: readonly Reading[],
  sound: readonly unknown[] | null,
): boolean {
  const segment = unlessDamaged(() => Segment.from(bytes));
  if (segment === DAMAGED) return true;
  const results = readings.map((read) => unlessDamaged(() => read(segment)));
  results.forEach((result, index) => {
    if (result !== DAMAGED && sound !== null) assert.deepEqual(result, sound[index]);
  });
  return results.includes(DAMAGED);
}

const DAMAGED = Symbol("damaged");

function unlessDamaged<T>(read: () => T): T | typeof DAMAGED {
  try {
    return read();
  } catch (error) {
    if (error instanceof SegmentDamage) return DAMAGED;
    throw error;
  }
}

/** Makes the checksums of a changed file right, as far as it says where they are. */
function sealAgain(file: Buffer): void {
  const trailer = file.subarray(file.length - 64);
  const end = trailer.readDoubleLE(24);
  if (Number.isInteger(end) && end >= 0 && end <= file.length - 64) {
    for (let page = 0; page * 4096 < end && end + page * 4 + 4 <= file.length - 64; page += 1)
      file.writeUInt32LE(crc32(file.subarray(page * 4096, Math.min(end, (page + 1) * 4096))), end + page * 4);
    trailer.writeUInt32LE(crc32(file.subarray(end, file.length - 64)), 52);
  }
  trailer.writeUInt32LE(crc32(trailer.subarray(0, 60)), 60);
}
