/** Whatever two stores do, once both have synced both ways they hold the same, and a further sync moves nothing. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { FileStore } from "../../core/index.js";
import fc from "../helpers/fast-check.js";
import { directoryPeer } from "../helpers/native-peers.js";
import { contentsOf, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";

type Side = 0 | 1;

interface Edit {
  readonly side: Side;
  readonly what: "run" | "tag" | "untag" | "points" | "param" | "artifact" | "sync" | "rename";
  /** Which run, of those that the side has. */
  readonly which: number;
  readonly n: number;
}

const edits = fc.array(
  fc.record({
    side: fc.constantFrom<Side>(0, 1),
    what: fc.constantFrom<Edit["what"]>(
      "run",
      "tag",
      "untag",
      "points",
      "param",
      "artifact",
      "sync",
      "rename",
    ),
    which: fc.nat(20),
    n: fc.nat(5),
  }),
  { minLength: 3, maxLength: 14 },
);

/** Each side has keys of its own: what both change differently is a conflict, which is another test's matter. */
async function apply(store: FileStore, { side, what, which, n }: Edit): Promise<void> {
  const runs: string[] = [];
  for await (const run of store.listRuns()) runs.push(run.info.runId);
  const runId = runs.sort()[which % Math.max(1, runs.length)];
  if (what === "run" || runId === undefined) {
    await makeRun(store, {
      params: { n: String(n) },
      metrics: points("loss", 0, n),
      artifacts: { a: `${n}` },
    });
    return;
  }
  if (what === "tag") await store.setTags(runId, { [`side${side}`]: String(n), same: "x" });
  if (what === "untag" && (await store.getRun(runId)).tags[`side${side}`] !== undefined)
    await store.deleteTag(runId, `side${side}`);
  if (what === "points") await store.logBatch(runId, { metrics: points("loss", n, n + 3) });
  if (what === "param") await store.logBatch(runId, { params: { [`p${side}.${n}`]: "v" } });
  if (what === "artifact") {
    const writer = await store.openRun(runId);
    writer.logArtifactBytes(`side${side}/${n}`, Buffer.from("bytes"));
    await writer.close();
  }
  if (what === "rename" && side === 0) await store.updateRun(runId, { runName: `name ${n}` });
}

test("two stores that sync both ways end equal", async (t) => {
  const runs = process.env["RUNSTONE_TIER"] === "full" ? 100 : 6;
  await fc.assert(
    fc.asyncProperty(edits, async (list) => {
      const stores = [newWorkspace(t), newWorkspace(t)] as const;
      const directory = join(temporaryDirectory(t), "lab");
      const sync = (side: Side) =>
        syncWith(stores[side].context, directoryPeer(directory), { direction: "both" });
      for (const edit of list) {
        if (edit.what === "sync") await sync(edit.side);
        else await apply(stores[edit.side], edit);
      }
      for (const side of [0, 1, 0, 1] as const) {
        const { outcomes } = await sync(side);
        const bad = outcomes.filter(({ result }) => result === "failed" || result === "conflict");
        assert.deepEqual(bad, []);
      }
      assert.deepEqual(contentsOf(stores[0].context), contentsOf(stores[1].context));
      for (const side of [0, 1] as const) {
        const { counts, moved } = await sync(side);
        assert.equal(counts.done, 0);
        assert.deepEqual(moved, { params: 0, tags: 0, points: 0, artifacts: 0, bytes: 0 });
      }
    }),
    { numRuns: runs },
  );
});
