/** Columns of what a run is: its name, its state, its times, its code. */
import type { Integer } from "../../store-format/index.js";
import type { CellValue } from "../output/cell.js";
import { elapsedOf, paintState, shownDuration } from "../output/run-state.js";
import type { Style } from "../output/style.js";
import { formatAge, formatMoment } from "../output/time.js";
import { type ListedRun, stateName, statusName } from "./listed-run.js";
import type { RunColumn } from "./run-column.js";

export interface ColumnSetting {
  readonly now: number;
  readonly style: Style;
  /** How many characters of an id people see. */
  readonly idLength: number;
  readonly experimentName: (run: ListedRun) => string;
}

type Make = (setting: ColumnSetting) => Omit<RunColumn, "key">;

const text = (title: string, cell: RunColumn["cell"]): Make => {
  return () => ({ title, type: "text", shrinkTo: 6, cell });
};

const time = (title: string, of: (run: ListedRun) => Integer | null | undefined): Make => {
  return () => ({
    title,
    type: "integer",
    align: "left",
    cell: (run) => {
      const value = of(run) ?? null;
      return value === null ? null : { value, text: formatMoment(value) };
    },
  });
};

const tag = (title: string, key: string): Make => text(title, ({ tags }) => tags[key] ?? null);

/** By the key that programs get. */
const ATTRIBUTES: Readonly<Record<string, Make>> = {
  __proto__: null as never,
  run_id: (setting) => ({
    title: "ID",
    type: "text",
    paint: (padded) => setting.style.cyan(padded),
    cell: ({ runId }) => ({
      value: runId,
      get text() {
        return runId.slice(0, setting.idLength);
      },
    }),
  }),
  run_name: () => ({ title: "NAME", type: "text", shrinkTo: 8, cell: nameCell }),
  experiment_id: text("EXPERIMENT ID", ({ experimentId }) => experimentId),
  experiment: ({ experimentName }) => ({
    title: "EXPERIMENT",
    type: "text",
    shrinkTo: 6,
    dropOrder: 70,
    cell: experimentName,
  }),
  status: text("STATUS", statusName),
  state: ({ style }) => ({
    title: "STATUS",
    type: "text",
    paint: (padded, cell) => paintState(style, cell, padded),
    cell: stateCell,
  }),
  lifecycle_stage: text("STAGE", ({ info }) => info?.lifecycleStage ?? null),
  user_id: text("USER", ({ info }) => info?.userId ?? null),
  start_time: time("STARTED", ({ info }) => info?.startTime),
  end_time: time("ENDED", ({ info }) => info?.endTime),
  age: ({ now }) => ({
    title: "AGE",
    align: "right",
    only: "people",
    dropOrder: 50,
    cell: ({ info }) => formatAge(info?.startTime ?? null, now),
  }),
  duration: ({ now }) => ({
    title: "DURATION",
    type: "integer",
    align: "right",
    dropOrder: 60,
    cell: (run) => durationCell(run, now),
  }),
  artifact_uri: text("ARTIFACTS", ({ info }) => info?.artifactUri ?? null),
  parent: tag("PARENT", "mlflow.parentRunId"),
  commit: text("COMMIT", commitCell),
  branch: tag("BRANCH", "mlflow.source.git.branch"),
  author: tag("AUTHOR", "runstone.git.author"),
  dirty: tag("DIRTY", "mlflow.source.git.dirty"),
  source: tag("SOURCE", "mlflow.source.name"),
  host: tag("HOST", "runstone.host"),
  damage: text("DAMAGE", ({ damage }) => (damage === null ? null : `${damage.path}: ${damage.reason}`)),
  store: text("STORE", ({ store }) => store),
  ranks: () => ({ title: "RANKS", type: "text", align: "right", cell: ranksCell }),
};

const ALIASES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  id: "run_id",
  name: "run_name",
  user: "user_id",
  started: "start_time",
  ended: "end_time",
  stage: "lifecycle_stage",
};

/** The attributes, by the names that `--columns` takes. */
export const ATTRIBUTE_NAMES: readonly string[] = [...Object.keys(ATTRIBUTES), ...Object.keys(ALIASES)];

/** `run_id`, `id`, `attributes.run_id`, ...; undefined for what is no attribute. */
export function attributeColumn(word: string, setting: ColumnSetting): RunColumn | undefined {
  const name = word.replace(/^attributes?\./, "");
  const key = ALIASES[name] ?? name;
  const make = ATTRIBUTES[key];
  return make === undefined ? undefined : { key, ...make(setting) };
}

/** Throws for a name that is no attribute: for names in this code. */
export function mustMakeAttribute(key: string, setting: ColumnSetting): RunColumn {
  const column = attributeColumn(key, setting);
  if (column === undefined) throw new RangeError(`no attribute ${key}`);
  return column;
}

/** A damaged run has no name that could be read: people see why. */
function nameCell({ info, damage }: ListedRun): CellValue {
  if (info !== null) return info.runName;
  return { value: null, text: damage === null ? "" : `(${damage.reason})` };
}

function stateCell(run: ListedRun): CellValue {
  const value = stateName(run);
  return run.info?.lifecycleStage === "deleted" ? { value, text: `${value} (deleted)` } : value;
}

function durationCell({ info, state }: ListedRun, now: number): CellValue {
  if (info === null) return { value: null, text: "-" };
  return { value: elapsedOf(info, state, now), text: shownDuration(info, state, now) };
}

function commitCell({ tags }: ListedRun): CellValue {
  const commit = tags["mlflow.source.git.commit"];
  if (commit === undefined) return null;
  const dirty = tags["mlflow.source.git.dirty"] === "true";
  return { value: commit, text: commit.slice(0, 7) + (dirty ? "+" : "") };
}

/** How many of its ranks have a run: `3/4`. */
function ranksCell({ tags, ranks }: ListedRun): CellValue {
  const size = tags["runstone.world_size"];
  const found = Math.max(1, ranks.length);
  if (tags["runstone.rank"] === undefined && found === 1) return null;
  return size === undefined ? String(found) : `${found}/${size}`;
}
