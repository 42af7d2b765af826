/** Many processes on one store: nothing lost, nothing doubled, no lock to clean by hand (T5). */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { after, describe, test } from "node:test";
import {
  createFileStore,
  type FileStore,
  fsck,
  initWorkspace,
  openFileStore,
  processOwner,
  readManifest,
  repair,
} from "../../core/index.js";
import { isRunstoneError, type Point } from "../../store-format/index.js";
import { join, type Member } from "./crowd.js";

const full = process.env.RUNSTONE_TIER === "full";
const CROWD = 32;
const POINTS = full ? 2000 : 300;
const places: string[] = [];

after(() => {
  for (const place of places) rmSync(place, { recursive: true, force: true });
});

function newStore(): { path: string; store: FileStore } {
  const place = mkdtempSync(joinPath(tmpdir(), "runstone-crowd-"));
  places.push(place);
  const path = joinPath(place, "mlruns");
  return { path, store: createFileStore({ cwd: place, path }) };
}

async function pointsOf(store: FileStore, runId: string): Promise<Map<string, Point[]>> {
  const found = new Map<string, Point[]>();
  for (const key of Object.keys((await store.getRun(runId)).metrics)) {
    const points: Point[] = [];
    for await (const point of store.getMetricHistory(runId, key)) points.push(point);
    found.set(key, points);
  }
  return found;
}

/** Every acknowledged point once; of a killed member at most the one it was about to acknowledge besides. */
function assertExact(points: Map<string, Point[]>, members: readonly Member[]): void {
  const perMember = members.map(() => [] as number[]);
  for (const point of [...points.values()].flat()) perMember[Number(point.step)]?.push(point.value);
  for (const [id, member] of members.entries()) {
    const acked = member.said
      .filter((line) => line.startsWith("acked "))
      .map((line) => Number(line.slice(6)));
    const found = (perMember[id] ?? []).sort((a, b) => a - b);
    assert.deepEqual(found.slice(0, acked.length), acked, `member ${id}`);
    assert.ok(
      found.length - acked.length <= (member.child.signalCode === null ? 0 : 1),
      `member ${id} has points nobody sent`,
    );
    assert.equal(new Set(found).size, found.length, `member ${id} has a point twice`);
  }
}

describe("a crowd of 32 processes", () => {
  test("into one run, every fourth killed while it appends: every acknowledged point once, also after the seal", async () => {
    const { store, path } = newStore();
    const { info } = await store.createRun({ experimentId: "0" });
    const members = Array.from({ length: CROWD }, (_, id) =>
      join(path, "points", id, info.runId, String(POINTS)),
    );
    for (const [id, member] of members.entries())
      if (id % 4 === 0) void member.heard(`acked ${20 + id}`).then(() => member.child.kill("SIGKILL"));
    await Promise.all(members.map((member) => member.done));
    assert.ok(members.some((member) => member.child.signalCode === "SIGKILL"));
    assertExact(await pointsOf(store, info.runId), members);
    await (await store.openRun(info.runId)).end({ status: "FINISHED" });
    assertExact(await pointsOf(store, info.runId), members);
    assert.notEqual(readManifest(joinPath(path, "0", info.runId)), null);
    const lost = fsck(store.context).damages.filter((damage) => damage.severity === "lost");
    assert.deepEqual(
      lost.filter((damage) => damage.kind !== "metric_line_torn"),
      [],
    );
    assert.deepEqual(repair(store.context).failures, []);
    assertExact(await pointsOf(store, info.runId), members);
  });

  test("one experiment name: one creates it, all use it, 32 runs are in it", async () => {
    const { store, path } = newStore();
    const members = Array.from({ length: CROWD }, (_, id) => join(path, "experiment", id, "shared name"));
    await Promise.all(members.map((member) => member.done));
    assert.equal(members.filter((member) => member.said[0]?.startsWith("created ")).length, 1);
    assert.equal(new Set(members.map((member) => member.said[0]?.split(" ")[1])).size, 1);
    const experiment = await store.getExperimentByName("shared name");
    const names: string[] = [];
    for await (const run of store.listRuns({ experimentIds: [experiment?.experimentId ?? ""] }))
      names.push(run.info.runName);
    assert.deepEqual(names.sort(), members.map((_, id) => `r${id}`).sort());
    assert.ok(!readdirSync(path).includes(".runstone-new.trash"), "the building site is gone");
  });

  test("one run key: one creates the run, the others find it", async () => {
    const { path } = newStore();
    const members = Array.from({ length: CROWD }, (_, id) => join(path, "key", id, "job-7"));
    await Promise.all(members.map((member) => member.done));
    assert.equal(members.filter((member) => member.said[0]?.startsWith("created ")).length, 1);
    assert.equal(new Set(members.map((member) => member.said[0]?.split(" ")[1])).size, 1);
  });

  test("one artifact: the last to write wins, whole; equal content is one object", async () => {
    const place = mkdtempSync(joinPath(tmpdir(), "runstone-crowd-"));
    places.push(place);
    const { root } = initWorkspace(place);
    const store = openFileStore({ cwd: place });
    const { info } = await store.createRun({ experimentId: "0" });
    const members = Array.from({ length: CROWD }, (_, id) => join(root, "artifact", id, info.runId));
    await Promise.all(members.map((member) => member.done));
    await (await store.openRun(info.runId)).end({ status: "FINISHED" });
    const bytes = readFileSync(joinPath(root, "0", info.runId, "artifacts", "same.txt"));
    assert.equal(bytes.length, 100_000);
    assert.ok(
      members.some((_, id) => bytes.equals(Buffer.alloc(100_000, String(id)))),
      "the content is a mix",
    );
    assert.deepEqual(fsck(store.context).damages, []);
  });
});

describe("a holder that is frozen", () => {
  test("a run ended by another is sealed when the frozen writer goes on and ends; no point is lost", async () => {
    const { store, path } = newStore();
    const { info } = await store.createRun({ experimentId: "0" });
    const holder = join(path, "hold", 0, info.runId);
    await holder.heard("held");
    holder.child.kill("SIGSTOP");
    await assert.rejects(store.openRun(info.runId, { owner: processOwner("other") }), (error: unknown) =>
      isRunstoneError(error, "LEASE_HELD"),
    );
    const other = await store.openRun(info.runId);
    other.logMetrics([{ key: "held", value: 3, step: 2, timestamp: 3 }]);
    await other.end({ status: "FINISHED" });
    const directory = joinPath(path, "0", info.runId);
    assert.equal(readManifest(directory), null, "sealed under a live writer");
    holder.child.kill("SIGCONT");
    holder.child.stdin?.write("go\n");
    await holder.done;
    assert.deepEqual(
      (await pointsOf(store, info.runId))
        .get("held")
        ?.map((point) => point.value)
        .sort(),
      [1, 2, 3],
    );
    assert.notEqual(readManifest(directory), null);
  });

  test("a holder killed while it holds: the run is taken over at once and nothing is in the way", async () => {
    const { store, path } = newStore();
    const { info } = await store.createRun({ experimentId: "0" });
    const holder = join(path, "hold", 0, info.runId);
    await holder.heard("held");
    holder.child.kill("SIGKILL");
    await holder.done;
    const writer = await store.resumeRun(info.runId, { owner: processOwner("next") });
    writer.logMetrics([{ key: "held", value: 2, step: 1, timestamp: 2 }]);
    await writer.end({ status: "FINISHED" });
    assert.deepEqual(
      (await pointsOf(store, info.runId)).get("held")?.map((point) => point.value),
      [1, 2],
    );
    assert.deepEqual(fsck(store.context).damages, []);
    const left = readdirSync(joinPath(path, "0", info.runId)).sort();
    assert.deepEqual(left, ["artifacts", "manifest.yaml", "meta.yaml", "metrics", "params", "tags"]);
  });
});
