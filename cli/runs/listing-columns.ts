/** The columns of a listing in one format. */
import { type Format, isForPeople } from "../output/formats.js";
import { type ColumnSetting, mustMakeAttribute } from "./attribute-columns.js";
import { allColumns, chosenColumns, distinctTitles, namedColumns } from "./choose-columns.js";
import type { KeyNames, KnownKeys } from "./known-keys.js";
import type { RunColumn } from "./run-column.js";

export interface ListingLook {
  readonly known: KnownKeys;
  /** Where keys are looked for that no shown run has; none: nowhere. */
  readonly all?: KeyNames;
  /** Those of all runs that match: for programs these are columns on every page. */
  readonly matching?: KeyNames;
  readonly setting: ColumnSetting;
  readonly format: Format;
  /** As given; none: chosen by what the runs have. */
  readonly words: readonly string[];
  readonly onUnknown: (word: string, meant: string | undefined) => void;
  /** Runs of several experiments, of several stores, of joined ranks are listed. */
  readonly several: { readonly experiments: boolean; readonly stores: boolean; readonly ranks: boolean };
}

/**
 * The table always says which run it is, how it is and since when, whatever else was asked for. In the other formats named
 * columns are all there is; without names people get the columns of the table, and programs everything but tags.
 */
export function listingColumns(look: ListingLook): readonly RunColumn[] {
  const named = look.words.length === 0 ? null : namedColumns({ ...look, stable: !isForPeople(look.format) });
  if (named !== null && look.format !== "table") return named;
  if (!isForPeople(look.format))
    return [
      ...attributes(look, FOR_PROGRAMS),
      ...allColumns([look.known, ...(look.matching === undefined ? [] : [look.matching])]),
    ];
  const own = named ?? chosenColumns(look.known);
  const keys = new Set(own.map(({ key }) => key));
  if (keys.has("status")) keys.add("state");
  const unless = (column: RunColumn) => !keys.has(column.key);
  return distinctTitles([
    ...attributes(look, FOR_PEOPLE).filter(unless),
    ...own,
    ...places(look).filter(unless),
  ]);
}

const FOR_PEOPLE = ["run_id", "run_name", "state", "age", "duration"];
const FOR_PROGRAMS = [
  "run_id",
  "run_name",
  "experiment_id",
  "experiment",
  "state",
  "lifecycle_stage",
  "user_id",
  "start_time",
  "end_time",
];

function attributes(
  { setting, several, format }: ListingLook,
  keys: readonly string[],
): readonly RunColumn[] {
  const all = [
    ...keys,
    ...(several.ranks ? ["ranks"] : []),
    ...(several.stores && !isForPeople(format) ? ["store"] : []),
  ];
  return all.map((key) => mustMakeAttribute(key, setting));
}

function places({ setting, several }: ListingLook): readonly RunColumn[] {
  const keys = [...(several.experiments ? ["experiment"] : []), ...(several.stores ? ["store"] : [])];
  return keys.map((key) => mustMakeAttribute(key, setting));
}
