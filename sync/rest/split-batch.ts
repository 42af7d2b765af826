/** Cutting a batch into requests that a server takes. */
import type { BatchFields } from "../../protocol/mlflow/index.js";
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_ITEMS,
  MAX_BATCH_METRICS,
  MAX_BATCH_PARAMS,
  MAX_BATCH_TAGS,
  type Metric,
  utf8Length,
} from "../../store-format/index.js";

/** What an entry costs besides its texts, at most: names, numbers, quotes. */
const POINT_BYTES = 140;
const PAIR_BYTES = 30;
const ESCAPED = 2;

/** In the order params, tags, metrics; every piece is within MLflow's limits. An empty batch has none. */
export function* splitBatch(batch: BatchFields): Generator<BatchFields> {
  let piece = new Piece();
  for (const entry of entriesOf(batch)) {
    if (!piece.fits(entry)) {
      yield piece.batch;
      piece = new Piece();
    }
    piece.add(entry);
  }
  if (piece.size > 0) yield piece.batch;
}

type Entry =
  | { readonly kind: "params" | "tags"; readonly key: string; readonly value: string; readonly bytes: number }
  | { readonly kind: "metrics"; readonly metric: Metric; readonly bytes: number };

function* entriesOf({ params = {}, tags = {}, metrics = [] }: BatchFields): Generator<Entry> {
  for (const [key, value] of Object.entries(params)) yield pair("params", key, value);
  for (const [key, value] of Object.entries(tags)) yield pair("tags", key, value);
  for (const metric of metrics) yield { kind: "metrics", metric, bytes: pointBytes(metric) };
}

function pair(kind: "params" | "tags", key: string, value: string): Entry {
  return { kind, key, value, bytes: PAIR_BYTES + ESCAPED * (utf8Length(key) + utf8Length(value)) };
}

function pointBytes({ key, dataset, modelId = "" }: Metric): number {
  const texts = utf8Length(key) + utf8Length(modelId);
  const linked = dataset === undefined ? 0 : utf8Length(dataset.name) + utf8Length(dataset.digest);
  return POINT_BYTES + ESCAPED * (texts + linked);
}

const MOST = { params: MAX_BATCH_PARAMS, tags: MAX_BATCH_TAGS, metrics: MAX_BATCH_METRICS } as const;
type Kind = keyof typeof MOST;

class Piece {
  readonly #metrics: Metric[] = [];
  readonly #params: Record<string, string> = Object.create(null);
  readonly #tags: Record<string, string> = Object.create(null);
  readonly #counts: Record<Kind, number> = { params: 0, tags: 0, metrics: 0 };
  #bytes = 0;

  get size(): number {
    return this.#counts.params + this.#counts.tags + this.#counts.metrics;
  }

  get batch(): BatchFields {
    return { metrics: this.#metrics, params: this.#params, tags: this.#tags };
  }

  /** One entry fits always. */
  fits({ kind, bytes }: Entry): boolean {
    if (this.size === 0) return true;
    const room = this.#counts[kind] < MOST[kind] && this.size < MAX_BATCH_ITEMS;
    return room && this.#bytes + bytes <= MAX_BATCH_BYTES;
  }

  add(entry: Entry): void {
    if (entry.kind === "metrics") this.#metrics.push(entry.metric);
    else (entry.kind === "params" ? this.#params : this.#tags)[entry.key] = entry.value;
    this.#counts[entry.kind] += 1;
    this.#bytes += entry.bytes;
  }
}
