/** A curve in one line of block characters. */
const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** At most `width` characters: the mean of each slice of `values`; slices without a finite value are blank (`·`). */
export function sparkline(values: readonly number[], width: number): string {
  const slices = sliceMeans(values, width);
  const finite = slices.filter(Number.isFinite);
  if (finite.length === 0) return "·".repeat(slices.length);
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  return slices.map((value) => blockFor(value, low, high)).join("");
}

function blockFor(value: number, low: number, high: number): string {
  if (!Number.isFinite(value)) return "·";
  if (high === low) return BLOCKS[3];
  // Halved first: the range of two huge values of opposite sign is itself infinite.
  const share = (value / 2 - low / 2) / (high / 2 - low / 2);
  return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(share * BLOCKS.length))] ?? BLOCKS[0];
}

function sliceMeans(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, slice) => {
    const start = Math.floor((slice * values.length) / width);
    const end = Math.floor(((slice + 1) * values.length) / width);
    return meanOfFinite(values.slice(start, end));
  });
}

function meanOfFinite(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  return finite.reduce(
    (mean, value, index) => mean + (value - mean) / (index + 1),
    finite.length === 0 ? Number.NaN : 0,
  );
}
