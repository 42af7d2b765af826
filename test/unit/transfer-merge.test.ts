import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type FileStore, fsck, processOwner, verifyRun } from "../../core/index.js";
import type { RunLocation } from "../../core/store/read/located.js";
import { readManifest } from "../../core/store/runs/seal.js";
import {
  type CommonRecord,
  type MergeConflict,
  type MergeOptions,
  mergeRun,
  offerRun,
  type RunDocument,
  readRunDocument,
  readRunHead,
  receiveArtifacts,
  receiveRun,
  resolveConflict,
} from "../../core/transfer/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { type MadeRun, makeRun, newWorkspace, point, points } from "../helpers/transfer-store.js";

interface Twins {
  readonly a: FileStore;
  readonly b: FileStore;
  readonly inA: RunLocation;
  readonly inB: RunLocation;
  readonly base: RunDocument;
}

const NOTHING = { params: 0, tags: 0, points: 0, artifacts: 0 };
const NO_CHANGE = { changed: false, counts: NOTHING, conflicts: [] };

/** The same run in two stores. */
async function twins(t: TestContext, made: MadeRun = {}): Promise<Twins> {
  const [a, b] = [newWorkspace(t), newWorkspace(t)];
  const inA = await makeRun(a, {
    runName: "first",
    params: { lr: "0.1" },
    tags: { team: "a", gone: "x" },
    metrics: points("loss", 0, 5),
    artifacts: { "model.bin": "weights", "plots/roc.png": "png" },
    ...made,
  });
  const base = readRunDocument(a.context, inA).document;
  const { location } = await receiveRun(b.context, offerRun(a.context, inA).run);
  return { a, b, inA, inB: location, base };
}

function commonOf({ tags, info }: RunDocument): CommonRecord {
  const { runName, status, endTime, lifecycleStage } = info;
  return { tags, runName, status, endTime, lifecycleStage };
}

function hashesOf({ artifacts }: RunDocument): Record<string, string> {
  return Object.fromEntries(artifacts.map(({ path, sha256 }) => [path, sha256]));
}

/** Merges the run of B into A. */
async function mergeIntoA(twin: Twins, options: Partial<MergeOptions> = {}) {
  const { a, b, inA, inB, base } = twin;
  const result = await mergeRun(a.context, inA, {
    theirs: offerRun(b.context, inB).run,
    common: commonOf(base),
    commonArtifacts: hashesOf(base),
    ...options,
  });
  const again = await mergeRun(a.context, inA, {
    theirs: offerRun(b.context, inB).run,
    common: commonOf(base),
    commonArtifacts: hashesOf(base),
    ...options,
  });
  assert.deepEqual(again, { ...NO_CHANGE, conflicts: result.conflicts }, "a merge that is repeated");
  return result;
}

function told(conflicts: readonly MergeConflict[]): string[] {
  return conflicts.map(({ field, key, base, mine, theirs }) => [field, key, base, mine, theirs].join(" "));
}

async function assertSound(store: FileStore, run: RunLocation): Promise<void> {
  assert.deepEqual((await fsck(store.context)).damages, []);
  const { damages, changes } = verifyRun(store.context, run);
  assert.deepEqual([damages, changes], [[], []]);
}

const DATASET = { name: "d", digest: "1", sourceType: "local", source: "{}", schema: null, profile: null };

describe("merging", () => {
  test("brings everything that is new there, and seals anew", async (t) => {
    const twin = await twins(t);
    const { a, b, inA, inB } = twin;
    const writer = await b.openRun(inB.runId);
    writer.logParams({ depth: "3", "opt/beta": "0.9" });
    writer.logMetrics([
      ...points("loss", 3, 9),
      { ...point("loss", 1), dataset: DATASET },
      point("new/acc", 0, Number.NaN),
    ]);
    writer.setTags({ team: "b", more: "m" });
    writer.deleteTag("gone");
    writer.logInputs({ datasets: [{ dataset: DATASET, tags: { context: "train" } }] });
    writer.logOutputs([{ modelId: "m-0123456789abcdef0123456789abcdef", step: 4 }]);
    writer.logArtifactBytes("plots/late.png", Buffer.from("late"));
    writer.logArtifactBytes("model.bin", Buffer.from("better weights"));
    await writer.end({ status: "FAILED", endTime: 1_800_000_000_000 });
    await b.updateRun(inB.runId, { runName: "renamed" });
    await b.deleteRun(inB.runId);
    const before = readFileSync(join(inA.directory, "metrics/loss"), "utf8");
    const merged = await mergeIntoA(twin);
    // Of the tags one is removed, and one is the new name.
    const counts = { params: 2, tags: 4, points: 6, artifacts: 2 };
    assert.deepEqual(merged, { changed: true, counts, conflicts: [] });
    const [mine, theirs] = [
      readRunDocument(a.context, inA).document,
      readRunDocument(b.context, inB).document,
    ];
    assert.equal(mine.recordDigest, theirs.recordDigest);
    const { artifactUri: _, ...info } = mine.info;
    const { artifactUri: __, ...expected } = theirs.info;
    assert.deepEqual(info, expected);
    assert.equal(info.lifecycleStage, "deleted");
    const after = readFileSync(join(inA.directory, "metrics/loss"), "utf8");
    assert.ok(after.startsWith(before));
    assert.equal(after.split("\n").length, before.split("\n").length + 5, "no point twice");
    assert.equal(readManifest(inA.directory)?.recordDigest, theirs.recordDigest);
    assert.deepEqual(
      (await fsck(a.context)).damages.filter(({ kind }) => kind !== "logged_model_missing"),
      [],
    );
    assert.equal(readRunHead(a.context, inA)?.recordDigest, theirs.recordDigest);
  });

  test("keeps what was changed here alone", async (t) => {
    const twin = await twins(t);
    const { a, inA } = twin;
    await a.logBatch(inA.runId, {
      params: { more: "1" },
      tags: { team: "mine" },
      metrics: points("loss", 5, 8),
    });
    await a.deleteTag(inA.runId, "gone");
    await a.updateRun(inA.runId, { runName: "mine", status: "KILLED", endTime: 5 });
    await a.deleteRun(inA.runId);
    const before = readRunDocument(a.context, inA).document;
    assert.deepEqual(await mergeIntoA(twin), NO_CHANGE);
    assert.deepEqual(readRunDocument(a.context, inA).document, before);
  });

  test("of what both changed differently names base, mine and theirs, writes nothing of it and all the rest", async (t) => {
    const twin = await twins(t);
    const { a, b, inA, inB } = twin;
    for (const [store, { runId }, side] of [
      [a, inA, "mine"],
      [b, inB, "theirs"],
    ] as const) {
      await store.logBatch(runId, {
        params: { p: side },
        tags: { team: side, same: "s" },
        metrics: [point(side, 1)],
      });
      await store.updateRun(runId, { runName: side, status: side === "mine" ? "KILLED" : "FAILED" });
      await store.artifacts.write({ runId }, "model.bin", streamOf(side));
    }
    const hash = (document: RunDocument) =>
      document.artifacts.find(({ path }) => path === "model.bin")?.sha256;
    const [mine, theirs] = [
      readRunDocument(a.context, inA).document,
      readRunDocument(b.context, inB).document,
    ];
    const { changed, conflicts } = await mergeIntoA(twin);
    assert.ok(changed);
    assert.deepEqual(told(conflicts), [
      "param p  mine theirs",
      "tag team a mine theirs",
      `artifact model.bin ${hash(twin.base)} ${hash(mine)} ${hash(theirs)}`,
      "name  first mine theirs",
      "status  FINISHED KILLED FAILED",
    ]);
    const after = readRunDocument(a.context, inA).document;
    assert.deepEqual([after.params["p"], after.tags["team"], after.info.runName], ["mine", "mine", "mine"]);
    assert.ok(after.series.some(({ key }) => key === "theirs"));
    await assertSound(a, inA);
  });

  test("is told from removal when nothing is known of before, or the other side is damaged", async (t) => {
    const twin = await twins(t);
    const { a, b, inA, inB } = twin;
    await b.deleteTag(inB.runId, "gone");
    await b.deleteRun(inB.runId);
    assert.deepEqual(await mergeIntoA(twin, { common: null }), NO_CHANGE);
    rmSync(join(inB.directory, "tags/team"));
    writeFileSync(join(inB.directory, "metrics/loss"), "nonsense\n");
    const { run } = offerRun(b.context, inB);
    assert.ok(run.incomplete);
    await mergeRun(a.context, inA, { theirs: run, common: commonOf(twin.base) });
    const { document } = readRunDocument(a.context, inA);
    assert.deepEqual([document.tags["team"], document.tags["gone"]], ["a", "x"]);
    assert.equal(document.series[0]?.count, 5);
    assert.equal(document.info.lifecycleStage, "deleted");
  });

  test("a run that is live here gets the points through a slot of its own, and keeps its state", async (t) => {
    const twin = await twins(t, { end: false });
    const { a, b, inA, inB } = twin;
    const live = await a.openRun(inA.runId, { owner: processOwner("test") });
    live.logMetrics(points("loss", 5, 7));
    await b.logBatch(inB.runId, { metrics: points("loss", 7, 9), tags: { team: "b" } });
    await b.updateRun(inB.runId, { status: "KILLED", endTime: 7 });
    assert.deepEqual((await mergeIntoA(twin)).conflicts, []);
    live.logMetrics(points("loss", 9, 11));
    assert.equal((await a.getRun(inA.runId)).info.status, "RUNNING");
    assert.equal((await a.getRun(inA.runId)).tags["team"], "b");
    await live.end({ status: "FINISHED" });
    const steps = readFileSync(join(inA.directory, "metrics/loss"), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => Number(line.split(" ")[2]));
    assert.deepEqual(
      steps.sort((x, y) => x - y),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    await assertSound(a, inA);
  });

  test("ends a run that ended there, and seals it; revives one that was resumed there", async (t) => {
    const twin = await twins(t, { end: false });
    const { a, b, inA, inB } = twin;
    await (await b.openRun(inB.runId)).end({ status: "FINISHED", endTime: 9 });
    assert.deepEqual(await mergeIntoA(twin), { changed: true, counts: NOTHING, conflicts: [] });
    assert.equal(readManifest(inA.directory)?.recordDigest, readManifest(inB.directory)?.recordDigest);
    await assertSound(a, inA);
    const ended = readRunDocument(a.context, inA).document;
    await (await b.resumeRun(inB.runId)).close();
    const theirs = offerRun(b.context, inB).run;
    const common = commonOf(ended);
    assert.ok((await mergeRun(a.context, inA, { theirs, common })).changed);
    assert.equal((await a.getRun(inA.runId)).info.status, "RUNNING");
    assert.equal(readFileSync(join(inA.directory, ".gitignore"), "utf8"), "*\n");
    assert.equal((await mergeRun(a.context, inA, { theirs, common: null })).changed, false);
  });

  test("keys and paths that cannot lie beside those here are conflicts, and the rest is merged", async (t) => {
    const twin = await twins(t);
    const { a, b, inA, inB } = twin;
    await a.logBatch(inA.runId, { params: { x: "1" }, tags: { x: "1" }, metrics: [point("x", 1)] });
    await b.logBatch(inB.runId, { params: { "x/y": "1" }, tags: { "x/y": "1" }, metrics: [point("x/y", 1)] });
    await b.artifacts.write({ runId: inB.runId }, "model.txt", streamOf("t"));
    await a.artifacts.write({ runId: inA.runId }, "model.txt/inside", streamOf("t"));
    const { conflicts } = await mergeIntoA(twin);
    assert.deepEqual(
      conflicts.map(({ field, key }) => `${field} ${key}`),
      ["param x/y", "tag x/y", "metric x/y", "artifact model.txt"],
    );
    await assertSound(a, inA);
  });

  test("without bytes records what is new as absent; they are brought later", async (t) => {
    for (const end of [true, false]) {
      const twin = await twins(t, { end });
      const { a, b, inA, inB } = twin;
      await b.artifacts.write({ runId: inB.runId }, "late/one.bin", streamOf("one"));
      await b.artifacts.write({ runId: inB.runId }, "two.bin", streamOf("two"));
      const theirs = offerRun(b.context, inB, { artifacts: false }).run;
      assert.ok((await mergeRun(a.context, inA, { theirs, common: null })).changed);
      assert.equal((await mergeRun(a.context, inA, { theirs, common: null })).changed, false);
      const absentNow = () =>
        readRunDocument(a.context, inA)
          .document.artifacts.filter(({ absent }) => absent === true)
          .map(({ path }) => path);
      assert.deepEqual(absentNow(), ["late/one.bin", "two.bin"]);
      const source = offerRun(b.context, inB).run.artifact;
      const one = await receiveArtifacts(a.context, inA, {
        source,
        isWanted: ({ path }) => path === "two.bin",
      });
      assert.deepEqual([one.received.length, absentNow()], [1, ["late/one.bin"]]);
      const none = await receiveArtifacts(a.context, inA, { source: () => null });
      assert.deepEqual([none.received.length, none.missing.length], [0, 1]);
      await assert.rejects(
        receiveArtifacts(a.context, inA, { source: () => [Buffer.from("oNe")] }),
        (error) => isRunstoneError(error, "DAMAGED"),
      );
      assert.deepEqual(absentNow(), ["late/one.bin"]);
      await receiveArtifacts(a.context, inA, { source });
      assert.deepEqual(absentNow(), []);
      assert.equal(readFileSync(join(inA.directory, "artifacts/late/one.bin"), "utf8"), "one");
      if (!end) await (await a.openRun(inA.runId)).end({ status: "FINISHED" });
      await assertSound(a, inA);
      assert.equal(
        readRunDocument(a.context, inA).document.recordDigest,
        readRunDocument(b.context, inB).document.recordDigest,
      );
    }
  });
});

async function* streamOf(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

describe("settling a conflict", () => {
  test("makes both sides equal, params too, and leaves a sound seal", async (t) => {
    const twin = await twins(t);
    const { a, b, inA, inB } = twin;
    for (const [store, { runId }, side] of [
      [a, inA, "mine"],
      [b, inB, "theirs"],
    ] as const) {
      await store.logBatch(runId, { params: { p: side, "d/q": "same" }, tags: { team: side } });
      await store.updateRun(runId, { runName: side, endTime: side === "mine" ? 1 : 2 });
      await store.artifacts.write({ runId }, "model.bin", streamOf(side));
    }
    await b.deleteTag(inB.runId, "gone");
    await a.setTags(inA.runId, { gone: "edited" });
    const theirs = offerRun(b.context, inB).run;
    const { conflicts } = await mergeIntoA(twin);
    assert.deepEqual(conflicts.map(({ field, key }) => `${field} ${key ?? ""}`).sort(), [
      "artifact model.bin",
      "end_time ",
      "name ",
      "param p",
      "tag gone",
      "tag team",
    ]);
    for (const conflict of conflicts) {
      const head = theirs.document.artifacts.find(({ path }) => path === conflict.key);
      await resolveConflict(a.context, inA, conflict, {
        value: conflict.theirs,
        ...(conflict.field === "artifact" && head !== undefined
          ? { artifact: { head, source: theirs.artifact } }
          : {}),
      });
      await assertSound(a, inA);
    }
    assert.equal(readRunDocument(a.context, inA).document.recordDigest, theirs.document.recordDigest);
    assert.deepEqual((await mergeIntoA(twin)).conflicts, []);
    await resolveConflict(a.context, inA, { field: "status", key: null }, { value: "KILLED" });
    await resolveConflict(a.context, inA, { field: "lifecycle_stage", key: null }, { value: "deleted" });
    const { info } = readRunDocument(a.context, inA).document;
    assert.deepEqual([info.status, info.lifecycleStage, info.runName], ["KILLED", "deleted", "theirs"]);
  });

  test("refuses what cannot be, and a way out of the run", async (t) => {
    const { a, inA } = await twins(t);
    for (const [field, key, value] of [
      ["status", null, "DONE"],
      ["end_time", null, "1.5"],
      ["param", "lr", null],
      ["param", "../../x", "1"],
      ["tag", "../../x", null],
      ["artifact", "../x", "0".repeat(64)],
      ["name", null, null],
    ] as const) {
      const head = { path: "../x", size: 1, sha256: "0".repeat(64) };
      const artifact = { head, source: () => [Buffer.from("x")] };
      await assert.rejects(resolveConflict(a.context, inA, { field, key }, { value, artifact }), (error) =>
        isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
      );
    }
  });
});
