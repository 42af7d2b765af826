/** Which rows match: one byte a row, 1 or 0. */
export type RowMask = Uint8Array;

export function intersect(into: RowMask, other: RowMask): void {
  for (let row = 0; row < into.length; row += 1) into[row]! &= other[row]!;
}

export function unite(into: RowMask, other: RowMask): void {
  for (let row = 0; row < into.length; row += 1) into[row]! |= other[row]!;
}

export function invert(mask: RowMask): void {
  for (let row = 0; row < mask.length; row += 1) mask[row]! ^= 1;
}

/** The rows of a mask, ascending. */
export function rowsOf(mask: RowMask): Uint32Array {
  let count = 0;
  for (let row = 0; row < mask.length; row += 1) count += mask[row]!;
  const rows = new Uint32Array(count);
  for (let row = 0, at = 0; row < mask.length; row += 1) if (mask[row] === 1) rows[at++] = row;
  return rows;
}
