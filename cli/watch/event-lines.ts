/**
 * What happens to watched runs, one line an event: for pipes, files and other programs. Metrics of the machine
 * (`system/...`) are told in JSON only.
 */
import { isOfTheMachine } from "../../core/compare/compare-metrics.js";
import type { FollowedRun, RunNews } from "../../core/follow/followed-run.js";
import type { Integer, Point } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { serializeJson } from "../output/json.js";
import { formatNumber } from "../output/number.js";
import { formatMoment } from "../output/time.js";
import { visible } from "../output/visible.js";

export class EventLines {
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
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

  #print({ runId, info }: FollowedRun, event: WatchEvent): void {
    const { out, json } = this.#context;
    const { metrics, ...rest } = event;
    if (json) out.line(serializeJson({ ...rest, run_id: runId, run_name: info.runName, metrics }));
    else if (event.event !== "points" || Object.keys(metrics ?? {}).some((key) => !isOfTheMachine(key)))
      out.line(lineOf(runId, info.runName, event));
    out.flush();
  }
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
