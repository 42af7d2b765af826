/** What MLflow's SQL stores make of a value (mlflow/store/tracking/sqlalchemy_store.py, `sanitize_metric_value`). */
import type { BarePoint } from "../engine/point-set.js";

/** Infinities become the largest double of their sign; SQLite keeps no sign of a zero. NaN is kept. */
export function storedValue(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return Number.MAX_VALUE;
  if (value === Number.NEGATIVE_INFINITY) return -Number.MAX_VALUE;
  return value === 0 ? 0 : value;
}

export function storedPoint<P extends BarePoint>(point: P): P {
  const value = storedValue(point.value);
  return Object.is(value, point.value) ? point : { ...point, value };
}
