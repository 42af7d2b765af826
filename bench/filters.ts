/** Filters that are built to cost much, over a generated store with its index current: an answer or a typed error, soon. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openRunTable } from "../core/index/open-run-table.js";
import type { RunTable } from "../core/search/run-table.js";
import { searchRunTable } from "../core/search/search-runs.js";
import { openContext } from "../core/store/open-context.js";
import { isRunstoneError } from "../store-format/index.js";
import { generateStore } from "./generate-store.js";
import { summarize } from "./measure.js";
import { milliseconds, printRow } from "./table.js";

const SEED = 20_261;
const ROUNDS = 7;
const BAR = 100;

function terms(count: number, term: (index: number) => string, join: string): string {
  return Array.from({ length: count }, (_, index) => term(index)).join(join);
}

const FILTERS: Readonly<Record<string, string>> = {
  "1,000,000 characters": `name = '${"x".repeat(1_000_000)}'`,
  "400,000 characters": `name = '${"x".repeat(400_000)}'`,
  "10,000 terms": terms(10_000, (index) => `metrics.acc > -${index}`, " AND "),
  "1,000 terms": terms(1_000, (index) => `metrics.acc > -${index}`, " AND "),
  "100 terms": terms(100, (index) => `metrics.acc > -${index}`, " AND "),
  "LIKE with 1,000 wildcards": `tags.tag5 LIKE '${"%_".repeat(500)}%'`,
  "LIKE with 1,000 wildcards and as many letters": `tags.tag5 LIKE '${"%e".repeat(1_000)}'`,
  "keys called __proto__": "params.__proto__ = '1' OR metrics.__proto__ > 1 OR tags.`__proto__` LIKE '%'",
  "100 ILIKE": terms(100, (index) => `tags.tag5 ILIKE '%Q${index}%'`, " OR "),
  "100 words": terms(100, (index) => `word${index}`, " OR "),
  "10,000 ids": `id IN (${terms(10_000, (index) => index.toString(16).padStart(8, "0"), ",")})`,
  "regular expression of many states": "run_id =~ '(a|[b-f0-9])*a.{200}'",
};

export function benchFilters(place: string, runs: number): void {
  const directory = mkdtempSync(join(place, "runstone-bench-"));
  try {
    const store = join(directory, "mlruns");
    generateStore({ path: store, runs, seed: SEED, points: 1 });
    const context = openContext({
      cwd: store,
      path: store,
      indexDirectory: join(directory, "index"),
      now: Date.now,
    });
    void openRunTable(context, { refresh: "auto" }).rowCount;
    for (const [name, filter] of Object.entries(FILTERS)) {
      const times: number[] = [];
      let outcome = "";
      for (let round = 0; round < ROUNDS; round += 1) {
        const table = openRunTable(context, { refresh: "none" });
        const start = performance.now();
        outcome = outcomeOf(table, filter);
        times.push(performance.now() - start);
      }
      const { median, max } = summarize(times);
      printRow({
        scenario: `hostile filter: ${name}`,
        size: `${runs.toLocaleString("en")} runs`,
        result: `${milliseconds(median)}, at most ${milliseconds(max)}`,
        baseline: outcome,
        ratio: "",
        bar: `<= ${BAR} ms`,
        met: max <= BAR,
      });
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function outcomeOf(table: RunTable, filter: string): string {
  try {
    const { total } = searchRunTable(table, { filter, dialect: "runstone", maxResults: 50, now: Date.now() });
    return `${total.toLocaleString("en")} runs found`;
  } catch (error) {
    if (isRunstoneError(error, "INVALID_PARAMETER_VALUE")) return "refused";
    throw error;
  }
}
