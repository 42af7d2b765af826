/** The shortest length, 7 at least, at which every id differs from every other. */
export function prefixLength(ids: readonly string[]): number {
  const sorted = [...ids].sort();
  let length = 7;
  for (let index = 1; index < sorted.length; index += 1) {
    const [left, right] = [sorted[index - 1]!, sorted[index]!];
    if (left === right) continue;
    while (left.slice(0, length) === right.slice(0, length)) length += 1;
  }
  return length;
}
