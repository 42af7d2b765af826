/** The spellings of `mlflow runs`. */
import type { CommandContext } from "../context.js";
import { expandRunWords } from "../run-words.js";
import { runDelete as deleteRuns, runRestore as restoreRuns } from "./delete.run.js";
import type { MlflowRunArguments } from "./runs.js";
import { runShow } from "./show.run.js";

export async function runDescribe(context: CommandContext, args: MlflowRunArguments): Promise<void> {
  for (const run of await wordsOf(context, args)) await runShow({ ...context, json: true }, { run });
}

export async function runDelete(context: CommandContext, args: MlflowRunArguments): Promise<void> {
  await deleteRuns(context, { runs: await wordsOf(context, args), tree: false, experiment: [] });
}

export async function runRestore(context: CommandContext, args: MlflowRunArguments): Promise<void> {
  await restoreRuns(context, { runs: await wordsOf(context, args), tree: false, experiment: [] });
}

function wordsOf(context: CommandContext, args: MlflowRunArguments): Promise<readonly string[]> {
  return expandRunWords(context, [...args["run-id"], ...args.run]);
}
