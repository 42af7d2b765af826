/** A chart as SVG: text and lines only, nothing that runs or is fetched. */

import type { Vertex } from "../../core/series/series-buckets.js";
import { escapeXml } from "../output/escape-xml.js";
import type { Chart, ChartCurve } from "./chart.js";
import { axisTitle, curveFacts, MARK_SIGNS, markText } from "./curve-facts.js";
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

const GREY = "#666666";
const GRID = "#e3e3e3";

export function svgChart(chart: Chart, size: Size): string {
  const layout = layOutChart(chart, size);
  const { width, height } = size;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(chart.title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(layout.left, 24, chart.title, { size: 15 }),
    text(layout.left, 42, subtitle(chart), { colour: GREY }),
    ...axes(chart, layout),
    ...chart.curves.flatMap((curve) => curveParts(chart, layout, curve)),
    ...legend(chart, layout),
    "</svg>",
    "",
  ].join("\n");
}

function subtitle(chart: Chart): string {
  const smoothed =
    chart.smoothing > 0 ? `, smoothed ${chart.smoothing} (the points themselves are faint)` : "";
  return `${axisTitle(chart.y)} over ${axisTitle(chart.x)}${smoothed}`;
}

function axes(chart: Chart, layout: Layout): readonly string[] {
  const { left, right, top, bottom } = layout;
  const line = (x1: number, y1: number, x2: number, y2: number, colour: string) =>
    `<line x1="${pixel(x1)}" y1="${pixel(y1)}" x2="${pixel(x2)}" y2="${pixel(y2)}" stroke="${colour}"/>`;
  const rows = chart.y.ticks.map(({ at, text: label }) => ({ y: pixelY(chart, layout, at), label }));
  const columns = chart.x.ticks.map(({ at, text: label }) => ({ x: pixelX(chart, layout, at), label }));
  return [
    ...rows.map(({ y }) => line(left, y, right, y, GRID)),
    ...columns.map(({ x }) => line(x, top, x, bottom, GRID)),
    line(left, bottom, right, bottom, GREY),
    line(left, top, left, bottom, GREY),
    ...rows.map(({ y, label }) => text(left - 6, y + 4, label, { anchor: "end", colour: GREY })),
    ...columns.map(({ x, label }) =>
      text(x, bottom + LINE_HEIGHT, label, { anchor: "middle", colour: GREY }),
    ),
  ];
}

function curveParts(chart: Chart, layout: Layout, curve: ChartCurve): readonly string[] {
  const colour = colourOf(curve.slot);
  const dashes = dashesOf(curve.slot);
  const dashed = dashes.length === 0 ? "" : ` stroke-dasharray="${dashes.join(" ")}"`;
  const stroke = `stroke="${colour}" fill="none" stroke-linejoin="round"`;
  const end = curve.lines.at(-1)?.at(-1);
  return [
    ...curve.raw.map((line) =>
      polyline(chart, layout, line, `${stroke} stroke-width="1" stroke-opacity="0.3"`),
    ),
    ...curve.lines.map((line) => polyline(chart, layout, line, `${stroke} stroke-width="1.6"${dashed}`)),
    ...curve.marks.map(({ x, kind }) => {
      const title = `<title>${escapeXml(`${curve.name}: ${markText(kind)}`)}</title>`;
      const place = `x="${pixel(pixelX(chart, layout, x))}" y="${pixel(layout.bottom - 3)}"`;
      return `<text ${place} fill="${colour}" text-anchor="middle" font-weight="bold">${MARK_SIGNS[kind]}${title}</text>`;
    }),
    ...(end === undefined || chart.curves.length < 2
      ? []
      : [text(layout.right + 4, pixelY(chart, layout, end.y) + 4, curve.letter, { colour })]),
  ];
}

/** A line of one point is drawn as a dot. */
function polyline(chart: Chart, layout: Layout, line: readonly Vertex[], style: string): string {
  const points = line.map(
    ({ x, y }) => `${pixel(pixelX(chart, layout, x))},${pixel(pixelY(chart, layout, y))}`,
  );
  const ends = points.length === 1 ? ` stroke-linecap="round"` : "";
  const drawn = points.length === 1 ? [points[0], points[0]] : points;
  return `<polyline points="${drawn.join(" ")}" ${style}${ends}/>`;
}

function legend(chart: Chart, layout: Layout & { readonly legendRows: number }): readonly string[] {
  const { left, legendTop, legendRows } = layout;
  const shown = chart.curves.slice(0, legendRows);
  const more = chart.curves.length - shown.length;
  return shown.map((curve, index) => {
    const y = legendTop + index * LINE_HEIGHT;
    const colour = colourOf(curve.slot);
    const dashes = dashesOf(curve.slot);
    const dashed = dashes.length === 0 ? "" : ` stroke-dasharray="${dashes.join(" ")}"`;
    const sample = `<line x1="${left}" y1="${pixel(y - 4)}" x2="${left + 24}" y2="${pixel(y - 4)}" stroke="${colour}" stroke-width="2"${dashed}/>`;
    const rest = index === shown.length - 1 && more > 0 ? ` (and ${more} more curves)` : "";
    const words = `${curve.letter}  ${curve.name}: ${curveFacts(curve).join(", ")}${rest}`;
    return sample + text(left + 32, y, words, {});
  });
}

interface TextStyle {
  readonly anchor?: "middle" | "end";
  readonly colour?: string;
  readonly size?: number;
}

function text(x: number, y: number, words: string, { anchor, colour, size }: TextStyle): string {
  const anchored = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  const sized = size === undefined ? "" : ` font-size="${size}"`;
  return `<text x="${pixel(x)}" y="${pixel(y)}" fill="${colour ?? "#222222"}"${anchored}${sized}>${escapeXml(words)}</text>`;
}

function pixel(value: number): string {
  return String(Math.round(value * 100) / 100);
}
