/** Runs as they are named on the command line. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { CommandContext } from "../../cli/context.js";
import { Output } from "../../cli/output/output.js";
import { PLAIN } from "../../cli/output/style.js";
import { openRuns } from "../../cli/store/open-runs.js";
import { resolveRun, resolveRuns, resolveSingly } from "../../cli/store/resolve-runs.js";
import { isRunstoneError } from "../../store-format/index.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { type PlainRun, writePlainStore } from "../helpers/plain-store.js";

const RUNS: readonly PlainRun[] = [
  { id: "aaaa1111", name: "first", startTime: 1_000, metrics: { loss: [3, 0.5], acc: [0.1], odd: [2] } },
  { id: "aaaa2222", name: "second", startTime: 2_000, metrics: { loss: [0.4, 0.6], acc: [0.9], odd: [1] } },
  { id: "bbbb1111", name: "twin", startTime: 3_000, params: { lr: "0.1" }, metrics: { loss: "1 nan 0\n" } },
  { id: "bbbb2222", name: "twin", startTime: 4_000, params: { lr: "0.10" } },
];

function opened(t: Parameters<typeof temporaryDirectory>[0]) {
  const directory = temporaryDirectory(t);
  const store = writePlainStore(directory, RUNS);
  const context: CommandContext = {
    cwd: directory,
    env: {},
    store,
    stores: [store],
    json: false,
    refresh: "auto",
    out: new Output(1),
    err: new Output(2),
    style: PLAIN,
    width: undefined,
    tail: [],
    now: () => 10_000,
    atEnd: () => undefined,
  };
  const runs = openRuns(context, { onDamage: () => undefined });
  const names = (...words: string[]) =>
    resolveRuns(context, runs, words).map(({ runId }) => runId.replace(/0+$/, ""));
  const refused = (word: string) => {
    try {
      resolveRun(context, runs, word);
    } catch (error) {
      if (isRunstoneError(error)) return { code: error.code, hint: error.hint ?? "", data: error.data };
      throw error;
    }
    return assert.fail(`${word} was understood`);
  };
  const single = (...words: string[]) =>
    resolveSingly(context, runs, words).map(({ runId }) => runId.replace(/0+$/, ""));
  return { store, names, single, refused };
}

describe("words that name runs", () => {
  test("ids, prefixes, names, the newest, the best, filters; in their order, none twice", (t) => {
    const { names } = opened(t);
    assert.deepEqual(names("aaaa1"), ["aaaa1111"]);
    assert.deepEqual(names("aaaa1111".padEnd(32, "0")), ["aaaa1111"]);
    assert.deepEqual(names("second", "first", "aaaa2"), ["aaaa2222", "aaaa1111"]);
    assert.deepEqual(names("@last", "@last~1"), ["bbbb2222", "bbbb1111"]);
    assert.deepEqual(names("@best(loss)"), ["aaaa1111"]);
    assert.deepEqual(names("@best(metrics.loss.min)"), ["aaaa2222"]);
    assert.deepEqual(names("@best(acc)"), ["aaaa2222"]);
    assert.deepEqual(names("@best(odd, max)"), ["aaaa1111"]);
    assert.deepEqual(names("params.lr = 0.1"), ["bbbb2222", "bbbb1111"]);
  });

  test("a word that names no run finds runs by their names, as the listing does", (t) => {
    const { names, single, refused } = opened(t);
    assert.deepEqual(names("sec"), ["aaaa2222"]);
    assert.deepEqual(names("twi"), ["bbbb2222", "bbbb1111"]);
    assert.deepEqual(single("sec", "params.lr = 0.1"), ["aaaa2222", "bbbb2222", "bbbb1111"]);
    assert.throws(
      () => single("first", "twi"),
      (error) =>
        isRunstoneError(error, "INVALID_PARAMETER_VALUE") && /bbbb2222.*bbbb1111/.test(error.hint ?? ""),
    );
    assert.equal(refused("metrics.loss").code, "RESOURCE_DOES_NOT_EXIST");
    assert.equal(refused("x".repeat(100_000)).code, "RESOURCE_DOES_NOT_EXIST");
  });

  test("what names several runs lists them", (t) => {
    const { refused } = opened(t);
    const { code, hint, data } = refused("twin");
    assert.equal(code, "INVALID_PARAMETER_VALUE");
    assert.match(hint, /bbbb11110000 \(twin\), bbbb22220000 \(twin\)/);
    assert.equal((data.candidates as readonly string[]).length, 2);
    assert.equal(refused("aaaa").code, "INVALID_PARAMETER_VALUE");
    assert.equal(refused("params.lr = 0.1").code, "INVALID_PARAMETER_VALUE");
  });

  test("what names none says what was probably meant", (t) => {
    const { refused } = opened(t);
    assert.deepEqual(
      [refused("secnod").code, refused("secnod").hint],
      ["RESOURCE_DOES_NOT_EXIST", "Did you mean second?"],
    );
    assert.match(refused("@best(los)").hint, /Did you mean loss\?/);
    assert.match(refused("@last~4").hint, /There are 4 active runs/);
    assert.equal(refused("metrics.loss > 100").code, "RESOURCE_DOES_NOT_EXIST");
  });

  test("what means nothing is refused, not guessed", (t) => {
    const { refused } = opened(t);
    assert.match(refused("@best(odd)").hint, /@best\(odd,min\) or @best\(odd,max\)/);
    for (const word of ["@lost", "@last~x", "@best()", "metrics.loss <"])
      assert.equal(refused(word).code, "INVALID_PARAMETER_VALUE", word);
    assert.equal(refused("").code, "RESOURCE_DOES_NOT_EXIST");
  });

  test("a damaged run is found by its id, and is never the newest", (t) => {
    const { store, names } = opened(t);
    mkdirSync(join(store, "0", "cccc1111".padEnd(32, "0"), "params"), { recursive: true });
    assert.deepEqual(names("cccc1"), ["cccc1111"]);
    assert.deepEqual(names("@last"), ["bbbb2222"]);
  });
});
