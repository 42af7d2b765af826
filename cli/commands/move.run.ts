import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { expandRunWords } from "../run-words.js";
import { findOrCreateExperiment } from "../store/default-experiment.js";
import { findExperiment } from "../store/find-experiment.js";
import { findRunId } from "../store/find-run.js";
import { openStore } from "../store/open-store.js";
import type { MoveArguments } from "./move.js";

export async function runMove(context: CommandContext, args: MoveArguments): Promise<void> {
  if (args.to === undefined) throw usageError("missing --to EXPERIMENT");
  const opened = openStore(context);
  const find = args.create ? findOrCreateExperiment : findExperiment;
  const { experimentId, name } = await find(opened, args.to);
  await inTurn(context, await expandRunWords(context, args.runs), async (word) => {
    const runId = findRunId(opened, word);
    await opened.store.moveRun(runId, experimentId);
    context.err.line(`Moved run ${runId.slice(0, 7)} to ${visible(name)}`);
  });
}
