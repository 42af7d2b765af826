/** Sorting rows by numbers without comparing them: many times faster than by a function once there are thousands. */
import type { NumberColumn } from "./table.js";

/** One key a row, as two halves whose unsigned order is the order of the rows. */
export interface RadixKey {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

const NAN = 0xffff_fffe;
const MISSING = 0xffff_ffff;

/** The numbers in order, then NaN, then the missing, in both directions. */
export function radixKey({ values, present }: NumberColumn, descending: boolean): RadixKey {
  const rows = values.length;
  const high = new Uint32Array(rows);
  const low = new Uint32Array(rows);
  const number = new Float64Array(1);
  const halves = new Uint32Array(number.buffer);
  const [lowHalf, highHalf] = isLittleEndian() ? [0, 1] : [1, 0];
  for (let row = 0; row < rows; row += 1) {
    const value = values[row]!;
    if (present !== null && present[row] === 0) high[row] = MISSING;
    else if (Number.isNaN(value)) high[row] = NAN;
    else {
      // One zero, not two: -0 and 0 are equal.
      number[0] = (descending ? -value : value) + 0;
      const bits = halves[highHalf]!;
      const negative = bits >>> 31 === 1;
      high[row] = negative ? ~bits : bits | 0x8000_0000;
      low[row] = negative ? ~halves[lowHalf]! : halves[lowHalf]!;
    }
  }
  return { high, low };
}

function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}

/** Sorts in place; rows of equal keys keep their order. */
export function radixSort(rows: Uint32Array, { high, low }: RadixKey): void {
  const other = new Uint32Array(rows.length);
  for (const half of [low, high])
    for (const shift of [0, 16]) if (sortDigit({ from: rows, to: other, half, shift })) rows.set(other);
}

interface Digit {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly half: Uint32Array;
  readonly shift: number;
}

/** False when all rows have the same digit, and nothing is to be done. */
function sortDigit({ from, to, half, shift }: Digit): boolean {
  const starts = new Uint32Array(65_537);
  for (const row of from) starts[((half[row]! >>> shift) & 0xffff) + 1]! += 1;
  if (from.length === 0 || starts[((half[from[0]!]! >>> shift) & 0xffff) + 1] === from.length) return false;
  for (let digit = 1; digit < starts.length; digit += 1) starts[digit]! += starts[digit - 1]!;
  for (const row of from) {
    const digit = (half[row]! >>> shift) & 0xffff;
    to[starts[digit]!] = row;
    starts[digit]! += 1;
  }
  return true;
}
