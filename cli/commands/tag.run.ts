import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { parsePairs } from "../parse/pairs.js";
import { usageError } from "../parse/usage-error.js";
import { expandRunWords } from "../run-words.js";
import { findRunId } from "../store/find-run.js";
import { openStore } from "../store/open-store.js";
import type { TagArguments } from "./tag.js";

export async function runTag(context: CommandContext, args: TagArguments): Promise<void> {
  const tags = parsePairs(args.words.filter((word) => word.includes("=")));
  if (Object.keys(tags).length === 0 && args.remove.length === 0)
    throw usageError("nothing to set or remove", "Give KEY=VALUE or --remove KEY");
  const opened = openStore(context);
  const runs = await expandRunWords(
    context,
    args.words.filter((word) => !word.includes("=")),
  );
  await inTurn(context, runs, async (word) => {
    const runId = findRunId(opened, word);
    if (Object.keys(tags).length > 0) await opened.store.setTags(runId, tags);
    for (const key of args.remove) await opened.store.deleteTag(runId, key);
  });
}
