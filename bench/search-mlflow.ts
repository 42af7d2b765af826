/** MLflow's own search over the same files: its file store, and its SQLite store filled by SQL. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { mlflowEnvironment } from "../test/helpers/mlflow.js";
import { pythonWith, REPOSITORY } from "../test/helpers/python.js";
import { generateStore } from "./generate-store.js";
import { summarize } from "./measure.js";
import { milliseconds } from "./table.js";

export interface MlflowSearch {
  readonly store: string;
  /** Scratch space. */
  readonly directory: string;
  readonly experiment: string;
  readonly runs: number;
  readonly query: { readonly filter: string; readonly orderBy: readonly string[]; readonly limit: number };
}

export interface MlflowTimes {
  /** Milliseconds. */
  readonly sqlite: number;
  /** As text: measured, or extrapolated and marked so. */
  readonly files: string;
  /** What it found. */
  readonly ids: readonly string[];
}

const SCRIPT = join(REPOSITORY, "bench", "search-mlflow.py");
/** It reads every file of every run: for more runs than these, minutes a search. */
const MOST_RUNS_OF_FILES = 10_000;
const SMALLER = 1_000;

/** Null where Python or PyPI is missing. */
export async function mlflowSearch(search: MlflowSearch): Promise<MlflowTimes | null> {
  const found = await pythonWith({
    name: "mlflow-sqlite",
    minimum: [3, 11],
    requirements: ["mlflow-skinny==3.17.2", "sqlalchemy<3", "alembic<2"],
  });
  if (found.skip !== false) return null;
  const ask = asker(found.python, search);
  ask({ kind: "sqlite", load: true, rounds: 0 });
  const sqlite = ask({ kind: "sqlite", rounds: 5 });
  return { sqlite: summarize(sqlite.ms).median, files: timeOfFiles(ask, search), ids: sqlite.ids };
}

interface Answer {
  readonly ids: readonly string[];
  readonly ms: readonly number[];
}

type Ask = (request: object) => Answer;

function asker(python: string, { store, directory, experiment, query }: MlflowSearch): Ask {
  const asked = { filter: query.filter, order_by: query.orderBy, limit: query.limit };
  const common = { store, experiment, query: asked, database: join(directory, "mlflow.db") };
  return (request) => {
    const said = execFileSync(python, [SCRIPT, JSON.stringify({ ...common, ...request })], {
      cwd: directory,
      env: mlflowEnvironment(),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return JSON.parse(said.trim().split("\n").at(-1) ?? "");
  };
}

function timeOfFiles(ask: Ask, { runs, directory }: MlflowSearch): string {
  if (runs <= MOST_RUNS_OF_FILES) return milliseconds(onceOfFiles(ask));
  const store = join(directory, "smaller");
  generateStore({ path: store, runs: SMALLER, seed: 1, points: 1 });
  return `about ${Math.round((onceOfFiles(ask, store) * runs) / SMALLER / 1000)} s, extrapolated from ${SMALLER.toLocaleString("en")} runs,`;
}

/** Milliseconds. */
function onceOfFiles(ask: Ask, store?: string): number {
  const request = { kind: "files", rounds: 1, ...(store === undefined ? {} : { store }) };
  return summarize(ask(request).ms).median;
}
