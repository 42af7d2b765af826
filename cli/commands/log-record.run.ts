import type { CommandContext } from "../context.js";
import { parsePairs } from "../parse/pairs.js";
import { usageError } from "../parse/usage-error.js";
import { currentRunId } from "../run-words.js";
import { openStore } from "../store/open-store.js";
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
  const records = parsePairs(await expandLines(args.values));
  const opened = openStore(context);
  await opened.store.logBatch(await currentRunId(context, opened, args.run), { [kind]: records });
}

/** `-` stands for the lines of standard input, one KEY=VALUE each. */
async function expandLines(words: readonly string[]): Promise<readonly string[]> {
  if (words.length === 0) throw usageError("missing KEY=VALUE", "For example: lr=0.1");
  if (!words.includes("-")) return words;
  const { readLines } = await import("../input/lines.js");
  const expanded = words.filter((word) => word !== "-");
  for await (const line of readLines(process.stdin)) if (line.trim() !== "") expanded.push(line);
  return expanded;
}
