import type { RestStore } from "../../sync/rest/index.js";
import type { DeleteArguments } from "../commands/delete.js";
import { said } from "../commands/delete.run.js";
import type { NoteArguments } from "../commands/note.js";
import { NOTE_TAG, noteText, printNote } from "../commands/note.run.js";
import type { RenameArguments } from "../commands/rename.js";
import type { TagArguments } from "../commands/tag.js";
import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { visible } from "../output/visible.js";
import { parsePairs } from "../parse/pairs.js";
import { usageError } from "../parse/usage-error.js";
import { expandDashes } from "../run-words.js";
import { findExperiment, findRun } from "./find.js";
import { withServer } from "./open-server.js";

/** Each word is a run; what fails with one does not keep the others. */
async function eachRun(
  context: CommandContext,
  words: readonly string[],
  apply: (store: RestStore, runId: string) => Promise<void>,
): Promise<void> {
  const runs = await expandDashes(words);
  await withServer(context, (store) =>
    inTurn(context, runs, async (word) => apply(store, (await findRun(store, word)).info.runId)),
  );
}

export async function runTag(context: CommandContext, args: TagArguments): Promise<void> {
  const tags = parsePairs(args.words.filter((word) => word.includes("=")));
  if (Object.keys(tags).length === 0 && args.remove.length === 0)
    throw usageError("nothing to set or remove", "Give KEY=VALUE or --remove KEY");
  const words = args.words.filter((word) => !word.includes("="));
  await eachRun(context, words, async (store, runId) => {
    await store.setTags(runId, tags);
    for (const key of args.remove) await store.deleteTag(runId, key);
  });
}

export async function runRename(context: CommandContext, args: RenameArguments): Promise<void> {
  const runName = args.to ?? args.words[1];
  if (runName === undefined) throw usageError("missing the new name");
  if (args.to === undefined && args.words.length > 2)
    throw usageError(
      "rename takes one run and its name",
      "For several runs: runstone rename RUN... --to NAME",
    );
  const words = args.to === undefined ? args.words.slice(0, 1) : args.words;
  await eachRun(context, words, async (store, runId) => void (await store.updateRun(runId, { runName })));
}

export async function runNote(context: CommandContext, args: NoteArguments): Promise<void> {
  const text = await noteText(args);
  await eachRun(context, args.runs, async (store, runId) => {
    if (args.remove) await store.deleteTag(runId, NOTE_TAG);
    else if (text !== undefined) await store.setTags(runId, { [NOTE_TAG]: text });
    else await printNote(context, store, runId);
  });
}

export async function runDelete(context: CommandContext, args: DeleteArguments): Promise<void> {
  await eachExperiment(context, args, async (store, experimentId, name) => {
    await store.deleteExperiment(experimentId);
    return `Deleted experiment ${name}; undo: runstone restore --experiment ${visible(experimentId)}`;
  });
  if (args.runs.length === 0 && args.experiment.length > 0) return;
  await eachRun(context, args.runs, async (store, runId) => {
    context.err.line(
      said("Deleted", "deleted already", runId, await store.deleteRun(runId, { tree: args.tree })),
    );
  });
}

export async function runRestore(context: CommandContext, args: DeleteArguments): Promise<void> {
  await eachExperiment(context, args, async (store, experimentId, name) => {
    await store.restoreExperiment(experimentId);
    return `Restored experiment ${name}`;
  });
  if (args.runs.length === 0 && args.experiment.length > 0) return;
  await eachRun(context, args.runs, async (store, runId) => {
    context.err.line(
      said("Restored", "not deleted", runId, await store.restoreRun(runId, { tree: args.tree })),
    );
  });
}

async function eachExperiment(
  context: CommandContext,
  { experiment }: DeleteArguments,
  apply: (store: RestStore, experimentId: string, name: string) => Promise<string>,
): Promise<void> {
  if (experiment.length === 0) return;
  await withServer(context, (store) =>
    inTurn(context, experiment, async (word) => {
      const { experimentId, name } = await findExperiment(store, word);
      context.err.line(await apply(store, experimentId, visible(name)));
    }),
  );
}
