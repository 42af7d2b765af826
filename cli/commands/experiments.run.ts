import { listRunLocations } from "../../core/store/read/runs.js";
import type { Experiment } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import type { CellValue } from "../output/cell.js";
import { printJsonObject } from "../output/print-json.js";
import { printRows } from "../output/print-rows.js";
import { experimentRecord } from "../output/records.js";
import type { RowColumn } from "../output/row-column.js";
import { formatAge } from "../output/time.js";
import { visible } from "../output/visible.js";
import { readFormat } from "../parse/format-options.js";
import { parsePairs } from "../parse/pairs.js";
import { usageError } from "../parse/usage-error.js";
import { readView } from "../parse/view.js";
import { findExperiment } from "../store/find-experiment.js";
import { type OpenStore, openOrMakeStore, openStore } from "../store/open-store.js";
import type {
  ChangeArguments,
  CreateArguments,
  ListArguments,
  RenameArguments,
  TagArguments,
} from "./experiments.js";

export async function runList(context: CommandContext, args: ListArguments): Promise<void> {
  const opened = openStore(context);
  const experiments = await opened.store.listExperiments(readView(args.view));
  await printExperiments(context, args, { experiments, counts: countRuns(opened) });
}

export interface ListedExperiments {
  readonly experiments: readonly Experiment[];
  /** Runs by experiment id. */
  readonly counts: ReadonlyMap<string, number>;
}

export async function printExperiments(
  context: CommandContext,
  args: ListArguments,
  { experiments, counts }: ListedExperiments,
): Promise<void> {
  await printRows(context, {
    columns: LIST_COLUMNS,
    rows: experiments.map((experiment) => listRow(context, experiment, counts)),
    records: experiments.map((experiment) => ({
      ...experimentRecord(experiment),
      runs: counts.get(experiment.experimentId) ?? 0,
    })),
    format: readFormat(context, args),
    output: args.output,
  });
}

const LIST_COLUMNS: readonly RowColumn[] = [
  { key: "experiment_id", title: "ID", type: "text" },
  { key: "name", title: "NAME", type: "text", shrinkTo: 12 },
  { key: "lifecycle_stage", title: "STAGE", type: "text", dropOrder: 2 },
  { key: "runs", title: "RUNS", type: "integer" },
  { key: "age", title: "AGE", type: "text", align: "right", only: "people", dropOrder: 1 },
  { key: "artifact_location", title: "ARTIFACTS", type: "text", only: "programs" },
  { key: "creation_time", title: "CREATED", type: "integer", only: "programs" },
  { key: "last_update_time", title: "UPDATED", type: "integer", only: "programs" },
];

function listRow(
  context: CommandContext,
  experiment: Experiment,
  counts: ReadonlyMap<string, number>,
): readonly CellValue[] {
  const { experimentId, name, lifecycleStage, artifactLocation, creationTime, lastUpdateTime } = experiment;
  return [
    experimentId,
    name,
    lifecycleStage,
    counts.get(experimentId) ?? 0,
    formatAge(lastUpdateTime ?? creationTime, context.now()),
    artifactLocation,
    creationTime,
    lastUpdateTime,
  ];
}

/** Runs that have a meta.yaml, deleted ones included; nothing of them is read. */
function countRuns({ store }: OpenStore): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { experimentId } of listRunLocations(store.context))
    counts.set(experimentId, (counts.get(experimentId) ?? 0) + 1);
  return counts;
}

export async function runCreate(context: CommandContext, args: CreateArguments): Promise<void> {
  const name = args.name ?? args["experiment-name"];
  if (name === undefined) throw usageError("missing NAME");
  const { store } = await openOrMakeStore(context);
  const location = args["artifact-location"];
  const made = await store.createExperiment({
    name,
    tags: parsePairs(args.tag),
    ...(location === undefined ? {} : { artifactLocation: location }),
  });
  if (context.json) return printJsonObject(context, experimentRecord(made));
  context.out.line(made.experimentId);
}

export async function runRename(context: CommandContext, args: RenameArguments): Promise<void> {
  const words = [args["experiment-id"], ...args.words, args["new-name"]].filter((word) => word !== undefined);
  const [word, name] = words;
  if (word === undefined || name === undefined || words.length > 2)
    throw usageError("rename takes the experiment and its new name");
  const opened = openStore(context);
  const { experimentId } = findExperiment(opened, word);
  await opened.store.renameExperiment(experimentId, name);
  context.err.line(`Renamed experiment ${visible(experimentId)} to ${visible(name)}`);
}

export async function runDelete(context: CommandContext, args: ChangeArguments): Promise<void> {
  await change(context, args, async ({ store }, { experimentId, name }) => {
    await store.deleteExperiment(experimentId);
    return `Deleted experiment ${visible(name)}; undo: runstone experiments restore ${visible(experimentId)}`;
  });
}

export async function runRestore(context: CommandContext, args: ChangeArguments): Promise<void> {
  await change(context, args, async ({ store }, { experimentId, name }) => {
    await store.restoreExperiment(experimentId);
    return `Restored experiment ${visible(name)}`;
  });
}

async function change(
  context: CommandContext,
  args: ChangeArguments,
  apply: (opened: OpenStore, experiment: Experiment) => Promise<string>,
): Promise<void> {
  const id = args["experiment-id"];
  const words = id === undefined ? args.experiment : [id, ...args.experiment];
  if (words.length === 0) throw usageError("missing EXPERIMENT");
  const opened = openStore(context);
  await inTurn(context, words, async (word) => {
    context.err.line(await apply(opened, findExperiment(opened, word)));
  });
}

export async function runTag(context: CommandContext, args: TagArguments): Promise<void> {
  const tags = parsePairs(args.tags);
  if (args.tags.length === 0 && args.remove.length === 0) throw usageError("nothing to set or remove");
  const opened = openStore(context);
  const { experimentId } = findExperiment(opened, args.experiment);
  if (args.tags.length > 0) await opened.store.setExperimentTags(experimentId, tags);
  for (const key of args.remove) await opened.store.deleteExperimentTag(experimentId, key);
}
