/** Where the parts of a drawn chart lie, in pixels: the same for SVG and PNG. */
import { shareOf } from "./axis.js";
import type { Chart } from "./chart.js";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Layout extends Size {
  readonly left: number;
  readonly top: number;
  /** Right and lower end of the plot itself. */
  readonly right: number;
  readonly bottom: number;
  readonly legendTop: number;
}

export const LINE_HEIGHT = 18;
/** Width of a character of the small texts. */
export const CHARACTER = 7;
const MARGIN = 12;

/** The legend has a line for each curve, as long as half the height is left for the plot; `legendRows` are shown. */
export function layOutChart(chart: Chart, { width, height }: Size): Layout & { readonly legendRows: number } {
  const label = Math.max(...chart.y.ticks.map(({ text }) => text.length), 1) * CHARACTER;
  const top = MARGIN + 2 * LINE_HEIGHT;
  const below = MARGIN + 2.5 * LINE_HEIGHT;
  const room = Math.max(1, Math.floor((height / 2 - below) / LINE_HEIGHT));
  const legendRows = Math.min(chart.curves.length, room);
  const bottom = height - below - legendRows * LINE_HEIGHT;
  return {
    ...{ width, height, left: MARGIN + label + 8, top, right: width - MARGIN - 2 * CHARACTER, bottom },
    ...{ legendTop: bottom + 2.5 * LINE_HEIGHT, legendRows },
  };
}

export function pixelX(chart: Chart, { left, right }: Layout, x: number): number {
  return left + shareOf(chart.x, x) * (right - left);
}

export function pixelY(chart: Chart, { top, bottom }: Layout, y: number): number {
  return bottom - shareOf(chart.y, y) * (bottom - top);
}

/** Told apart on white by everybody, also with one of the common colour blindnesses. */
export const PALETTE = [
  "#2a3870",
  "#eb6d1b",
  "#34a384",
  "#6a241d",
  "#a568ff",
  "#785f0c",
  "#17676d",
  "#c70faf",
] as const;

/** Lengths of dashes and gaps, for curves beyond the colours. */
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

export function colourOf(slot: number): string {
  return PALETTE[slot % PALETTE.length]!;
}

export function dashesOf(slot: number): readonly number[] {
  return DASHES[Math.floor(slot / PALETTE.length) % DASHES.length]!;
}
