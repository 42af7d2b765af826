import type { RunWriter } from "../../core/interfaces.js";
import { type Integer, isRunstoneError, type Metric } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { readLines } from "../input/lines.js";
import { type MetricWords, parseMetricLine, parseMetricWords } from "../parse/metric-words.js";
import { usageError } from "../parse/usage-error.js";
import { reportError } from "../report-error.js";
import { currentRunId } from "../run-words.js";
import { openPlace } from "../store/open-place.js";
import { openWriter } from "../store/open-writer.js";
import type { LogMetricArguments } from "./log-metric.js";

export async function runLogMetric(context: CommandContext, args: LogMetricArguments): Promise<void> {
  await logMetricsTo(context, args, async () => {
    const place = openPlace(context);
    return openWriter(place, await currentRunId(context, place, args.run));
  });
}

export async function logMetricsTo(
  context: CommandContext,
  args: LogMetricArguments,
  open: () => Promise<RunWriter>,
): Promise<void> {
  const fromLines = args.values.includes("-");
  const words = withOptions(parseMetricWords(args.values.filter((word) => word !== "-")), args);
  if (words.values.length === 0 && !fromLines)
    throw usageError("missing KEY=VALUE", "For example: loss=0.25");
  const writer = await open();
  try {
    if (words.values.length > 0) writer.logMetrics(toMetrics(words, context.now(), () => 0));
    if (fromLines) await logLines(context, writer, args);
  } finally {
    await writer.close();
  }
}

/** A line that cannot be read is told and skipped: the program that writes them goes on. */
async function logLines(context: CommandContext, writer: RunWriter, args: LogMetricArguments): Promise<void> {
  const counts = new Map<string, number>();
  for await (const line of readLines(process.stdin)) {
    const words = readLine(context, line);
    if (words === null) continue;
    writer.logMetrics(toMetrics(withOptions(words, args), context.now(), (key) => countUp(counts, key)));
  }
}

function readLine(context: CommandContext, line: string): MetricWords | null {
  try {
    return parseMetricLine(line);
  } catch (error) {
    if (!isRunstoneError(error, "USAGE")) throw error;
    process.exitCode = reportError(error, { err: context.err, json: context.json, debug: false });
    return null;
  }
}

/** The options are for words that do not say it themselves. */
function withOptions(words: MetricWords, { step, timestamp }: LogMetricArguments): MetricWords {
  return {
    ...(step === undefined ? {} : { step }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...words,
  };
}

function toMetrics(words: MetricWords, now: number, stepOf: (key: string) => Integer): Metric[] {
  const timestamp = words.timestamp ?? now;
  return words.values.map(({ key, value }) => ({ key, value, timestamp, step: words.step ?? stepOf(key) }));
}

function countUp(counts: Map<string, number>, key: string): number {
  const count = counts.get(key) ?? 0;
  counts.set(key, count + 1);
  return count;
}
