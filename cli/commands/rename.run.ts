import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { usageError } from "../parse/usage-error.js";
import { expandRunWords } from "../run-words.js";
import { findRunId } from "../store/find-run.js";
import { openStore } from "../store/open-store.js";
import type { RenameArguments } from "./rename.js";

export async function runRename(context: CommandContext, args: RenameArguments): Promise<void> {
  const runName = args.to ?? args.words[1];
  if (runName === undefined) throw usageError("missing the new name");
  if (args.to === undefined && args.words.length > 2)
    throw usageError(
      "rename takes one run and its name",
      "For several runs: runstone rename RUN... --to NAME",
    );
  const opened = openStore(context);
  const runs = await expandRunWords(context, args.to === undefined ? args.words.slice(0, 1) : args.words);
  await inTurn(context, runs, async (word) => {
    await opened.store.updateRun(findRunId(opened, word), { runName });
  });
}
