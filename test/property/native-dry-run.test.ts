/** Whatever two stores and their remote hold: a dry run tells what the transfer after it reports. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { FileStore } from "../../core/index.js";
import type { SyncReport } from "../../sync/engine/report.js";
import type { Direction } from "../../sync/native/plan.js";
import fc from "../helpers/fast-check.js";
import { CONNECTIONS, directoryPeer } from "../helpers/native-peers.js";
import { foreseeWith, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";

interface Step {
  readonly side: 0 | 1;
  readonly what: Direction | "run" | "tag" | "untag" | "points" | "param" | "artifact" | "delete";
  /** Which run, of those that the side has. */
  readonly which: number;
  readonly n: number;
  readonly withArtifacts: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  side: fc.constantFrom<Step["side"]>(0, 1),
  what: fc.constantFrom<Step["what"]>(
    ...(["push", "pull", "both", "push", "both"] as const),
    ...(["run", "tag", "untag", "points", "param", "artifact", "delete"] as const),
  ),
  which: fc.nat(20),
  n: fc.nat(3),
  withArtifacts: fc.boolean(),
});

/** Contents differ from each other, so that none serves another's run. */
let contents = 0;

/** Both sides change the same things, so that there are conflicts, too. */
async function change(store: FileStore, { side, what, which, n }: Step): Promise<void> {
  const runs: string[] = [];
  for await (const { info } of store.listRuns()) if (info.lifecycleStage === "active") runs.push(info.runId);
  const runId = runs.sort()[which % Math.max(1, runs.length)];
  contents += 1;
  if (what === "run" || runId === undefined)
    await makeRun(store, {
      params: { n: String(n) },
      metrics: points("loss", 0, n),
      artifacts: { a: `first ${contents}` },
    });
  else if (what === "tag") await store.setTags(runId, { [`t${n}`]: `${side}` });
  else if (what === "untag" && (await store.getRun(runId)).tags[`t${n}`] !== undefined)
    await store.deleteTag(runId, `t${n}`);
  else if (what === "points") await store.logBatch(runId, { metrics: points(`m${n}`, side, side + 3) });
  else if (what === "param") await store.logBatch(runId, { params: { [`p${side}.${n}`]: "v" } });
  else if (what === "delete") await store.deleteRun(runId);
  else if (what === "artifact") {
    const writer = await store.openRun(runId);
    writer.logArtifactBytes(`dir/${n}`, Buffer.from(`other ${contents}`));
    await writer.close();
  }
}

function told({ counts, moved, outcomes }: SyncReport): object {
  const runs = outcomes.map(({ runId, result, moved: ofRun, conflicts }) => [
    runId,
    { result, moved: ofRun, conflicts },
  ]);
  return { counts, moved, runs: Object.fromEntries(runs.sort()) };
}

for (const [how, connect] of Object.entries(CONNECTIONS))
  test(`a dry run tells what is moved then, ${how}`, async (t) => {
    const runs = process.env["RUNSTONE_TIER"] === "full" ? 60 : 4;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        const stores = [newWorkspace(t), newWorkspace(t)] as const;
        const directory = join(temporaryDirectory(t), "lab");
        // So that a pull finds a store.
        await makeRun(stores[0], { metrics: points("loss", 0, 2), artifacts: { a: "of all" } });
        await syncWith(stores[0].context, directoryPeer(directory), { direction: "push" });
        for (const one of [...steps, { ...steps[0]!, what: "both" } as const]) {
          const { what, side, withArtifacts } = one;
          const { context } = stores[side];
          if (what !== "push" && what !== "pull" && what !== "both") {
            await change(stores[side], one);
            continue;
          }
          const options = { direction: what, withArtifacts, includeDeleted: one.n === 0 };
          const peer = await connect(t, directoryPeer(directory));
          const foreseen = await foreseeWith(context, peer, options);
          assert.deepEqual(told(foreseen), told(await syncWith(context, peer, options)));
        }
      }),
      { numRuns: runs },
    );
  });
