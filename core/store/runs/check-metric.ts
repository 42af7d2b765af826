/** What a point must be before it is written. */
import { checkKey, type Integer, type Metric, RunstoneError } from "../../../store-format/index.js";

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** Throws INVALID_PARAMETER_VALUE unless the point can be kept; nothing is coerced. Key rules: `checkKey`. */
export function checkMetric(metric: Metric, knownKeys: Set<string>): void {
  if (!knownKeys.has(metric.key)) {
    if (typeof metric.key !== "string") throw wrong(metric, "key", metric.key, "a text");
    checkKey(metric.key, "metric");
    knownKeys.add(metric.key);
  }
  if (typeof metric.value !== "number") throw wrong(metric, "value", metric.value, "a number");
  if (!isInteger(metric.step)) throw wrong(metric, "step", metric.step, "an integer of 64 bits");
  if (!isInteger(metric.timestamp) || metric.timestamp < 0)
    throw wrong(metric, "timestamp", metric.timestamp, "milliseconds since 1970, 0 or more");
  if (metric.dataset !== undefined) checkDataset(metric);
}

function isInteger(value: Integer): boolean {
  if (typeof value === "bigint") return value >= MIN_INT64 && value <= MAX_INT64;
  return Number.isSafeInteger(value);
}

function checkDataset(metric: Metric): void {
  const { name, digest } = metric.dataset ?? {};
  if (typeof name !== "string" || typeof digest !== "string" || name === "" || digest === "")
    throw wrong(metric, "dataset", metric.dataset, "a name and a digest");
}

function wrong(metric: Metric, field: string, found: unknown, expected: string): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `metric ${JSON.stringify(metric.key)}: ${field} must be ${expected}, found ${String(found)}`,
    { hint: "Nothing of this call was written.", data: { key: metric.key, field, found: String(found) } },
  );
}
