/** What real MLflow writes between two queries is what the second one finds, whatever the size of the store. */
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { RunRecord } from "../../core/search/run-record.js";
import { createFileStore } from "../../core/store/open-store.js";
import { contextWith, open, runsByFiles, runsIn } from "../helpers/indexed-runs.js";
import { releases } from "../helpers/mlflow.js";
import { newSeed, randomOf } from "../helpers/seed.js";

const RELEASES = await releases();
const SEED = newSeed("RUNSTONE_SEED");
const STEPS = process.env.RUNSTONE_TIER === "full" ? 400 : 60;

const TEN_MINUTES = 10 * 60_000;
const DAY = 144 * TEN_MINUTES;

/** What MLflow writes in place: values of tags, and further points of metrics. */
function withoutValues({ tags, metrics, ...rest }: RunRecord): unknown {
  return { ...rest, tags: Object.keys(tags), metrics: Object.keys(metrics) };
}

type Call = readonly [method: string, positional: readonly unknown[]];

for (const { series, skip, mlflow } of RELEASES) {
  describe(`the index beside MLflow ${series}.x`, { skip }, () => {
    const place = realpathSync(mkdtempSync(join(tmpdir(), "runstone-index-mlflow-")));
    after(() => rmSync(place, { recursive: true, force: true }));

    test(`any call of its client is seen at the next query (seed ${SEED})`, async () => {
      const random = randomOf(SEED);
      const any = <T>(things: readonly T[]): T => things[Math.floor(random() * things.length)] as T;
      const root = join(place, "mlruns");
      const store = createFileStore({ cwd: place, path: "mlruns" });
      const { experimentId } = await store.createExperiment({ name: "shared" });
      const runs: string[] = [];
      const start = Date.now() + TEN_MINUTES;
      const small = contextWith(root, join(place, "small"));
      const calls = (runId: string): Call[] => [
        ["set_tag", [runId, any(["a", "b"]), any(["x", "y", "zz"])]],
        ["log_metric", [runId, any(["loss", "acc"]), random(), 1_700_000_000_000, Math.floor(random() * 9)]],
        ["log_param", [runId, `p${Math.floor(random() * 1e6)}`, any(["1", "2"])]],
        ["set_terminated", [runId, any(["FINISHED", "FAILED"])]],
        ["delete_run", [runId]],
        ["restore_run", [runId]],
      ];
      for (let step = 0; step < STEPS; step += 1) {
        const isNew = runs.length === 0 || random() < 0.1;
        const call: Call = isNew ? ["create_run", [experimentId]] : any(calls(any(runs)));
        const [answer] = (await mlflow
          .call("act", { uri: `file://${root}`, calls: [call] })
          .catch(() => [])) as unknown[];
        if (isNew) runs.push(String(answer));
        const truth = runsByFiles(small);
        assert.deepStrictEqual(runsIn(open(small).table), truth, `step ${step}: ${JSON.stringify(call)}`);
        // As a program that starts anew, in a store that counts as large: runs of MLflow's are not sealed.
        const large = contextWith(root, join(place, "large"));
        assert.deepStrictEqual(runsIn(open(large, { smallStoreRuns: 0 }).table), truth);
        // A day after they were read, runs that ended are settled: what is written in place is seen after ten minutes,
        const later = contextWith(root, join(place, "later"));
        const clock = () => start + DAY + step * TEN_MINUTES;
        assert.deepStrictEqual(runsIn(open(later, { smallStoreRuns: 0, clock }).table), truth);
        // and everything else at once: states, new runs and new keys.
        const settled = contextWith(root, join(place, "settled"));
        const atOnce = runsIn(open(settled, { smallStoreRuns: 0, clock: () => start + DAY }).table);
        assert.deepStrictEqual(atOnce.map(withoutValues), truth.map(withoutValues));
      }
      assert.ok(runs.length > 1 && runs.every((runId) => /^[0-9a-f]{32}$/.test(runId)), runs.join(" "));
    });
  });
}
