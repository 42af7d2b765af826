/**
 * Thousands of searches in MLflow's dialect, answered by Runstone and by MLflow's own file store over the same nasty
 * store: the same ids in the same order on the same pages, and an error where MLflow has one. What may differ is listed in
 * search/deviations.ts and documented.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { releases } from "../helpers/mlflow.js";
import { REPOSITORY } from "../helpers/python.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import { Answerer } from "./search/answer.js";
import { deviationOf, differenceOf } from "./search/compare.js";
import { type Answers, BROKEN_TEXTS, DEVIATIONS } from "./search/deviations.js";
import { explain } from "./search/explain.js";
import { QueryGenerator } from "./search/generate.js";
import { planStore } from "./search/plan.js";
import { type Answer, isRefusal, type Query } from "./search/query.js";
import { shrink } from "./search/shrink.js";
import { buildSearchStore, type SearchStore } from "./search/store.js";

const FULL = process.env.RUNSTONE_TIER === "full";
const SEED = newSeed("RUNSTONE_SEARCH_SEED");
const QUERIES = FULL ? 60_000 : 4_000;
const AT_ONCE = 250;

const { skip, mlflow } = (await releases()).find(({ series }) => series === 3) ?? assert.fail();

test("what may differ is documented", () => {
  const page = readFileSync(join(REPOSITORY, "docs", "reference", "filter.md"), "utf8");
  const rows = page.split("\n").map((line) => line.split(" | ")[0]?.replace(/^\| /, "").trim());
  const missing = DEVIATIONS.filter(({ name }) => !rows.includes(name));
  assert.deepEqual(missing, []);
});

describe(`searches as MLflow's file store answers them (RUNSTONE_SEARCH_SEED=${SEED})`, { skip }, () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "runstone-search-")));
  let store: SearchStore;
  let answerer: Answerer;

  before(async () => {
    store = await buildSearchStore(join(scratch, "mlruns"), planStore(randomOf(SEED)), mlflow);
    answerer = new Answerer(openContext({ path: store.root, cwd: scratch }));
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  test("MLflow's driver may hold what it read", async () => {
    const generator = new QueryGenerator(randomOf(SEED + 2), store);
    const queries = Array.from({ length: 30 }, () => generator.next());
    const request = { uri: store.root, queries };
    const held = (await mlflow.call("search", request)) as readonly Answer[];
    const read = (await mlflow.call("search", { ...request, hold: false })) as readonly Answer[];
    assert.deepEqual(held.map(withoutMessage), read.map(withoutMessage));
  });

  test(`${QUERIES} searches`, async (t) => {
    const generator = new QueryGenerator(randomOf(SEED + 1), store);
    const allowed = new Map<string, number>();
    for (let done = 0; done < QUERIES; done += AT_ONCE) {
      const queries = Array.from({ length: AT_ONCE }, () => generator.next());
      for (const [index, answers] of (await answersTo(queries)).entries())
        await judge(queries[index] as Query, answers, allowed);
    }
    for (const [name, count] of allowed) t.diagnostic(`${name}: ${count}`);
    // A rule must not hide that whole kinds of texts are understood otherwise.
    assert.ok((allowed.get(BROKEN_TEXTS) ?? 0) < QUERIES / 200, BROKEN_TEXTS);
  });

  async function judge(query: Query, answers: Answers, allowed: Map<string, number>): Promise<void> {
    if (differenceOf(answers) === null) return;
    const deviation = deviationOf(query, answers);
    if (deviation === undefined) assert.fail(await account(query));
    allowed.set(deviation.name, (allowed.get(deviation.name) ?? 0) + 1);
  }

  async function account(query: Query): Promise<string> {
    const smallest = await shrink(query, async (candidates) =>
      (await answersTo(candidates)).findIndex(
        (answers, index) =>
          differenceOf(answers) !== null && deviationOf(candidates[index] as Query, answers) === undefined,
      ),
    );
    const [answers] = await answersTo([smallest]);
    return [
      answers && differenceOf(answers),
      `query: ${JSON.stringify(smallest, null, 1)}`,
      ...(answers === undefined ? [] : explain(store, answers)),
      `found as: ${JSON.stringify(query)}`,
      `again: RUNSTONE_SEARCH_SEED=${SEED}`,
    ].join("\n");
  }

  async function answersTo(queries: readonly Query[]): Promise<readonly Answers[]> {
    const theirs = (await mlflow.call("search", { uri: store.root, queries })) as readonly Answer[];
    return queries.map((query, index) => ({
      ours: answerer.answer(query),
      theirs: theirs[index] as Answer,
    }));
  }
});

/** Python names objects by their place in memory. */
function withoutMessage(answer: Answer): unknown {
  return isRefusal(answer) ? answer.error.type : answer;
}
