import type { RunWriter } from "../../core/interfaces.js";
import type { CommandContext } from "../context.js";
import { readLines } from "../input/lines.js";
import { parsePairs } from "../parse/pairs.js";
import { usageError } from "../parse/usage-error.js";
import { currentRunId } from "../run-words.js";
import { openPlace } from "../store/open-place.js";
import { openWriter } from "../store/open-writer.js";
import type { LogRecordArguments } from "./log-record.js";

export async function runLogParam(context: CommandContext, args: LogRecordArguments): Promise<void> {
  await logRecords(context, args, "params");
}

export async function runLogTag(context: CommandContext, args: LogRecordArguments): Promise<void> {
  await logRecords(context, args, "tags");
}

async function logRecords(
  context: CommandContext,
  args: LogRecordArguments,
  kind: "params" | "tags",
): Promise<void> {
  await logRecordsTo(args, kind, async () => {
    const place = openPlace(context);
    return openWriter(place, await currentRunId(context, place, args.run));
  });
}

export async function logRecordsTo(
  args: LogRecordArguments,
  kind: "params" | "tags",
  open: () => Promise<RunWriter>,
): Promise<void> {
  const records = parsePairs(await expandLines(args.values));
  const writer = await open();
  try {
    if (kind === "params") writer.logParams(records);
    else writer.setTags(records);
  } finally {
    await writer.close();
  }
}

/** `-` stands for the lines of standard input, one KEY=VALUE each. */
async function expandLines(words: readonly string[]): Promise<readonly string[]> {
  if (words.length === 0) throw usageError("missing KEY=VALUE", "For example: lr=0.1");
  if (!words.includes("-")) return words;
  const expanded = words.filter((word) => word !== "-");
  for await (const line of readLines(process.stdin)) if (line.trim() !== "") expanded.push(line);
  return expanded;
}
