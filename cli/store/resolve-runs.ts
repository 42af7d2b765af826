/** Runs as people name them on the command line, found in the table of a store. */

import { activeRows, numberAt, rowsWithText, textAt } from "../../core/search/cells.js";
import { readRunRecord } from "../../core/search/read-run-record.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import type { Column } from "../../core/search/table.js";
import { findRun } from "../../core/store/read/runs.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { nearest } from "../parse/nearest.js";
import { bestRun } from "./best-run.js";
import type { OpenRuns } from "./open-runs.js";
import { SHORTEST_PREFIX } from "./shortest-prefix.js";

const FULL_ID = /^[0-9a-f]{32}$/;
const CANDIDATES_SHOWN = 10;

/**
 * The runs that the words name, in the order of the words, none twice. A word is a full id, a prefix of one id (four
 * characters or more), the exact name of one run, `@last` (the newest), `@last~2` (two before it), `@best(metric)`,
 * `@best(metric,min)`, a filter, or a word that `runstone runs` finds runs by. Deleted runs are found by id, and by a name that no active run has; the others are
 * active. Throws RESOURCE_DOES_NOT_EXIST, and INVALID_PARAMETER_VALUE for words that name several runs or mean nothing.
 */
export function resolveRuns(
  context: CommandContext,
  opened: OpenRuns,
  words: readonly string[],
): readonly RunRecord[] {
  return distinct(opened, words, (word) => runsOf(context, opened, word));
}

/** As {@link resolveRuns}, but a word that is no id and no name, and no filter either, must find one run only. */
export function resolveSingly(
  context: CommandContext,
  opened: OpenRuns,
  words: readonly string[],
): readonly RunRecord[] {
  return distinct(opened, words, (word) => {
    const runs = runsOf(context, opened, word);
    if (runs.length > 1 && !looksLikeFilter(word)) throw ambiguous(opened, word, runs);
    return runs;
  });
}

function distinct(
  opened: OpenRuns,
  words: readonly string[],
  runsOfWord: (word: string) => readonly RunRecord[],
): readonly RunRecord[] {
  const found = new Map<string, RunRecord>();
  for (const word of words) {
    for (const run of runsOfWord(word)) {
      const key = `${opened.placeOf(run).context.root}/${run.experimentId}/${run.runId}`;
      if (!found.has(key)) found.set(key, run);
    }
  }
  return [...found.values()];
}

/** As {@link resolveRuns}, for a word that must name one run. Throws INVALID_PARAMETER_VALUE when a filter finds several. */
export function resolveRun(context: CommandContext, opened: OpenRuns, word: string): RunRecord {
  const found = resolveRuns(context, opened, [word]);
  if (found.length > 1) throw ambiguous(opened, word, found);
  return found[0]!;
}

function runsOf(context: CommandContext, opened: OpenRuns, word: string): readonly RunRecord[] {
  if (word.startsWith("@")) return [specialRun(opened.table, word)];
  const run = runOfId(opened, word) ?? runOfName(opened, word);
  if (run !== null) return [run];
  if (looksLikeFilter(word)) return runsMatching(context, opened, word);
  const runs = runsWithWord(context, opened, word);
  if (runs.length === 0) throw noSuchRun(opened.table, word);
  return runs;
}

/** What `runstone runs WORD` lists; none for a word that alone is no filter. */
function runsWithWord(context: CommandContext, opened: OpenRuns, word: string): readonly RunRecord[] {
  const { table, experimentNames } = opened;
  if (word === "") return [];
  const search = { filter: word, dialect: "runstone", experimentNames, now: context.now() } as const;
  try {
    return searchRunTable(table, search).rows.map((row) => table.runAt(row));
  } catch (error) {
    if (isRunstoneError(error, "INVALID_PARAMETER_VALUE")) return [];
    throw error;
  }
}

/** Prefixes are those of the table; of a name see {@link runOfName}. */
function runOfId(opened: OpenRuns, word: string): RunRecord | null {
  const isFull = FULL_ID.test(word);
  if (isFull && opened.stores.length === 1) return readFullId(opened, word);
  const ids = attribute(opened.table, "run_id");
  const rows = exactRows(opened, word);
  if (rows.length > 0) return onlyRun(opened, word, rows);
  if (isFull) return readFullId(opened, word);
  if (word.length < SHORTEST_PREFIX) return null;
  return onlyRun(
    opened,
    word,
    rowsWithText(ids, (id) => id.startsWith(word)),
  );
}

function exactRows({ severalStores, table }: OpenRuns, runId: string): readonly number[] {
  if (severalStores) return rowsWithText(attribute(table, "run_id"), (id) => id === runId);
  const row = table.rowOf(runId);
  return row === null ? [] : [row];
}

/** From its directory: no other run is looked at, and the table may not know it yet. Of several stores the first that has it. */
function readFullId({ stores }: OpenRuns, runId: string): RunRecord | null {
  for (const { opened } of stores) {
    const { context, onDamage } = opened.place;
    const location = findRun(context, runId);
    if (location !== null) return readRunRecord(location, onDamage);
  }
  return null;
}

/** An active run goes before deleted ones of that name. */
function runOfName(opened: OpenRuns, name: string): RunRecord | null {
  if (name === "") return null;
  const { table } = opened;
  const rows = rowsWithText(attribute(table, "run_name"), (text) => text === name);
  const stages = attribute(table, "lifecycle_stage");
  const active = rows.filter((row) => textAt(stages, row) === "active");
  return onlyRun(opened, name, active.length > 0 ? active : rows);
}

/** One run may have several rows in a store (a copy in the trash): the first counts. Copies in two stores that differ are two runs. */
function onlyRun(opened: OpenRuns, word: string, rows: readonly number[]): RunRecord | null {
  const runs = rows.map((row) => opened.table.runAt(row));
  const different = new Set(runs.map((run) => `${run.runId} ${opened.placeOf(run).context.root}`));
  if (different.size > 1) throw ambiguous(opened, word, runs);
  return runs[0] ?? null;
}

/** `@last`, `@last~2`, `@best(metric)`, `@best(metric,max)`. */
function specialRun(table: RunTable, word: string): RunRecord {
  const back = /^@last(?:~(\d{1,9}))?$/.exec(word);
  if (back !== null) return newestRun(table, Number(back[1] ?? 0), word);
  const best = /^@best\((.+?)(?:\s*,\s*(min|max))?\)$/.exec(word);
  if (best !== null) return bestRun(table, best[1]!.trim(), best[2] as "min" | "max" | undefined);
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `'${word}' names no run`, {
    hint: "Write @last, @last~2, @best(metric) or @best(metric,max).",
    data: { run: word },
  });
}

function newestRun(table: RunTable, back: number, word: string): RunRecord {
  const newest = newestRows(table);
  const row = newest[back];
  if (row !== undefined) return table.runAt(row);
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no run ${word}`, {
    hint: newest.length === 0 ? "There is no active run." : `There are ${newest.length} active runs.`,
    data: { run: word },
  });
}

/** The active runs with a readable meta.yaml, the newest start first; of equal starts the smaller id first. */
function newestRows(table: RunTable): number[] {
  const [starts, ids, statuses] = ["start_time", "run_id", "status"].map((key) => attribute(table, key));
  return activeRows(table)
    .filter((row) => textAt(statuses!, row) !== null)
    .map((row) => ({ row, start: numberAt(starts!, row) ?? 0, id: textAt(ids!, row) ?? "" }))
    .sort((a, b) => b.start - a.start || (a.id < b.id ? -1 : 1))
    .map(({ row }) => row);
}

function attribute(table: RunTable, key: string): Column | null {
  return table.column({ entity: "attribute", key });
}

/** What no run name has by accident: an operator, or words with spaces between. */
function looksLikeFilter(word: string): boolean {
  return /[<>=~()"'`]|\s/.test(word);
}

function runsMatching(context: CommandContext, opened: OpenRuns, filter: string): readonly RunRecord[] {
  const { table, experimentNames } = opened;
  const { rows, hints } = searchRunTable(table, {
    filter,
    dialect: "runstone",
    experimentNames,
    now: context.now(),
  });
  if (rows.length > 0) return rows.map((row) => table.runAt(row));
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `no run matches '${shortened(filter)}'`, {
    hint: hints.length > 0 ? `${hints.join("; ")}.` : "`runstone runs` lists the runs.",
    data: { filter: shortened(filter) },
  });
}

/** Enough of a word to know it again. */
function shortened(word: string): string {
  return word.length <= 80 ? word : `${word.slice(0, 80)}…`;
}

function ambiguous(opened: OpenRuns, word: string, candidates: readonly RunRecord[]): RunstoneError {
  const shown = candidates.slice(0, CANDIDATES_SHOWN);
  const list = shown.map((run) => candidateText(opened, run)).join(", ");
  const more = candidates.length > shown.length ? ", ..." : "";
  const sameId = new Set(candidates.map(({ runId }) => runId)).size === 1;
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `'${shortened(word)}' names ${candidates.length} runs`,
    {
      hint: `${sameId ? "Give one --store" : "Give more of the id"}: ${list}${more}`,
      data: {
        run: shortened(word),
        candidates: shown.map(({ runId }) => runId),
        ...(opened.severalStores ? { stores: shown.map((run) => opened.storesOf(run).join(", ")) } : {}),
      },
    },
  );
}

/** `3f2a9c01d4e7 (baseline)`, and of several stores where it lies. */
function candidateText(opened: OpenRuns, run: RunRecord): string {
  const text = `${run.runId.slice(0, 12)} (${run.info?.runName || "no name"})`;
  const stores = opened.storesOf(run);
  return stores.length === 0 ? text : `${text} in ${stores.join(" and ")}`;
}

function noSuchRun(table: RunTable, word: string): RunstoneError {
  const column = table.column({ entity: "attribute", key: "run_name" });
  const meant = nearest(word, column?.kind === "text" ? column.texts : []);
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no run '${shortened(word)}'`, {
    hint: meant ? `Did you mean ${meant}?` : "`runstone runs --view all` lists the runs.",
    data: { run: shortened(word) },
  });
}
