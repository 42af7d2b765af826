import { resolve } from "node:path";
import type { RunWriter } from "../../core/interfaces.js";
import type { LogArtifactArguments, LogTextArguments } from "../commands/log.js";
import { logPath } from "../commands/log-artifact.run.js";
import type { LogMetricArguments } from "../commands/log-metric.js";
import { logMetricsTo } from "../commands/log-metric.run.js";
import type { LogRecordArguments } from "../commands/log-record.js";
import { logRecordsTo } from "../commands/log-record.run.js";
import type { CommandContext } from "../context.js";
import { currentRunId } from "./find.js";
import { withServer } from "./open-server.js";

/** `use` opens the writer, and closes it. */
async function withRun(
  context: CommandContext,
  run: string | undefined,
  use: (open: () => Promise<RunWriter>) => Promise<void>,
): Promise<void> {
  await withServer(context, (store) =>
    use(async () => store.openRun(await currentRunId(context, store, run))),
  );
}

export async function runLogMetric(context: CommandContext, args: LogMetricArguments): Promise<void> {
  await withRun(context, args.run, (open) => logMetricsTo(context, args, open));
}

export async function runLogParam(context: CommandContext, args: LogRecordArguments): Promise<void> {
  await withRun(context, args.run, (open) => logRecordsTo(args, "params", open));
}

export async function runLogTag(context: CommandContext, args: LogRecordArguments): Promise<void> {
  await withRun(context, args.run, (open) => logRecordsTo(args, "tags", open));
}

export async function runLogArtifact(context: CommandContext, args: LogArtifactArguments): Promise<void> {
  await withRun(context, args.run, async (open) => {
    const writer = await open();
    for (const file of args.files) {
      logPath(context, writer, resolve(context.cwd, file), args.to);
      await writer.flush();
    }
    await writer.close();
  });
}

export async function runLogText(context: CommandContext, args: LogTextArguments): Promise<void> {
  const text = args.text.length > 0 ? Buffer.from(`${args.text.join(" ")}\n`) : await readStdin();
  await withRun(context, args.run, async (open) => {
    const writer = await open();
    writer.logArtifactBytes(args.path, text);
    await writer.close();
  });
}

async function readStdin(): Promise<Uint8Array> {
  const { readAllBytes } = await import("../input/lines.js");
  return readAllBytes(process.stdin);
}
