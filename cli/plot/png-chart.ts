/** A chart as a PNG picture. */

import type { Vertex } from "../../core/series/series-buckets.js";
import { encodePng } from "../../sdk/png.js";
import { visible } from "../output/visible.js";
import type { Chart, ChartCurve } from "./chart.js";
import { axisTitle, curveFacts, MARK_SIGNS } from "./curve-facts.js";
import {
  colourOf,
  dashesOf,
  type Layout,
  LINE_HEIGHT,
  layOutChart,
  pixelX,
  pixelY,
  type Size,
} from "./layout.js";
import { type Colour, type Pen, PixelCanvas } from "./pixel-canvas.js";

const BLACK: Colour = [34, 34, 34];
const GREY: Colour = [102, 102, 102];
const GRID: Colour = [227, 227, 227];
/** Width of a character with its gap. */
const ADVANCE = 6;

export function pngChart(chart: Chart, size: Size): Uint8Array {
  const layout = layOutChart(chart, size);
  const canvas = new PixelCanvas(size.width, size.height);
  canvas.text(layout.left, 22, visible(chart.title), BLACK);
  const smoothed = chart.smoothing > 0 ? `, smoothed ${chart.smoothing}` : "";
  canvas.text(layout.left, 40, visible(`${axisTitle(chart.y)} over ${axisTitle(chart.x)}${smoothed}`), GREY);
  drawAxes(canvas, chart, layout);
  for (const curve of chart.curves) drawCurve(canvas, chart, { layout, curve });
  drawLegend(canvas, chart, layout);
  return encodePng(canvas.pixels());
}

function drawAxes(canvas: PixelCanvas, chart: Chart, layout: Layout): void {
  const { left, right, top, bottom } = layout;
  const grid: Pen = { colour: GRID, width: 1 };
  for (const { at, text } of chart.y.ticks) {
    const y = pixelY(chart, layout, at);
    canvas.line(
      [
        [left, y],
        [right, y],
      ],
      grid,
    );
    canvas.text(left - 6 - text.length * ADVANCE, y + 4, text, GREY);
  }
  for (const { at, text } of chart.x.ticks) {
    const x = pixelX(chart, layout, at);
    canvas.line(
      [
        [x, top],
        [x, bottom],
      ],
      grid,
    );
    canvas.text(x - (text.length * ADVANCE) / 2, bottom + LINE_HEIGHT, text, GREY);
  }
  canvas.line(
    [
      [left, top],
      [left, bottom],
      [right, bottom],
    ],
    { colour: GREY, width: 1 },
  );
}

interface Drawn {
  readonly layout: Layout;
  readonly curve: ChartCurve;
}

function drawCurve(canvas: PixelCanvas, chart: Chart, { layout, curve }: Drawn): void {
  const colour = rgbOf(colourOf(curve.slot));
  const at = (line: readonly Vertex[]) =>
    line.map(({ x, y }) => [pixelX(chart, layout, x), pixelY(chart, layout, y)] as const);
  for (const line of curve.raw) canvas.line(at(line), { colour: faint(colour), width: 1 });
  const pen: Pen = { colour, width: 1.5, dashes: dashesOf(curve.slot) };
  for (const line of curve.lines) canvas.line(at(line), pen);
  for (const { x, kind } of curve.marks)
    canvas.text(pixelX(chart, layout, x) - ADVANCE / 2, layout.bottom - 3, MARK_SIGNS[kind], colour);
  const end = curve.lines.at(-1)?.at(-1);
  if (end !== undefined && chart.curves.length > 1)
    canvas.text(layout.right + 4, pixelY(chart, layout, end.y) + 4, curve.letter, colour);
}

function drawLegend(
  canvas: PixelCanvas,
  chart: Chart,
  { left, right, legendTop, legendRows }: Layout & { readonly legendRows: number },
): void {
  const shown = chart.curves.slice(0, legendRows);
  const more = chart.curves.length - shown.length;
  for (const [index, curve] of shown.entries()) {
    const y = legendTop + index * LINE_HEIGHT;
    const pen: Pen = { colour: rgbOf(colourOf(curve.slot)), width: 2, dashes: dashesOf(curve.slot) };
    canvas.line(
      [
        [left, y - 4],
        [left + 24, y - 4],
      ],
      pen,
    );
    const rest = index === shown.length - 1 && more > 0 ? ` (and ${more} more curves)` : "";
    const words = visible(`${curve.letter}  ${curve.name}: ${curveFacts(curve).join(", ")}${rest}`);
    canvas.text(left + 32, y, words.slice(0, Math.floor((right - left - 32) / ADVANCE)), BLACK);
  }
}

function rgbOf(hex: string): Colour {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return [red!, green!, blue!];
}

/** As if seen through two thirds of white. */
function faint([red, green, blue]: Colour): Colour {
  const mixed = [red, green, blue].map((part) => Math.round(255 - (255 - part) / 3));
  return [mixed[0]!, mixed[1]!, mixed[2]!];
}
