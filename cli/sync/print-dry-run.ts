/** What the journal says that a push to an MLflow server would send, run by run, and the sums: for `status`, and for `--dry-run` where the server does not answer. */
import { readRunState } from "../../core/index.js";
import { readRunDocument } from "../../core/transfer/index.js";
import { isRunstoneError, type LifecycleStage } from "../../store-format/index.js";
import {
  addMoved,
  type CatalogCounts,
  hasExceptions,
  isAsSynced,
  type Moved,
  NO_CATALOG,
  NOTHING_MOVED,
  planRuns,
  type RemoteStateView,
  type RunTask,
  readRemoteState,
  toBeMoved,
} from "../../sync/index.js";
import type { CommandContext } from "../context.js";
import { formatBytes } from "../output/number.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { catalogParts } from "./catalog-words.js";
import type { Chosen } from "./chosen.js";
import { counted } from "./counted.js";

export interface DryRunChoice {
  readonly withArtifacts: boolean;
  readonly includeDeleted: boolean;
}

export interface PlannedRun {
  readonly runId: string;
  readonly runName: string;
  /** `new`: nothing is known of it there. */
  readonly state: "new" | "changed" | "damaged";
  /** It runs, and its process is not proven dead. */
  readonly isRunning: boolean;
  readonly lifecycleStage: LifecycleStage;
  readonly moved: Required<Moved>;
}

/** What is printed of a run. */
export interface DryRow {
  readonly runId: string;
  readonly runName: string;
  readonly state: string;
  readonly moved: Required<Moved>;
}

export type DryCommand = "push" | "pull" | "sync" | "fetch" | "clone";

export interface DryRunWords {
  readonly command: DryCommand;
  readonly remoteName: string;
  /** How many others are synced with exceptions. */
  readonly excepted?: number;
  /** What would become of experiments and models. */
  readonly catalog?: CatalogCounts;
  /** The model registry was asked for. */
  readonly withModels?: boolean;
}

/** What a push would find. */
export interface PlannedPush {
  readonly runs: readonly PlannedRun[];
  /** Ids of the runs that are synced with exceptions. */
  readonly excepted: readonly string[];
}

const DONE: Readonly<Record<DryCommand, string>> = {
  push: "pushed",
  pull: "pulled",
  sync: "synced",
  fetch: "fetched",
  clone: "cloned",
};

const PREPOSITIONS: Readonly<Record<DryCommand, string>> = {
  push: "to",
  pull: "from",
  sync: "with",
  fetch: "from",
  clone: "from",
};

/** Runs that a push would send, with how much of them. */
export function plannedPush(
  chosen: Chosen,
  state: RemoteStateView,
  { withArtifacts, includeDeleted }: DryRunChoice,
): PlannedPush {
  const { place, runIds, experimentIds } = chosen;
  const plan = planRuns(place.context, state, {
    ...(runIds === undefined ? {} : { runIds }),
    ...(experimentIds === undefined ? {} : { experimentIds }),
    ...{ withArtifacts, onDamage: place.onDamage },
  });
  const runs: PlannedRun[] = [];
  const excepted = [...plan.excepted];
  for (const task of plan.tasks) {
    const planned = plannedRun(chosen, task, withArtifacts);
    if (planned === null && hasExceptions(task.state, withArtifacts)) excepted.push(task.id);
    if (planned !== null && (includeDeleted || planned.lifecycleStage === "active")) runs.push(planned);
  }
  return { runs, excepted };
}

function plannedRun({ place }: Chosen, { head, state }: RunTask, withArtifacts: boolean): PlannedRun | null {
  try {
    const { document } = readRunDocument(place.context, head.location);
    if (isAsSynced(document, state, withArtifacts)) return null;
    return {
      runId: head.runId,
      runName: document.info.runName,
      state: state?.remoteRunId == null ? "new" : "changed",
      isRunning: readRunState(head.location, document.info).state === "RUNNING",
      lifecycleStage: document.info.lifecycleStage,
      moved: toBeMoved(document, state, withArtifacts),
    };
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    const { runId } = head;
    return {
      ...{ runId, runName: "", state: "damaged", isRunning: false },
      ...{ lifecycleStage: "active", moved: NOTHING_MOVED },
    };
  }
}

const COLUMNS: readonly RowColumn[] = [
  { key: "run_id", title: "ID", type: "text" },
  { key: "run_name", title: "NAME", type: "text", shrinkTo: 8 },
  { key: "state", title: "STATE", type: "text" },
  { key: "params", title: "PARAMS", type: "integer" },
  { key: "points", title: "POINTS", type: "integer" },
  { key: "artifacts", title: "ARTIFACTS", type: "integer" },
  { key: "bytes", title: "SIZE", type: "integer" },
];

export async function printDryRun(
  context: CommandContext,
  chosen: Chosen,
  choice: DryRunChoice,
): Promise<void> {
  const state = readRemoteState(chosen.place.context, chosen.remoteName);
  let planned: PlannedPush;
  try {
    planned = plannedPush(chosen, state, choice);
  } finally {
    state.close();
  }
  const words = { command: "push", remoteName: chosen.remoteName } as const;
  await printRowsOfDryRun(context, planned.runs, { ...words, excepted: planned.excepted.length });
}

export async function printRowsOfDryRun(
  context: CommandContext,
  runs: readonly DryRow[],
  words: DryRunWords,
): Promise<void> {
  if (runs.length > 0 || context.json)
    await printRows(context, {
      title: `to be ${DONE[words.command]} ${whereOf(words)}`,
      columns: COLUMNS,
      rows: runs.map(({ runId, runName, state: kind, moved }) => [
        { value: runId, text: runId.slice(0, 8) },
        ...[runName, kind, moved.params, moved.points, moved.artifacts],
        { value: moved.bytes, text: formatBytes(moved.bytes) },
      ]),
      records: [
        ...runs.map(({ runId, runName, state: kind, moved }) => ({
          ...{ run_id: runId, run_name: runName, state: kind },
          ...moved,
        })),
        ...(words.withModels === true ? catalogRecords(words) : []),
      ],
      format: context.json ? "json" : "table",
      output: undefined,
    });
  if (!context.json) context.out.line(sumLine(runs, words));
}

function whereOf({ command, remoteName }: DryRunWords): string {
  return `${PREPOSITIONS[command]} ${remoteName}`;
}

function sumLine(runs: readonly DryRow[], words: DryRunWords): string {
  const { params, points, artifacts, bytes } = runs.reduce(
    (moved, run) => addMoved(moved, run.moved),
    NOTHING_MOVED,
  );
  const { command, excepted = 0, catalog = NO_CATALOG } = words;
  const where = whereOf(words);
  const others = catalogParts(catalog, runs.length > 0 && words.withModels !== true).map(
    (part) => `, ${part}`,
  );
  const besides = `${others.join("")}${excepted === 0 ? "" : `, ${excepted} with exceptions`}`;
  if (runs.length === 0 && others.length === 0) return `Nothing to ${command} ${where}${besides}`;
  const files = `${counted(artifacts, "artifact")} of ${formatBytes(bytes)}`;
  const what = `${counted(params, "param")}, ${counted(points, "point")}, ${files}`;
  return `Would ${command} ${counted(runs.length, "run")} ${where}: ${what}${besides}`;
}

/** One of each kind of which something would be done. */
function catalogRecords({ catalog = NO_CATALOG }: DryRunWords): readonly object[] {
  return Object.entries(catalog)
    .filter(([, { made, changed, conflicts }]) => made + changed + conflicts > 0)
    .map(([kind, { made, changed, conflicts }]) => ({ kind, made, changed, conflicts }));
}
