/**
 * How points are cut into `log-batch` requests.
 *
 * A SQL store drops points that it has already, but MLflow 2.x and early 3.x do so rightly only for requests of at most 100
 * points or of a single key, and never for NaN: anything else ends in an error, sometimes after the new points were
 * stored. So large mixed requests are for points that the server surely has not; others go in requests that can be repeated.
 */
import { REPEATABLE_BATCH_POINTS } from "../../protocol/mlflow/index.js";
import type { Metric, StringMap } from "../../store-format/index.js";
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_ITEMS,
  MAX_BATCH_METRICS,
  MAX_BATCH_PARAMS,
  MAX_BATCH_TAGS,
} from "../../store-format/index.js";

/** One `log-batch` request. */
export interface LogBatch {
  readonly metrics: readonly Metric[];
  readonly params: StringMap;
  readonly tags: StringMap;
}

/** Room for the run id and the names of the fields. */
const BODY_BYTES = MAX_BATCH_BYTES - 1_000;
/** `{"key":"","value":-1.2345678901234567e-300,"timestamp":1700000000000,"step":9007199254740991},` and a model's id. */
const METRIC_BYTES = 160;
const PAIR_BYTES = 24;

/** Requests for a run that the server has nothing of: as few as the limits allow. */
export function* firstBatches(
  params: StringMap,
  tags: StringMap,
  metrics: Iterable<Metric>,
): Generator<LogBatch> {
  const filling = new Filling();
  for (const pair of Object.entries(params))
    if (!filling.addParam(pair)) yield filling.take(() => filling.addParam(pair));
  for (const pair of Object.entries(tags))
    if (!filling.addTag(pair)) yield filling.take(() => filling.addTag(pair));
  for (const metric of metrics)
    if (!filling.addMetric(metric)) yield filling.take(() => filling.addMetric(metric));
  if (!filling.isEmpty) yield filling.take();
}

/** Requests that change nothing when they arrive twice: few points, or one key; each NaN by itself. */
export function* repeatableBatches(metrics: Iterable<Metric>): Generator<readonly Metric[]> {
  let batch: Metric[] = [];
  let bytes = 0;
  let isMixed = false;
  for (const metric of metrics) {
    if (Number.isNaN(metric.value)) {
      yield [metric];
      continue;
    }
    const mixes: boolean = isMixed || (batch.length > 0 && batch[0]!.key !== metric.key);
    const most = mixes ? REPEATABLE_BATCH_POINTS : MAX_BATCH_METRICS;
    bytes += bytesOf(metric);
    if (batch.length >= most || bytes > BODY_BYTES) {
      yield batch;
      batch = [metric];
      bytes = bytesOf(metric);
      isMixed = false;
    } else {
      batch.push(metric);
      isMixed = mixes;
    }
  }
  if (batch.length > 0) yield batch;
}

class Filling {
  #metrics: Metric[] = [];
  #params: (readonly [string, string])[] = [];
  #tags: (readonly [string, string])[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#items === 0;
  }

  get #items(): number {
    return this.#metrics.length + this.#params.length + this.#tags.length;
  }

  addParam(pair: readonly [string, string]): boolean {
    return this.#add(this.#params, pair, { most: MAX_BATCH_PARAMS, bytes: pairBytes(pair) });
  }

  addTag(pair: readonly [string, string]): boolean {
    return this.#add(this.#tags, pair, { most: MAX_BATCH_TAGS, bytes: pairBytes(pair) });
  }

  addMetric(metric: Metric): boolean {
    return this.#add(this.#metrics, metric, { most: MAX_BATCH_METRICS, bytes: bytesOf(metric) });
  }

  /** What was gathered; then begins anew with what did not fit. */
  take(addRest?: () => void): LogBatch {
    const batch = { metrics: this.#metrics, params: toMap(this.#params), tags: toMap(this.#tags) };
    this.#metrics = [];
    this.#params = [];
    this.#tags = [];
    this.#bytes = 0;
    addRest?.();
    return batch;
  }

  #add<Item>(items: Item[], item: Item, { most, bytes }: { most: number; bytes: number }): boolean {
    const isFull = items.length >= most || this.#items >= MAX_BATCH_ITEMS || this.#bytes + bytes > BODY_BYTES;
    if (isFull && !this.isEmpty) return false;
    items.push(item);
    this.#bytes += bytes;
    return true;
  }
}

/** Keys are whatever users chose: the map has no prototype. */
function toMap(pairs: readonly (readonly [string, string])[]): StringMap {
  const map: Record<string, string> = Object.create(null);
  for (const [key, value] of pairs) map[key] = value;
  return map;
}

function bytesOf({ key, modelId = "", dataset }: Metric): number {
  const texts = key + modelId + (dataset?.name ?? "") + (dataset?.digest ?? "");
  return METRIC_BYTES + jsonBytes(texts);
}

function pairBytes([key, value]: readonly [string, string]): number {
  return PAIR_BYTES + jsonBytes(key) + jsonBytes(value);
}

/** At most so many bytes in JSON. Plain texts are counted without making one. */
function jsonBytes(text: string): number {
  return /^[\u0020\u0021\u0023-\u005b\u005d-\u007e]*$/.test(text)
    ? text.length
    : Buffer.byteLength(JSON.stringify(text));
}
