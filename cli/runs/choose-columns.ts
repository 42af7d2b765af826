/** Which columns a listing has: those that words name, or those that say most. */
import { METRIC_AGGREGATES } from "../../core/search/table.js";
import { isGlob, matchesGlob } from "../parse/glob.js";
import { nearest } from "../parse/nearest.js";
import { usageError } from "../parse/usage-error.js";
import { attributeColumn, type ColumnSetting } from "./attribute-columns.js";
import type { KeyNames, KnownKeys } from "./known-keys.js";
import { metricColumn, paramColumn, type RunColumn, tagColumn } from "./run-column.js";

export interface ColumnChoice {
  readonly words: readonly string[];
  /** Only their keys are columns. */
  readonly known: KnownKeys;
  /** Those of every run, also of those that are not shown. */
  readonly all?: KeyNames | undefined;
  /** For programs: what a word names is the same on every page. */
  readonly stable?: boolean;
  readonly setting: ColumnSetting;
  /** Told of a word that names nothing. */
  readonly onUnknown: (word: string, meant: string | undefined) => void;
}

/**
 * The columns that words name: `metrics.KEY` (also `.min`, `.max`, `.first`, `.count`), `params.KEY`, `tags.KEY`, an attribute, a
 * bare KEY (a metric, else a param, a tag, an attribute), each also with `*` and `?` (bare: over metrics and params), and
 * `+varying`: the params and the tags of users that differ. A word may be a list, with commas. None comes twice.
 */
export function namedColumns(choice: ColumnChoice): readonly RunColumn[] {
  const found = new Map<string, RunColumn>();
  for (const word of choice.words)
    for (const column of columnsOf(word, choice)) if (!found.has(column.key)) found.set(column.key, column);
  return distinctTitles([...found.values()]);
}

/** `lr` the metric and `lr` the param: heads that are shared give way to the keys. */
export function distinctTitles(columns: readonly RunColumn[]): readonly RunColumn[] {
  return columns.map((column) => {
    const isShared = columns.some((other) => other !== column && other.title === column.title);
    const full = column.key.includes(".") ? column.key : column.key.toUpperCase();
    return isShared ? { ...column, title: full } : column;
  });
}

function columnsOf(word: string, choice: ColumnChoice): readonly RunColumn[] {
  const { known, all } = choice;
  const found = columnsOfOne(word, choice);
  if (found.length > 0) return found;
  const parts = word.split(",").map((part) => part.trim());
  if (parts.length > 1) return parts.filter(Boolean).flatMap((part) => columnsOf(part, choice));
  if (word === VARYING) return [];
  if (word.trim() === "" || word.startsWith("+"))
    throw usageError(`no column is called '${word}'`, "`-c +varying` shows the params and tags that differ.");
  const elsewhere = isGlob(word) || all === undefined ? [] : keyColumns(word, all, choice.setting);
  if (elsewhere.length > 0) return elsewhere;
  choice.onUnknown(word, isGlob(word) ? undefined : nearest(word.replace(PREFIX, ""), known.allNames()));
  return isGlob(word) ? [] : [unknownColumn(word)];
}

const VARYING = "+varying";
const PREFIX = /^(metric|param|tag)s?\./;

function columnsOfOne(word: string, { known, all, setting, stable }: ColumnChoice): readonly RunColumn[] {
  if (word === VARYING) return varyingColumns(known);
  return keyColumns(word, stable === true && all !== undefined ? all : known, setting);
}

function keyColumns(word: string, known: KeyNames, setting: ColumnSetting): readonly RunColumn[] {
  const entity = PREFIX.exec(word)?.[1];
  const key = word.replace(PREFIX, "");
  if (entity === "metric") return metricColumns(key, known);
  if (entity === "param") return matching(key, known.params.names).map(paramColumn);
  if (entity === "tag") return matching(key, known.tags.names).map(tagColumn);
  return bareColumns(word, known, setting);
}

function bareColumns(word: string, known: KeyNames, setting: ColumnSetting): readonly RunColumn[] {
  if (isGlob(word) && !known.has(word))
    return [...metricColumns(word, known), ...matching(word, known.params.names).map(paramColumn)];
  const metrics = metricColumns(word, known);
  if (metrics.length > 0) return metrics;
  if (known.params.has(word)) return [paramColumn(word)];
  if (known.tags.has(word)) return [tagColumn(word)];
  const attribute = attributeColumn(word, setting);
  return attribute === undefined ? [] : [attribute];
}

/** Keys that no run has are columns all the same: scripts count on them. */
function unknownColumn(word: string): RunColumn {
  const entity = PREFIX.exec(word)?.[1];
  const key = word.replace(PREFIX, "");
  if (entity === "metric") return metricColumn(key);
  return entity === "param" ? paramColumn(key) : tagColumn(key);
}

function metricColumns(word: string, known: KeyNames): readonly RunColumn[] {
  const last = matching(word, known.metrics.names);
  if (last.length > 0) return last.map((key) => metricColumn(key));
  const aggregate = METRIC_AGGREGATES.find((name) => word.endsWith(`.${name}`));
  if (aggregate === undefined) return [];
  const key = word.slice(0, -aggregate.length - 1);
  return matching(key, known.metrics.names).map((name) => metricColumn(name, aggregate));
}

/** The name itself goes before a glob that it looks like. */
function matching(word: string, keys: readonly string[]): readonly string[] {
  if (keys.includes(word)) return [word];
  return isGlob(word) ? keys.filter((key) => matchesGlob(word, key)) : [];
}

function varyingColumns({ params, tags }: KnownKeys): readonly RunColumn[] {
  const own = tags.names.filter((key) => !/^(mlflow|runstone)\./.test(key));
  return [
    ...params.names.filter((key) => params.varies(key)).map(paramColumn),
    ...own.filter((key) => tags.varies(key)).map(tagColumn),
  ];
}

const CHOSEN_METRICS = 4;
const CHOSEN_PARAMS = 4;

/** The first metrics and the first param say more of a run than its age (50) and its duration (60). */
const METRIC_ORDER = [30, 55];
const PARAM_ORDER = [57];

/** The metrics that most runs have, and the params that differ between them; of the further ones the last is left out first. */
export function chosenColumns({ runCount, metrics, params }: KnownKeys): readonly RunColumn[] {
  const own = metrics.names.filter((key) => !key.startsWith("system/"));
  const varying = params.names.filter((key) => runCount === 1 || params.varies(key));
  return [
    ...own.slice(0, CHOSEN_METRICS).map((key, index) => ({
      ...metricColumn(key),
      dropOrder: METRIC_ORDER[index] ?? 100 + index,
    })),
    ...varying.slice(0, CHOSEN_PARAMS).map((key, index) => ({
      ...paramColumn(key),
      dropOrder: PARAM_ORDER[index] ?? 110 + index,
    })),
  ];
}

/** Every metric and every param, for formats that programs read. */
export function allColumns(known: readonly KeyNames[]): readonly RunColumn[] {
  const sorted = (entity: "metrics" | "params") =>
    [...new Set(known.flatMap((keys) => keys[entity].names))].sort();
  return [...sorted("metrics").map((key) => metricColumn(key)), ...sorted("params").map(paramColumn)];
}
