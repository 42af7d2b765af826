import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { visible } from "../output/visible.js";
import { expandRunWords } from "../run-words.js";
import { findExperiment } from "../store/find-experiment.js";
import { findRunId } from "../store/find-run.js";
import { type OpenStore, openStore } from "../store/open-store.js";
import type { DeleteArguments } from "./delete.js";

export async function runDelete(context: CommandContext, args: DeleteArguments): Promise<void> {
  const opened = openStore(context);
  await overExperiments(
    context,
    args,
    async ({ experimentId, name }) => {
      await opened.store.deleteExperiment(experimentId);
      context.err.line(
        `Deleted experiment ${visible(name)}; undo: runstone restore --experiment ${visible(experimentId)}`,
      );
    },
    opened,
  );
  await overRuns(
    context,
    args,
    async (runId) => {
      const ids = await opened.store.deleteRun(runId, { tree: args.tree });
      context.err.line(said("Deleted", "deleted already", runId, ids));
    },
    opened,
  );
}

export async function runRestore(context: CommandContext, args: DeleteArguments): Promise<void> {
  const opened = openStore(context);
  await overExperiments(
    context,
    args,
    async ({ experimentId, name }) => {
      await opened.store.restoreExperiment(experimentId);
      context.err.line(`Restored experiment ${visible(name)}`);
    },
    opened,
  );
  await overRuns(
    context,
    args,
    async (runId) => {
      const ids = await opened.store.restoreRun(runId, { tree: args.tree });
      context.err.line(said("Restored", "not deleted", runId, ids));
    },
    opened,
  );
}

async function overExperiments(
  context: CommandContext,
  args: DeleteArguments,
  apply: (experiment: ReturnType<typeof findExperiment>) => Promise<void>,
  opened: OpenStore,
): Promise<void> {
  await inTurn(context, args.experiment, async (word) => apply(findExperiment(opened, word)));
}

async function overRuns(
  context: CommandContext,
  args: DeleteArguments,
  apply: (runId: string) => Promise<void>,
  opened: OpenStore,
): Promise<void> {
  if (args.runs.length === 0 && args.experiment.length > 0) return;
  await inTurn(context, await expandRunWords(context, args.runs), (word) => apply(findRunId(opened, word)));
}

export function said(done: string, otherwise: string, runId: string, ids: readonly string[]): string {
  if (ids.length === 0) return `Run ${runId.slice(0, 7)} is ${otherwise}`;
  const list = ids.map((id) => visible(id.slice(0, 7))).join(", ");
  return `${done} ${ids.length === 1 ? "run" : `${ids.length} runs`} ${list}`;
}
