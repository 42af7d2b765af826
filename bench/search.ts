/**
 * Searching a generated store: with the index current, refreshing it, and building it; beside MLflow's file store and
 * SQLite store on the same data, and beside a bare walk over the same files.
 */
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openIndexedRuns } from "../core/index/open-indexed-runs.js";
import { openRunTable } from "../core/index/open-run-table.js";
import { numberAt } from "../core/search/cells.js";
import { groupRows } from "../core/search/group-rows.js";
import type { RunTable } from "../core/search/run-table.js";
import { searchRunTable } from "../core/search/search-runs.js";
import { valueStatistics } from "../core/search/value-statistics.js";
import { openContext } from "../core/store/open-context.js";
import { bareWalk } from "./bare-walk.js";
import { EXPERIMENT, FILES_OF_A_RUN, generateRun, generateStore, Random } from "./generate-store.js";
import { inTurn, summarize, timed } from "./measure.js";
import { peakOf } from "./memory.js";
import { type MlflowTimes, mlflowSearch } from "./search-mlflow.js";
import { milliseconds, printRow } from "./table.js";

export const QUERY = {
  filter: "attributes.status = 'FINISHED' AND params.lr = '0.01' AND metrics.acc > 0.9",
  orderBy: ["metrics.loss ASC"],
  limit: 50,
};
const SEED = 20_261;
const POINTS = 3;
/** Largest time of a search with the index current, in milliseconds, by number of runs. */
const SEARCH_BARS: Readonly<Record<number, number>> = { 10000: 10, 100000: 60 };
const ROUNDS = 7;

interface Setting {
  readonly store: string;
  readonly index: string;
  readonly runs: number;
  readonly size: string;
}

export async function benchSearch(place: string, runs: number): Promise<void> {
  const directory = mkdtempSync(join(place, "runstone-bench-"));
  try {
    const store = join(directory, "mlruns");
    generateStore({ path: store, runs, seed: SEED, points: POINTS });
    const size = `${runs.toLocaleString("en")} runs of ${FILES_OF_A_RUN} files`;
    const setting = { store, index: join(directory, "index"), runs, size };
    await coldBuild(setting);
    await currentIndex(setting, directory);
    memory(setting);
    await refreshes(setting);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function open({ store, index }: Setting, refresh: "auto" | "none" | "full" = "auto"): RunTable {
  const context = openContext({ cwd: store, path: store, indexDirectory: index, now: Date.now, warn: fail });
  return openRunTable(context, { refresh });
}

function fail(message: string): never {
  throw new Error(message);
}

async function coldBuild(setting: Setting): Promise<void> {
  const rounds = setting.runs >= 100_000 ? 1 : 3;
  const { subject, baseline, ratio } = await inTurn(
    () => {
      rmSync(setting.index, { recursive: true, force: true });
      return timed(() => void open(setting).rowCount);
    },
    () => timed(() => void bareWalk(setting.store, true)),
    rounds,
  );
  printRow({
    scenario: "index built from nothing",
    size: setting.size,
    result: milliseconds(subject.median),
    baseline: `${milliseconds(baseline.median)} (bare walk that reads every file)`,
    ratio: `${ratio.toFixed(2)}x`,
    bar: "<= 2x",
    met: ratio <= 2,
  });
}

/** One search as a user makes it: filter, order, and the records of the first page. */
function searchOnce(table: RunTable): readonly string[] {
  const search = { ...QUERY, dialect: "mlflow", maxResults: QUERY.limit, now: Date.now() } as const;
  return searchRunTable(table, search).rows.map((row) => table.runAt(row).runId);
}

async function currentIndex(setting: Setting, directory: string): Promise<void> {
  let ids: readonly string[] = [];
  // Each time a newly opened table: its columns come from the file.
  const first = await repeat(async () => {
    const table = open(setting, "none");
    return timed(() => {
      ids = searchOnce(table);
    });
  });
  const table = open(setting, "none");
  const again = await repeat(() => timed(() => void searchOnce(table)));
  const theirs = await mlflowSearch({ ...setting, directory, experiment: EXPERIMENT, query: QUERY });
  if (theirs !== null) sameAnswers(ids, theirs.ids);
  searchRow("the first in a newly opened index", setting, first, theirs);
  searchRow("the index is open", setting, again, theirs);
  const count = await repeat(() =>
    timed(() => {
      const search = {
        filter: "metrics.acc > 0.5 OR params.model LIKE '%net%'",
        dialect: "runstone",
      } as const;
      searchRunTable(table, { ...search, maxResults: 1, now: Date.now() });
    }),
  );
  plainRow("count of a filter with OR and LIKE, index current", setting.size, count);
  const grouped = await repeat(() => timed(() => groupOnce(table)));
  plainRow("statistics of a metric, grouped by two params, index current", setting.size, grouped);
}

function groupOnce(table: RunTable): void {
  const loss = table.column({ entity: "metric", key: "loss", aggregate: "last" });
  const rows = Array.from({ length: table.rowCount }, (_, row) => row);
  const fields = ["lr", "optimizer"].map((key) => ({ entity: "param", key }) as const);
  for (const group of groupRows(table, rows, fields))
    valueStatistics(group.rows.map((row) => numberAt(loss, row)));
}

/** Peak memory of processes that do nothing else. */
function memory({ store, index, size }: Setting): void {
  const peak = (what: string, directory: string): number =>
    peakOf(store, ["search", JSON.stringify({ what, index: directory, ...QUERY })]);
  const idle = peakOf(store, ["idle", "0"]);
  const built = peak("build", `${index}-again`);
  const searched = peak("search", index);
  memoryRow("memory of building the index", size, built, idle);
  memoryRow("memory of a search by the index", size, searched, idle);
}

function memoryRow(scenario: string, size: string, peak: number, idle: number): void {
  const result = `${Math.round(peak)} MiB at most`;
  const baseline = `${Math.round(idle)} MiB (idle)`;
  printRow({
    scenario,
    size,
    result,
    baseline,
    ratio: `+${Math.round(peak - idle)} MiB`,
    bar: "",
    met: null,
  });
}

function searchRow(state: string, { runs, size }: Setting, ms: number, theirs: MlflowTimes | null): void {
  const bar = SEARCH_BARS[runs];
  printRow({
    scenario: `filter, sort, first page of ${QUERY.limit}, in process; ${state}`,
    size,
    result: milliseconds(ms),
    baseline:
      theirs === null
        ? ""
        : `${milliseconds(theirs.sqlite)} (MLflow on SQLite), ${theirs.files} (its file store)`,
    ratio: theirs === null ? "" : `1/${Math.round(theirs.sqlite / ms)} of SQLite`,
    bar: `${bar === undefined ? "" : `<= ${bar} ms, `}<= 1/10 of SQLite`,
    met: (bar === undefined || ms <= bar) && (theirs === null || theirs.sqlite / ms >= 10),
  });
}

function sameAnswers(ours: readonly string[], theirs: readonly string[]): void {
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) throw new Error("the two searches differ");
}

async function repeat(time: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await time());
  return summarize(times).median;
}

function plainRow(scenario: string, size: string, ms: number): void {
  printRow({ scenario, size, result: milliseconds(ms), baseline: "", ratio: "", bar: "", met: null });
}

const DAY_MS = 86_400_000;

/** As if the index had been made the day before: runs that ended are settled. */
async function settledRefresh(setting: Setting): Promise<void> {
  const { store, index } = setting;
  const refresh = (): void => {
    const context = openContext({
      cwd: store,
      path: store,
      indexDirectory: index,
      now: Date.now,
      warn: fail,
    });
    const clock = (): number => Date.now() + 2 * DAY_MS;
    void openIndexedRuns(context, { clock, stateOf: () => "RUNNING", smallStoreRuns: 0 }).table.rowCount;
  };
  refresh();
  const ms = await repeat(() => timed(refresh));
  plainRow("refresh, nothing changed, of runs that were read a day ago", setting.size, ms);
}

async function refreshes(setting: Setting): Promise<void> {
  const rounds = setting.runs >= 100_000 ? 3 : 5;
  const { subject, baseline, ratio } = await inTurn(
    () => timed(() => void open(setting).rowCount),
    () => timed(() => void bareWalk(setting.store, false)),
    rounds,
  );
  printRow({
    scenario: "refresh, nothing changed",
    size: setting.size,
    result: milliseconds(subject.median),
    baseline: `${milliseconds(baseline.median)} (bare walk that stats the same paths)`,
    ratio: `${ratio.toFixed(2)}x`,
    bar: "<= 1.3x",
    met: ratio <= 1.3,
  });
  await settledRefresh(setting);
  const experiment = join(setting.store, EXPERIMENT);
  generateRun(experiment, setting.runs, POINTS, new Random(SEED + 1));
  plainRow("refresh after one new run", setting.size, await timed(() => void open(setting).rowCount));
  const names = readdirSync(experiment).filter((name) => name.length === 32);
  for (const name of names.filter((_, index) => index % 100 === 0))
    appendFileSync(join(experiment, name, "metrics", "loss"), "1700000000009 0.5 9\n");
  plainRow(
    "refresh after 1 % of the runs changed in place",
    setting.size,
    await timed(() => void open(setting).rowCount),
  );
}
