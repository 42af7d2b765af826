import type { Experiment } from "../../store-format/index.js";
import type { RestStore } from "../../sync/rest/index.js";
import type {
  ChangeArguments,
  CreateArguments,
  ListArguments,
  RenameArguments,
  TagArguments,
} from "../commands/experiments.js";
import { printExperiments } from "../commands/experiments.run.js";
import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { printJsonObject } from "../output/print-json.js";
import { experimentRecord } from "../output/records.js";
import { visible } from "../output/visible.js";
import { parsePairs } from "../parse/pairs.js";
import { usageError } from "../parse/usage-error.js";
import { readView } from "../parse/view.js";
import { findExperiment } from "./find.js";
import { withServer } from "./open-server.js";

export async function runList(context: CommandContext, args: ListArguments): Promise<void> {
  await withServer(context, async (store) => {
    const experiments = await store.listExperiments(readView(args.view));
    const counts = new Map<string, number>();
    const experimentIds = experiments.map(({ experimentId }) => experimentId);
    for await (const { info } of store.listRuns({ view: "all", experimentIds }))
      counts.set(info.experimentId, (counts.get(info.experimentId) ?? 0) + 1);
    await printExperiments(context, args, { experiments, counts });
  });
}

export async function runCreate(context: CommandContext, args: CreateArguments): Promise<void> {
  const name = args.name ?? args["experiment-name"];
  if (name === undefined) throw usageError("missing NAME");
  const location = args["artifact-location"];
  const made = await withServer(context, (store) =>
    store.createExperiment({
      name,
      tags: parsePairs(args.tag),
      ...(location === undefined ? {} : { artifactLocation: location }),
    }),
  );
  if (context.json) return printJsonObject(context, experimentRecord(made));
  context.out.line(visible(made.experimentId));
}

export async function runRename(context: CommandContext, args: RenameArguments): Promise<void> {
  const words = [args["experiment-id"], ...args.words, args["new-name"]].filter((word) => word !== undefined);
  const [word, name] = words;
  if (word === undefined || name === undefined || words.length > 2)
    throw usageError("rename takes the experiment and its new name");
  await withServer(context, async (store) => {
    const { experimentId } = await findExperiment(store, word);
    await store.renameExperiment(experimentId, name);
    context.err.line(`Renamed experiment ${visible(experimentId)} to ${visible(name)}`);
  });
}

export async function runDelete(context: CommandContext, args: ChangeArguments): Promise<void> {
  await change(context, args, async (store, { experimentId, name }) => {
    await store.deleteExperiment(experimentId);
    return `Deleted experiment ${visible(name)}; undo: runstone experiments restore ${visible(experimentId)}`;
  });
}

export async function runRestore(context: CommandContext, args: ChangeArguments): Promise<void> {
  await change(context, args, async (store, { experimentId, name }) => {
    await store.restoreExperiment(experimentId);
    return `Restored experiment ${visible(name)}`;
  });
}

async function change(
  context: CommandContext,
  args: ChangeArguments,
  apply: (store: RestStore, experiment: Experiment) => Promise<string>,
): Promise<void> {
  const id = args["experiment-id"];
  const words = id === undefined ? args.experiment : [id, ...args.experiment];
  if (words.length === 0) throw usageError("missing EXPERIMENT");
  await withServer(context, (store) =>
    inTurn(context, words, async (word) => {
      context.err.line(await apply(store, await findExperiment(store, word)));
    }),
  );
}

export async function runTag(context: CommandContext, args: TagArguments): Promise<void> {
  const tags = parsePairs(args.tags);
  if (args.tags.length === 0 && args.remove.length === 0) throw usageError("nothing to set or remove");
  await withServer(context, async (store) => {
    const { experimentId } = await findExperiment(store, args.experiment);
    await store.setExperimentTags(experimentId, tags);
    for (const key of args.remove) await store.deleteExperimentTag(experimentId, key);
  });
}
