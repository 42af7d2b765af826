/**
 * Where two curves part: the first step, in ascending order, that both have and at which their values differ. The value
 * of a step is that of its latest point (MLflow's rule: greatest timestamp, then value). Values differ when they are
 * further apart than the tolerance; NaN equals NaN, an infinity equals itself, -0 equals 0.
 */
import { type Integer, isLater, type Point } from "../../store-format/index.js";

export interface CurveDifference {
  /** Where they part; null when they agree at every step that both have. */
  readonly parts: { readonly step: Integer; readonly values: readonly [number, number] } | null;
  /** How many steps both have. */
  readonly commonSteps: number;
}

/** Makes a series anew each time: it may be read twice. */
export type ReadPoints = () => Iterable<Point>;

/** In flat memory when both series are in the order of steps; otherwise one point of each step is held. */
export function firstDifference(a: ReadPoints, b: ReadPoints, tolerance = 0): CurveDifference {
  try {
    return walk(stepsInOrder(a()), stepsInOrder(b()), tolerance);
  } catch (error) {
    if (!(error instanceof OutOfOrder)) throw error;
    return walk(sortedSteps(a()), sortedSteps(b()), tolerance);
  }
}

export function valuesDiffer(a: number, b: number, tolerance: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return false;
  return !(Math.abs(a - b) <= tolerance) || Number.isFinite(a) !== Number.isFinite(b);
}

/** Goes to the end of both, also when they have parted: a step that goes back may come late. */
function walk(a: Iterator<Point>, b: Iterator<Point>, tolerance: number): CurveDifference {
  let parts: CurveDifference["parts"] = null;
  let commonSteps = 0;
  let left = a.next();
  let right = b.next();
  while (left.done !== true || right.done !== true) {
    const order = compareSteps(left, right);
    if (order === 0) {
      commonSteps += 1;
      const values = [left.value.value, right.value.value] as const;
      if (parts === null && valuesDiffer(...values, tolerance)) parts = { step: left.value.step, values };
    }
    if (order <= 0) left = a.next();
    if (order >= 0) right = b.next();
  }
  return { parts, commonSteps };
}

/** What has ended comes last. */
function compareSteps(left: IteratorResult<Point>, right: IteratorResult<Point>): -1 | 0 | 1 {
  if (left.done === true) return 1;
  if (right.done === true || left.value.step < right.value.step) return -1;
  return left.value.step > right.value.step ? 1 : 0;
}

class OutOfOrder extends Error {}

/** The latest point of each step. Throws {@link OutOfOrder} at the first step that goes back. */
function* stepsInOrder(points: Iterable<Point>): Generator<Point> {
  let held: Point | undefined;
  for (const point of points) {
    if (held === undefined) held = point;
    else if (point.step < held.step) throw new OutOfOrder("a step goes back");
    else if (point.step > held.step) {
      yield held;
      held = point;
    } else if (isLater(point, held)) held = point;
  }
  if (held !== undefined) yield held;
}

function* sortedSteps(points: Iterable<Point>): Generator<Point> {
  const latest = new Map<Integer, Point>();
  for (const point of points) {
    const before = latest.get(point.step);
    if (before === undefined || isLater(point, before)) latest.set(point.step, point);
  }
  yield* [...latest.values()].sort((x, y) => (x.step < y.step ? -1 : 1));
}
