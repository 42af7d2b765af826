/** The curves of several runs as lines of characters on the same two axes, so that they can be laid one over the other. */
import type { Bucket } from "../../core/series/series-buckets.js";

const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII = ["_", ".", "-", "~", "=", "+", "*", "#"];

export interface Axes {
  readonly left: number;
  readonly right: number;
  readonly low: number;
  readonly high: number;
}

export interface ShapeStyle {
  readonly width: number;
  readonly ascii: boolean;
}

/** What all the curves span, values that are not finite among them; null when none has a finite value. */
export function sharedAxes(curves: readonly (readonly Bucket[])[]): Axes | null {
  const all = curves.flat();
  const buckets = all.filter(({ first }) => first !== null);
  if (buckets.length === 0) return null;
  const odd = all.flatMap(({ nanX, aboveX, belowX }) =>
    [nanX, aboveX, belowX].filter((x): x is number => x !== null),
  );
  return {
    left: Math.min(...odd, ...buckets.map(({ first }) => first!.x)),
    right: Math.max(...odd, ...buckets.map(({ last }) => last!.x)),
    low: Math.min(...buckets.map(({ min }) => min!.y)),
    high: Math.max(...buckets.map(({ max }) => max!.y)),
  };
}

/**
 * The mean of each column; a column without a point between two that have some goes on as the one before. Blank before
 * and after the curve, `!` where no value is finite.
 */
export function curveShape(curve: readonly Bucket[], axes: Axes, { width, ascii }: ShapeStyle): string {
  const columns = Array.from({ length: width }, () => ({ sum: 0, count: 0, odd: false }));
  for (const bucket of curve) {
    const x = bucket.first?.x ?? bucket.nanX ?? bucket.aboveX ?? bucket.belowX ?? axes.left;
    const column = columns[columnAt(x, axes, width)]!;
    column.sum += bucket.mean * bucket.count;
    column.count += bucket.count;
    column.odd ||= bucket.count === 0;
  }
  const levels = ascii ? ASCII : BLOCKS;
  const end = columns.findLastIndex(({ count, odd }) => count > 0 || odd);
  for (let column = 1; column < end; column += 1)
    if (columns[column]!.count === 0 && !columns[column]!.odd) columns[column] = columns[column - 1]!;
  return columns
    .map(({ sum, count, odd }) => (count === 0 ? (odd ? "!" : " ") : levelOf(sum / count, axes, levels)))
    .join("");
}

function columnAt(x: number, { left, right }: Axes, width: number): number {
  const share = right === left ? 0 : (x - left) / (right - left);
  return Math.min(width - 1, Math.max(0, Math.floor(share * width)));
}

function levelOf(value: number, { low, high }: Axes, levels: readonly string[]): string {
  if (high === low) return levels[3]!;
  // Halved first where the range of two huge values of opposite sign is itself infinite.
  const share = Number.isFinite(high - low)
    ? (value - low) / (high - low)
    : (value / 2 - low / 2) / (high / 2 - low / 2);
  return levels[Math.min(levels.length - 1, Math.max(0, Math.floor(share * levels.length)))] ?? levels[0]!;
}
