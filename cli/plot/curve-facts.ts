/** What a legend says of a curve in words. */

import type { Vertex } from "../../core/series/series-buckets.js";
import { formatNumber } from "../output/number.js";
import type { Axis } from "./axis.js";
import type { Chart, ChartCurve, MarkKind } from "./chart.js";

/** `last 0.18`, `2 NaN`, `min 0.17`, `max 2.3`, `1000 points`: what is cut off at the right is wanted least. */
export function curveFacts(curve: ChartCurve): readonly string[] {
  const { counts, least, greatest, last, withoutX } = curve;
  const total = counts.finite + counts.nan + counts.above + counts.below + withoutX;
  return [
    ...fact("last", last),
    ...oddFacts(curve),
    ...fact("min", least),
    ...fact("max", greatest),
    total === 1 ? "1 point" : `${total} points`,
  ];
}

/** Points that the chart cannot show in their place. */
export function oddFacts({ counts, withoutX, oddWithoutX, marks }: ChartCurve): readonly string[] {
  const hidden = marks.some(({ kind }) => kind === "not positive");
  return [
    ...count(counts.nan, "NaN"),
    ...count(counts.above, "inf"),
    ...count(counts.below, "-inf"),
    ...(hidden ? ["0 or below only marked"] : []),
    ...(withoutX > 0 ? [leftOut(withoutX, oddWithoutX)] : []),
  ];
}

function leftOut(points: number, odd: number): string {
  const text = `${points} ${points === 1 ? "point" : "points"} left of the x axis`;
  return odd === 0 ? text : `${text} (${odd} not finite)`;
}

function fact(name: string, vertex: Vertex | null): readonly string[] {
  return vertex === null ? [] : [`${name} ${formatNumber(vertex.y)}`];
}

function count(found: number, name: string): readonly string[] {
  return found === 0 ? [] : [`${found} ${name}`];
}

export const MARK_SIGNS: Readonly<Record<MarkKind, string>> = {
  nan: "N",
  above: "^",
  below: "v",
  "not positive": "0",
};

const MARK_WORDS: Readonly<Record<MarkKind, string>> = {
  nan: "NaN",
  above: "inf",
  below: "-inf",
  "not positive": "0 or below",
};

/** Where values of several kinds have one place. */
export const SEVERAL_SIGN = "!";

/** What the signs on the x axis stand for; empty when there are none. */
export function markLegend({ curves }: Chart, hasSeveral = false): string {
  const kinds = new Set(curves.flatMap(({ marks }) => marks.map(({ kind }) => kind)));
  const words = [...kinds].map((kind) => `${MARK_SIGNS[kind]} ${MARK_WORDS[kind]}`);
  return [...words, ...(hasSeveral ? [`${SEVERAL_SIGN} several of these`] : [])].join(", ");
}

export function markText(kind: MarkKind): string {
  return MARK_WORDS[kind];
}

export function axisTitle({ title, scale }: Axis): string {
  return scale === "log" ? `${title} (log)` : title;
}
