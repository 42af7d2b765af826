/** `loss=0.25 acc=0.9 step=3`, as `runstone log metric` takes it from its arguments and from lines of its input. */
import { parseRunLine } from "../../core/process/run-lines.js";
import type { Integer } from "../../store-format/index.js";
import { visible } from "../output/visible.js";
import { parsePair } from "./pairs.js";
import { usageError } from "./usage-error.js";
import { parseInteger, parseNumber } from "./values.js";

export interface MetricWords {
  readonly values: readonly { readonly key: string; readonly value: number }[];
  readonly step?: Integer;
  /** Milliseconds since 1970. */
  readonly timestamp?: Integer;
}

/** `step=` and `timestamp=` are those of all the values, as in `::runstone` lines. Throws USAGE. */
export function parseMetricWords(words: readonly string[]): MetricWords {
  const values: { key: string; value: number }[] = [];
  const shared: { step?: Integer; timestamp?: Integer } = {};
  for (const { key, value } of words.map(parsePair)) {
    if (key === "step" || key === "timestamp") shared[key] = parseInteger(value, key);
    else values.push({ key, value: parseNumber(value, `the value of ${visible(key)}`) });
  }
  return { values, ...shared };
}

/** A line of input: the same words, with the quoting of `::runstone` lines. Blank lines and `#` lines give null. */
export function parseMetricLine(line: string): MetricWords | null {
  if (/^\s*(#|$)/.test(line)) return null;
  const parsed = parseRunLine(`::runstone metric ${line}`);
  if (parsed?.kind === "metric") return parsed;
  const reason = parsed?.kind === "bad" ? parsed.reason : "no metric";
  throw usageError(`cannot read the line '${visible(line.slice(0, 80))}': ${visible(reason)}`);
}
