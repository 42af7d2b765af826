/** The statistics of a series, in one pass and in flat memory. */
import { isLater, type Point } from "../../store-format/index.js";
import type { MetricMark, MetricSummary } from "./run-record.js";

/** Points in file order (writers one after another). Null for no points. */
export function summarizePoints(points: Iterable<Point>): MetricSummary | null {
  const summary = new PointSummary();
  for (const point of points) summary.add(point);
  return summary.end();
}

export class PointSummary {
  #count = 0;
  #last: Point | undefined;
  #first: Point | undefined;
  #min: Point | undefined;
  #max: Point | undefined;

  add(point: Point): void {
    this.#count += 1;
    if (this.#last === undefined || isLater(point, this.#last)) this.#last = point;
    if (this.#first === undefined || isEarlier(point, this.#first)) this.#first = point;
    if (Number.isNaN(point.value)) return;
    if (this.#min === undefined || point.value < this.#min.value) this.#min = point;
    if (this.#max === undefined || point.value > this.#max.value) this.#max = point;
  }

  /** Null when there was no point. */
  end(): MetricSummary | null {
    if (this.#last === undefined || this.#first === undefined) return null;
    return {
      last: this.#last,
      min: markOf(this.#min),
      max: markOf(this.#max),
      first: { value: this.#first.value, step: this.#first.step },
      count: this.#count,
    };
  }
}

function isEarlier(a: Point, b: Point): boolean {
  return a.step < b.step || (a.step === b.step && a.timestamp < b.timestamp);
}

function markOf(point: Point | undefined): MetricMark | null {
  return point === undefined ? null : { value: point.value, step: point.step };
}
