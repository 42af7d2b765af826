/** `runstone export`: a row for each run. */

import type { RunRecord } from "../../core/search/run-record.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import { compareCodePoints } from "../../store-format/index.js";
import type { CellValue } from "../output/cell.js";
import type { ColumnType, RowColumn } from "../output/row-column.js";
import type { OpenRuns } from "../store/open-runs.js";

export interface ExportedRuns {
  readonly columns: readonly RowColumn[];
  readonly rows: Iterable<readonly CellValue[]>;
}

interface Attribute {
  readonly key: string;
  readonly type: ColumnType;
  readonly of: (run: RunRecord, opened: OpenRuns) => CellValue | undefined;
}

const ATTRIBUTES: readonly Attribute[] = [
  { key: "run_id", type: "text", of: ({ runId }) => runId },
  { key: "run_name", type: "text", of: ({ info }) => info?.runName },
  { key: "experiment_id", type: "text", of: ({ experimentId }) => experimentId },
  { key: "experiment", type: "text", of: (run, opened) => opened.experimentNameOf(run) },
  { key: "status", type: "text", of: ({ info }) => info?.status },
  { key: "state", type: "text", of: (run) => stateOf(run) },
  { key: "lifecycle_stage", type: "text", of: ({ info }) => info?.lifecycleStage },
  { key: "user_id", type: "text", of: ({ info }) => info?.userId },
  { key: "start_time", type: "integer", of: ({ info }) => info?.startTime },
  { key: "end_time", type: "integer", of: ({ info }) => info?.endTime },
  { key: "artifact_uri", type: "text", of: ({ info }) => info?.artifactUri },
  { key: "damages", type: "integer", of: ({ damageCount }) => damageCount },
];

/** Of several stores. */
const STORE: Attribute = {
  key: "store",
  type: "text",
  of: (run, opened) => opened.storesOf(run).join(", "),
};

/** `runs` is gone through twice: for the columns, and again as the rows are taken. */
export function runRows(runs: Iterable<RunRecord>, opened: OpenRuns): ExportedRuns {
  const keys = keysOf(runs);
  const attributes = opened.severalStores ? [...ATTRIBUTES, STORE] : ATTRIBUTES;
  const columns = [
    ...attributes.map(({ key, type }) => column(key, type)),
    ...keys.metrics.map((key) => column(`metrics.${key}`, "number")),
    ...keys.params.map((key) => column(`params.${key}`, "text")),
    ...keys.tags.map((key) => column(`tags.${key}`, "text")),
  ];
  return { columns, rows: rowsOf(runs, { keys, attributes, opened }) };
}

function column(key: string, type: ColumnType): RowColumn {
  return { key, title: key, type };
}

interface Keys {
  readonly metrics: readonly string[];
  readonly params: readonly string[];
  readonly tags: readonly string[];
}

function keysOf(runs: Iterable<RunRecord>): Keys {
  const [metrics, params, tags] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const run of runs) {
    for (const key of Object.keys(run.metrics)) metrics.add(key);
    for (const key of Object.keys(run.params)) params.add(key);
    for (const key of Object.keys(run.tags)) tags.add(key);
  }
  return { metrics: inOrder(metrics), params: inOrder(params), tags: inOrder(tags) };
}

function inOrder(keys: Iterable<string>): readonly string[] {
  return [...keys].sort(compareCodePoints);
}

interface RowContent {
  readonly keys: Keys;
  readonly attributes: readonly Attribute[];
  readonly opened: OpenRuns;
}

function* rowsOf(
  runs: Iterable<RunRecord>,
  { keys: { metrics, params, tags }, attributes, opened }: RowContent,
): Generator<readonly CellValue[]> {
  for (const run of runs)
    yield [
      ...attributes.map(({ of }) => of(run, opened) ?? null),
      ...metrics.map((key) => ownValue(run.metrics, key)?.last.value ?? null),
      ...params.map((key) => ownValue(run.params, key) ?? null),
      ...tags.map((key) => ownValue(run.tags, key) ?? null),
    ];
}

function ownValue<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
