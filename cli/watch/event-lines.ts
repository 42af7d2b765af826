/**
 * What happens to watched runs, one line an event: for pipes, files and other programs. Metrics of the machine
 * (`system/...`) are not told in lines for people.
 */
import { isOfTheMachine } from "../../core/compare/compare-metrics.js";
import type { FollowedRun, RunNews } from "../../core/follow/followed-run.js";
import type { Integer, Point } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { csvLines, forTerminal, type LineOf, tsvLines } from "../output/delimited.js";
import { serializeJson } from "../output/json.js";
import { formatNumber } from "../output/number.js";
import { formatMoment } from "../output/time.js";
import { visible } from "../output/visible.js";

export type EventFormat = "lines" | "jsonl" | "csv" | "tsv";

/** Of CSV and TSV; a row for each value, one without a metric where an event has none. */
const COLUMNS = ["event", "time", "run_id", "run_name", "state", "step", "metric", "value"] as const;

export class EventLines {
  readonly #context: CommandContext;
  readonly #format: EventFormat;
  readonly #rowOf: LineOf;

  /** Writes the head of CSV and TSV. */
  constructor(context: CommandContext, format: EventFormat) {
    this.#context = context;
    this.#format = format;
    this.#rowOf = forTerminal(context.out, format === "tsv" ? tsvLines() : csvLines());
    if (format === "csv" || format === "tsv") context.out.write(this.#rowOf(COLUMNS));
    context.out.flush();
  }

  /** A run is watched from now on; what it logged so far is told by its latest values. */
  begin(run: FollowedRun): void {
    const latest = [...run.metrics()].map(([key, { summary }]) => [key, summary.last.value] as const);
    this.#print(run, {
      ...{ event: "watching", time: this.#context.now() },
      ...{ state: run.state, metrics: Object.fromEntries(latest) },
    });
  }

  news(run: FollowedRun, { anew, series, state }: RunNews): void {
    // What was read anew was told before.
    if (!anew) for (const step of stepsOf(series)) this.#print(run, { event: "points", ...step });
    if (state !== undefined) this.#print(run, { event: "state", time: this.#context.now(), state });
  }

  #print({ runId, info: { runName } }: FollowedRun, event: WatchEvent): void {
    const { out } = this.#context;
    const { metrics, ...rest } = event;
    if (this.#format === "jsonl")
      out.line(serializeJson({ ...rest, run_id: runId, run_name: runName, metrics }));
    else if (this.#format !== "lines")
      for (const row of rowsOf(runId, runName, event)) out.write(this.#rowOf(row));
    else if (event.event !== "points" || Object.keys(metrics ?? {}).some((key) => !isOfTheMachine(key)))
      out.line(lineOf(runId, runName, event));
    out.flush();
  }
}

function* rowsOf(runId: string, name: string, event: WatchEvent): Generator<readonly CellValue[]> {
  const { time, state = null, step = null, metrics = {} } = event;
  const head = [event.event, time, runId, name, state, step];
  const values = Object.entries(metrics);
  if (values.length === 0) yield [...head, null, null];
  for (const value of values) yield [...head, ...value];
}

interface WatchEvent {
  readonly event: "watching" | "points" | "state";
  readonly time: Integer;
  readonly step?: Integer;
  readonly state?: string;
  readonly metrics?: Readonly<Record<string, number>>;
}

function lineOf(runId: string, name: string, { time, step, state, metrics = {} }: WatchEvent): string {
  const values = Object.entries(metrics)
    .filter(([key]) => !isOfTheMachine(key))
    .map(([key, value]) => `${visible(key)}=${formatNumber(value)}`);
  const parts = [
    formatMoment(time),
    visible(runId.slice(0, 7)),
    visible(name),
    state,
    stepText(step),
    ...values,
  ];
  return parts.filter(Boolean).join("  ");
}

function stepText(step: Integer | undefined): string | undefined {
  return step === undefined ? undefined : `step ${step}`;
}

interface StepOfPoints {
  readonly step: Integer;
  readonly time: Integer;
  readonly metrics: Readonly<Record<string, number>>;
}

/** The points of one step together, steps in ascending order; a metric that has several at a step is told by the last. */
function stepsOf(
  series: readonly { readonly key: string; readonly points: readonly Point[] }[],
): readonly StepOfPoints[] {
  const steps = new Map<Integer, { time: Integer; readonly metrics: Record<string, number> }>();
  for (const { key, points } of series)
    for (const { step, timestamp, value } of points) {
      const found = steps.get(step) ?? { time: timestamp, metrics: Object.create(null) };
      if (timestamp > found.time) found.time = timestamp;
      found.metrics[key] = value;
      steps.set(step, found);
    }
  return [...steps].sort(([a], [b]) => (a < b ? -1 : 1)).map(([step, found]) => ({ step, ...found }));
}
