import type { TrackingStore } from "../../core/interfaces.js";
import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { printJsonObject } from "../output/print-json.js";
import { visibleText } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { expandRunWords } from "../run-words.js";
import { findRunId } from "../store/find-run.js";
import { openStore } from "../store/open-store.js";
import type { NoteArguments } from "./note.js";

export const NOTE_TAG = "mlflow.note.content";

export async function runNote(context: CommandContext, args: NoteArguments): Promise<void> {
  const text = await noteText(args);
  const opened = openStore(context);
  await inTurn(context, await expandRunWords(context, args.runs), async (word) => {
    const runId = findRunId(opened, word);
    if (args.remove) await opened.store.deleteTag(runId, NOTE_TAG);
    else if (text !== undefined) await opened.store.setTags(runId, { [NOTE_TAG]: text });
    else await printNote(context, opened.store, runId);
  });
}

/** The text to set; undefined: none. Throws USAGE for options that exclude each other. */
export async function noteText(args: NoteArguments): Promise<string | undefined> {
  if ([args.message !== undefined, args.stdin, args.remove].filter(Boolean).length > 1)
    throw usageError("--message, --stdin and --remove exclude each other");
  if (args.stdin && args.runs.includes("-"))
    throw usageError("the text and the list cannot both come from stdin");
  return args.stdin ? readStdin() : args.message;
}

async function readStdin(): Promise<string> {
  const { readAllBytes } = await import("../input/lines.js");
  return Buffer.from(await readAllBytes(process.stdin))
    .toString("utf8")
    .replace(/\n$/, "");
}

export async function printNote(
  context: CommandContext,
  store: Pick<TrackingStore, "getRun">,
  runId: string,
): Promise<void> {
  const note = (await store.getRun(runId)).tags[NOTE_TAG];
  if (context.json) printJsonObject(context, { run_id: runId, note: note ?? null });
  else if (note !== undefined) context.out.line(visibleText(note));
}
