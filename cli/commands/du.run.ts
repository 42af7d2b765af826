import {
  type DiskUse,
  type ExperimentUse,
  measureStore,
  type RunUse,
  type StoreUse,
} from "../../core/maintenance/disk-usage.js";
import { readInfo } from "../../core/store/read/run-infos.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { isForPeople } from "../output/formats.js";
import { formatBytes } from "../output/number.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { readFormat } from "../parse/format-options.js";
import { usageError } from "../parse/usage-error.js";
import { expandRunWords } from "../run-words.js";
import { prefixLength } from "../runs/id-prefix.js";
import { findExperimentIds } from "../store/find-experiment.js";
import { openRuns, type StoreRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import type { DuArguments } from "./du.js";

const DEFAULT_LIMIT = 20;

export async function runDu(context: CommandContext, args: DuArguments): Promise<void> {
  if (args.total && args.runs.length > 0) throw usageError("--total is about experiments: name no run");
  const opened = openRuns(context);
  const chosen = await choiceOf(context, opened, args);
  const use = measureStore(opened.place.context, opened.place.onDamage);
  if (args.total) await printExperiments(context, opened, { use, chosen, args });
  else await printRuns(context, opened, { use, chosen, args });
  if (use.unnamedBytes > 0)
    context.err.line(
      `${formatBytes(use.unnamedBytes)} in objects that no run here names; runstone gc removes them`,
    );
}

interface Shown {
  readonly use: StoreUse;
  readonly chosen: Choice;
  readonly args: DuArguments;
}

interface Choice {
  isRun(use: RunUse): boolean;
  isExperiment(use: ExperimentUse): boolean;
}

async function choiceOf(context: CommandContext, opened: StoreRuns, args: DuArguments): Promise<Choice> {
  const ids = findExperimentIds(opened.place, args.experiment);
  const experiments = ids === undefined ? null : new Set(ids);
  const directories =
    args.runs.length === 0
      ? null
      : new Set(
          resolveRuns(context, opened, await expandRunWords(context, args.runs)).map(
            ({ directory }) => directory,
          ),
        );
  return {
    isRun: ({ location }) =>
      (directories?.has(location.directory) ?? true) && (experiments?.has(location.experimentId) ?? true),
    isExperiment: ({ location }) => experiments?.has(location.experimentId) ?? true,
  };
}

const SIZE_COLUMNS: readonly RowColumn[] = [
  { key: "own_bytes", title: "OWN", type: "integer" },
  { key: "shared_bytes", title: "SHARED", type: "integer" },
  { key: "files", title: "FILES", type: "integer" },
];

function sizeCells({ ownBytes, sharedBytes, files }: DiskUse): readonly CellValue[] {
  return [
    { value: ownBytes, text: formatBytes(ownBytes) },
    { value: sharedBytes, text: formatBytes(sharedBytes) },
    files,
  ];
}

const RUN_COLUMNS: readonly RowColumn[] = [
  { key: "run_id", title: "ID", type: "text" },
  { key: "run_name", title: "NAME", type: "text", shrinkTo: 8 },
  { key: "experiment_id", title: "", type: "text", only: "programs" },
  { key: "experiment", title: "EXPERIMENT", type: "text", shrinkTo: 6, dropOrder: 2 },
  { key: "lifecycle_stage", title: "STAGE", type: "text", dropOrder: 1 },
  ...SIZE_COLUMNS,
];

async function printRuns(
  context: CommandContext,
  opened: StoreRuns,
  { use, chosen, args }: Shown,
): Promise<void> {
  const format = readFormat(context, args);
  const found = use.runs.filter((run) => chosen.isRun(run)).sort(largestFirst);
  const shown = found.slice(0, readLimit(args.limit, isForPeople(format)));
  await printRows(context, {
    columns: RUN_COLUMNS,
    rows: runRows(opened, shown, prefixLength(use.runs.map(({ location }) => location.runId))),
    format,
    output: args.output,
  });
  context.out.flush();
  if (shown.length < found.length)
    context.err.line(`${shown.length} of ${found.length} runs, the largest; --limit 0 shows all`);
}

function* runRows(
  opened: StoreRuns,
  runs: readonly RunUse[],
  idLength: number,
): Generator<readonly CellValue[]> {
  for (const run of runs) {
    const { runId, experimentId } = run.location;
    const info = readInfo(run.location, () => {});
    yield [
      { value: runId, text: runId.slice(0, idLength) },
      info?.runName ?? null,
      experimentId,
      opened.experimentNames.get(experimentId) ?? experimentId,
      info?.lifecycleStage ?? null,
      ...sizeCells(run),
    ];
  }
}

const EXPERIMENT_COLUMNS: readonly RowColumn[] = [
  { key: "experiment_id", title: "ID", type: "text" },
  { key: "experiment", title: "NAME", type: "text", shrinkTo: 8 },
  { key: "runs", title: "RUNS", type: "integer" },
  ...SIZE_COLUMNS,
];

/** The last row is the store: what its experiments share is in its own bytes, once. */
async function printExperiments(
  context: CommandContext,
  { experimentNames }: StoreRuns,
  { use, chosen, args }: Shown,
): Promise<void> {
  const experiments = use.experiments
    .filter((experiment) => chosen.isExperiment(experiment))
    .sort(largestFirst);
  const rows: (readonly CellValue[])[] = experiments.map((experiment) => {
    const { experimentId } = experiment.location;
    return [
      experimentId,
      experimentNames.get(experimentId) ?? experimentId,
      experiment.runs,
      ...sizeCells(experiment),
    ];
  });
  if (args.experiment.length === 0)
    rows.push([null, { value: null, text: "the store" }, use.runs.length, ...sizeCells(use)]);
  await printRows(context, {
    columns: EXPERIMENT_COLUMNS,
    rows,
    format: readFormat(context, args),
    output: args.output,
  });
}

function largestFirst(a: DiskUse, b: DiskUse): number {
  return b.ownBytes - a.ownBytes || b.sharedBytes - a.sharedBytes;
}

function readLimit(limit: number | bigint | undefined, forPeople: boolean): number {
  if (limit === undefined) return forPeople ? DEFAULT_LIMIT : Number.POSITIVE_INFINITY;
  if (limit < 0) throw usageError("--limit must not be negative", "0 shows all");
  return limit === 0 ? Number.POSITIVE_INFINITY : Number(limit);
}
