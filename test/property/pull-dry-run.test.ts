/** Whatever two stores and a server hold: a dry run of a pull tells what the pull after it reports, and what a push has left to do then. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileStore } from "../../core/index.js";
import type { SyncReport } from "../../sync/engine/report.js";
import fc from "../helpers/fast-check.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";
import { foreseeOnce } from "../sync/foresee-once.js";
import { pullOnce } from "../sync/pull-once.js";
import { pushOnce } from "../sync/push-once.js";

interface Step {
  readonly side: 0 | 1;
  readonly what: "push" | "pull" | "both" | "run" | "tag" | "untag" | "points" | "param" | "artifact";
  /** Which run, of those that the side has. */
  readonly which: number;
  readonly n: number;
  readonly withArtifacts: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  side: fc.constantFrom<Step["side"]>(0, 1),
  what: fc.constantFrom<Step["what"]>(
    ...(["push", "pull", "both", "push", "both"] as const),
    ...(["run", "tag", "untag", "points", "param", "artifact"] as const),
  ),
  which: fc.nat(20),
  n: fc.nat(3),
  withArtifacts: fc.boolean(),
});

/** What a push without artifacts left out is due still. */
const SENT_WITHOUT_ITS_ARTIFACT: readonly Step[] = (
  [
    [1, "push", true],
    [1, "pull", false],
    [1, "artifact", false],
    [0, "push", false],
    [1, "push", false],
  ] as const
).map(([side, what, withArtifacts]) => ({ side, what, withArtifacts, which: 0, n: 0 }));

/** Sizes differ, too: of an artifact that has the size of the one here, only the pull tells whether it is another one. */
let contents = 0;

/** Both sides change the same things, so that there are conflicts, too. */
async function change(store: FileStore, { side, what, which, n }: Step): Promise<void> {
  const runs: string[] = [];
  for await (const { info } of store.listRuns()) runs.push(info.runId);
  const runId = runs.sort()[which % Math.max(1, runs.length)];
  contents += 1;
  if (what === "run" || runId === undefined)
    await makeRun(store, {
      params: { n: String(n) },
      metrics: points("loss", 0, n),
      artifacts: { a: "first".padEnd(contents, ".") },
    });
  else if (what === "tag") await store.setTags(runId, { [`t${n}`]: `${side}` });
  else if (what === "untag" && (await store.getRun(runId)).tags[`t${n}`] !== undefined)
    await store.deleteTag(runId, `t${n}`);
  else if (what === "points") await store.logBatch(runId, { metrics: points(`m${n}`, side, side + 3) });
  else if (what === "param") await store.logBatch(runId, { params: { [`p${side}.${n}`]: "v" } });
  else if (what === "artifact") {
    const writer = await store.openRun(runId);
    writer.logArtifactBytes(`dir/${n}`, Buffer.from("other".padEnd(contents, ".")));
    await writer.close();
  }
}

function told({ counts, moved, outcomes }: SyncReport): object {
  const runs = outcomes.map(({ runId, result, moved: ofRun }) => [runId, { result, moved: ofRun }]);
  return { counts, moved, runs: Object.fromEntries(runs.sort()) };
}

test("a dry run of a pull from a server tells what is pulled then, and what is left to push", async (t) => {
  const { url, model } = await startMlflowModel(t);
  const runs = process.env["RUNSTONE_TIER"] === "full" ? 60 : 6;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 12 }) as fc.Arbitrary<readonly Step[]>,
      async (steps) => {
        model.restore(null);
        const stores = [newWorkspace(t), newWorkspace(t)] as const;
        const directories = stores.map(({ context }) => context.workspace!) as [string, string];
        await makeRun(stores[0], { metrics: points("loss", 0, 2), artifacts: { a: "of all" } });
        await pushOnce({ directory: directories[0], url });
        for (const one of [...steps, { ...steps[0]!, what: "both" } as const]) {
          const { what, side, withArtifacts } = one;
          const directory = directories[side];
          if (what === "push") await pushOnce({ directory, url, push: { withArtifacts } });
          if (what !== "pull" && what !== "both") {
            if (what !== "push") await change(stores[side], one);
            continue;
          }
          const pull = { withArtifacts };
          const { left, ...foreseen } = await foreseeOnce({ directory, url, pull });
          assert.deepEqual(told(foreseen), told(await pullOnce({ directory, url, pull })));
          if (what !== "both") continue;
          const pushed = await pushOnce({ directory, url, push: { withArtifacts } });
          const sent = new Map(pushed.outcomes.map(({ runId, moved }) => [runId, moved]));
          for (const [runId, moved] of left) {
            const { params = 0, points: count = 0, artifacts = 0, bytes = 0 } = sent.get(runId) ?? {};
            const expected = moved ?? { params: 0, points: 0, artifacts: 0, bytes: 0 };
            assert.deepEqual(
              { params, points: count, artifacts, bytes },
              {
                params: expected.params,
                points: expected.points,
                artifacts: expected.artifacts,
                bytes: expected.bytes,
              },
              runId,
            );
          }
        }
      },
    ),
    { numRuns: runs, examples: [[SENT_WITHOUT_ITS_ARTIFACT]] },
  );
});
