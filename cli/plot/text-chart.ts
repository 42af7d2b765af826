/** A chart for the terminal. */
import type { Vertex } from "../../core/series/series-buckets.js";
import type { Paint, Style } from "../output/style.js";
import { visible } from "../output/visible.js";
import { displayWidth, padTo, truncateMiddle } from "../output/width.js";
import { shareOf, type Tick } from "./axis.js";
import type { Chart, ChartCurve } from "./chart.js";
import { axisTitle, curveFacts, MARK_SIGNS, markLegend, SEVERAL_SIGN } from "./curve-facts.js";
import { DotCanvas, type Glyphs } from "./dot-canvas.js";

export interface TextLayout {
  /** Columns in all. */
  readonly width: number;
  /** Rows of the plot itself. */
  readonly height: number;
  readonly glyphs: Glyphs;
  readonly style: Style;
}

/** How many columns there are for the plot itself: the rest is labels. */
export function plotColumns({ width }: Pick<TextLayout, "width">): number {
  return Math.max(8, width - MOST_LABEL - 2);
}

const MOST_LABEL = 10;
const MOST_LETTERS = 4;

/** Lines without line feeds. */
export function textChart(chart: Chart, layout: TextLayout): readonly string[] {
  const gutter = Math.min(MOST_LABEL, Math.max(...chart.y.ticks.map(({ text }) => text.length), 1));
  const letters = chart.curves.length > 1 ? MOST_LETTERS + 1 : 0;
  const columns = Math.max(8, layout.width - gutter - 2 - letters);
  const canvas = drawn(chart, columns, layout);
  return [
    layout.style.bold(truncateMiddle(visible(chart.title), layout.width)),
    ...plotRows(chart, canvas, { gutter, layout }),
    ...xAxisLines(chart, columns, { gutter, layout }),
    ...legend(chart, columns, layout),
  ];
}

/** Exported for its test: every corner of every curve is a dot. */
export function drawn(chart: Chart, columns: number, { height, glyphs, style }: TextLayout): DotCanvas {
  const canvas = new DotCanvas(columns, height, glyphs);
  // Without colours nothing tells points from their average: then only the average is drawn.
  const withRaw = style.dim("") !== "";
  for (const [index, curve] of chart.curves.entries()) {
    if (withRaw) drawLines(canvas, chart, { lines: curve.raw, number: chart.curves.length + index });
    drawLines(canvas, chart, { lines: curve.lines, number: index });
  }
  return canvas;
}

interface Lines {
  readonly lines: readonly (readonly Vertex[])[];
  readonly number: number;
}

function drawLines(canvas: DotCanvas, chart: Chart, { lines, number }: Lines): void {
  for (const line of lines) {
    let before: readonly [number, number] | undefined;
    for (const vertex of line) {
      const dot = canvas.dotAt(shareOf(chart.x, vertex.x), shareOf(chart.y, vertex.y));
      canvas.line(before ?? dot, dot, number);
      before = dot;
    }
  }
}

interface Frame {
  readonly gutter: number;
  readonly layout: TextLayout;
}

function plotRows(chart: Chart, canvas: DotCanvas, { gutter, layout }: Frame): readonly string[] {
  const { glyphs, style } = layout;
  const [plain, ticked] = glyphs === "ascii" ? ["|", "+"] : ["│", "┤"];
  const labels = rowLabels(chart, canvas.rows);
  const ends = endLetters(chart, canvas.rows);
  const letters = chart.curves.map(({ letter }) => letter);
  const paints = chart.curves.map((curve) => paintOf(style, curve.slot));
  return Array.from({ length: canvas.rows }, (_, row) => {
    const label = labels.get(row);
    const axis = label === undefined ? plain : ticked;
    const cells = canvas.row(row, [...letters, ...letters]).map(({ text, curve }): Painted => {
      if (curve === null) return { text, paint: null };
      return { text, paint: curve < paints.length ? paints[curve]! : style.dim };
    });
    const end = (ends.get(row) ?? []).map((curve) => paints[curve]!(letters[curve]!)).join("");
    const line = `${style.dim(padTo((label ?? "").slice(0, gutter), gutter, true) + axis)}${painted(cells)}`;
    return end === "" ? line.trimEnd() : `${line} ${end}`;
  });
}

/** A piece of a line and its colour. */
interface Painted {
  readonly text: string;
  readonly paint: Paint | null;
}

/** A colour is switched once for all that follow one another in it. */
function painted(pieces: readonly Painted[]): string {
  let line = "";
  for (let start = 0; start < pieces.length; ) {
    const { paint } = pieces[start]!;
    let end = start + 1;
    while (end < pieces.length && pieces[end]!.paint === paint) end += 1;
    const text = pieces
      .slice(start, end)
      .map((piece) => piece.text)
      .join("");
    line += paint === null ? text : paint(text);
    start = end;
  }
  return line;
}

function rowLabels({ y }: Chart, rows: number): ReadonlyMap<number, string> {
  const labels = new Map<number, string>();
  for (const { at, text } of y.ticks) {
    const row = rows - 1 - Math.min(rows - 1, Math.max(0, Math.floor(shareOf(y, at) * rows)));
    if (!labels.has(row)) labels.set(row, text);
  }
  return labels;
}

/** The letters beside the plot, where the curves end; moved to the nearest row with room. */
function endLetters(chart: Chart, rows: number): ReadonlyMap<number, readonly number[]> {
  const ends = new Map<number, number[]>();
  if (chart.curves.length < 2) return ends;
  for (const [index, { lines }] of chart.curves.entries()) {
    const end = lines.at(-1)?.at(-1);
    if (end === undefined) continue;
    const row = rows - 1 - Math.min(rows - 1, Math.max(0, Math.floor(shareOf(chart.y, end.y) * rows)));
    const free = nearestRow(row, rows, (each) => (ends.get(each)?.length ?? 0) < MOST_LETTERS);
    if (free !== undefined) ends.set(free, [...(ends.get(free) ?? []), index]);
  }
  return ends;
}

function nearestRow(row: number, rows: number, isFree: (row: number) => boolean): number | undefined {
  for (let away = 0; away < rows; away += 1)
    for (const candidate of [row - away, row + away])
      if (candidate >= 0 && candidate < rows && isFree(candidate)) return candidate;
  return undefined;
}

function xAxisLines(chart: Chart, columns: number, { gutter, layout }: Frame): readonly string[] {
  const { glyphs, style } = layout;
  const [corner, plain, ticked] = glyphs === "ascii" ? ["+", "-", "+"] : ["└", "─", "┬"];
  const axis = Array.from({ length: columns }, (): Painted => ({ text: plain!, paint: style.dim }));
  const labels: string[] = Array.from({ length: columns }, () => " ");
  for (const tick of chart.x.ticks) {
    const column = columnOf(chart, tick.at, columns);
    if (placeLabel(labels, tick, column)) axis[column] = { text: ticked!, paint: style.dim };
  }
  for (const [column, { text, slot }] of marksByColumn(chart, columns))
    axis[column] = { text, paint: paintOf(style, slot) };
  const title = axisTitle(chart.x);
  const line = `${" ".repeat(gutter + 1)}${labels.join("")}`.trimEnd();
  const fits = displayWidth(line) + title.length + 2 <= layout.width;
  return [
    `${" ".repeat(gutter)}${painted([{ text: corner!, paint: style.dim }, ...axis])}`,
    style.dim(fits ? `${line}  ${title}` : line),
    ...(fits ? [] : [style.dim(padTo(title, layout.width, true))]),
  ];
}

interface ColumnMark {
  readonly text: string;
  readonly slot: number;
}

/** The sign of each column that has one; {@link SEVERAL_SIGN} where signs of several kinds meet. */
function marksByColumn(chart: Chart, columns: number): ReadonlyMap<number, ColumnMark> {
  const found = new Map<number, ColumnMark>();
  for (const { marks, slot } of chart.curves)
    for (const { x, kind } of marks) {
      const column = columnOf(chart, x, columns);
      const before = found.get(column)?.text ?? MARK_SIGNS[kind];
      found.set(column, { text: before === MARK_SIGNS[kind] ? before : SEVERAL_SIGN, slot });
    }
  return found;
}

function columnOf({ x }: Chart, at: number, columns: number): number {
  return Math.min(columns - 1, Math.max(0, Math.floor(shareOf(x, at) * columns)));
}

/** Centred below its tick; false when another label is in the way. */
function placeLabel(labels: string[], { text }: Tick, column: number): boolean {
  const start = Math.min(labels.length - text.length, Math.max(0, column - Math.floor(text.length / 2)));
  if (start < 0) return false;
  const around = labels.slice(Math.max(0, start - 1), start + text.length + 1);
  if (around.some((character) => character !== " ")) return false;
  for (const [index, character] of [...text].entries()) labels[start + index] = character;
  return true;
}

function legend(chart: Chart, columns: number, layout: TextLayout): readonly string[] {
  const { style } = layout;
  const several = [...marksByColumn(chart, columns).values()].some(({ text }) => text === SEVERAL_SIGN);
  const signs = markLegend(chart, several);
  const names = chart.curves.map(({ name }) => visible(name));
  const widest = Math.min(
    Math.max(16, Math.floor(layout.width / 3)),
    Math.max(0, ...names.map(displayWidth)),
  );
  const notes = [
    ...(chart.smoothing > 0
      ? [`smoothed ${chart.smoothing}${layout.style.dim("") === "" ? ", points not drawn" : ""}`]
      : []),
    ...(chart.y.scale === "log" ? ["logarithmic y axis"] : []),
    ...(signs === "" ? [] : [`on the x axis: ${signs}`]),
  ];
  return [
    ...chart.curves.map((curve, index) =>
      legendLine(curve, padTo(truncateMiddle(names[index]!, widest), widest), layout),
    ),
    ...notes.map((note) => style.dim(truncateMiddle(note, layout.width))),
  ];
}

function legendLine(curve: ChartCurve, name: string, { width, style }: TextLayout): string {
  const head = `${paintOf(style, curve.slot)(curve.letter)} ${name}`;
  let line = head;
  let used = 2 + displayWidth(name);
  for (const fact of curveFacts(curve)) {
    if (used + 2 + fact.length > width) break;
    line += `  ${style.dim(fact)}`;
    used += 2 + fact.length;
  }
  return line.trimEnd();
}

/** The six colours that are told apart on light and dark grounds. */
function paintOf(style: Style, slot: number): Paint {
  const paints = [style.blue, style.yellow, style.green, style.red, style.magenta, style.cyan];
  return paints[slot % paints.length]!;
}
