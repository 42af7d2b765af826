import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { processOwner, takeLease } from "../../core/leases/index.js";
import { isSameMark, listRunHeads, readRunHead } from "../../core/transfer/index.js";
import type { Damage } from "../../store-format/index.js";
import { makeRun, newWorkspace, points, settledMark } from "../helpers/transfer-store.js";

const SPEC = {
  params: { lr: "0.1", "opt/beta": "2" },
  tags: { team: "a" },
  metrics: [...points("loss", 0, 5), ...points("val/acc", 0, 2)],
  artifacts: { "model.bin": "m", "plots/roc.png": "p" },
};

const IN_PLACE: Readonly<Record<string, (directory: string) => void>> = {
  "a longer metric file": (at) => appendFileSync(join(at, "metrics/loss"), "1700000000009 1 9\n"),
  "a longer nested metric file": (at) => appendFileSync(join(at, "metrics/val/acc"), "1700000000009 1 9\n"),
  "a tag written over": (at) => writeFileSync(join(at, "tags/team"), "b"),
  "a param written over": (at) => writeFileSync(join(at, "params/opt/beta"), "3"),
  "an artifact written over": (at) => writeFileSync(join(at, "artifacts/plots/roc.png"), "q"),
};

const BY_NAME: Readonly<Record<string, (directory: string) => void>> = {
  "meta.yaml written over": (at) => appendFileSync(join(at, "meta.yaml"), "# x\n"),
  "a new tag": (at) => writeFileSync(join(at, "tags/new"), "b"),
  "a tag deleted": (at) => rmSync(join(at, "tags/team")),
  "a new nested metric": (at) => writeFileSync(join(at, "metrics/val/loss"), "1700000000009 1 9\n"),
  "a param replaced": (at) => {
    writeFileSync(join(at, "params/opt/x"), "3");
    renameSync(join(at, "params/opt/x"), join(at, "params/opt/beta"));
  },
  "a new artifact in a deep directory": (at) => writeFileSync(join(at, "artifacts/plots/b.png"), "q"),
  "an output": (at) => mkdirSync(join(at, "outputs/m-1"), { recursive: true }),
};

describe("the mark of a run", () => {
  for (const everyFile of [true, false])
    for (const [what, change] of Object.entries({ ...BY_NAME, ...(everyFile ? IN_PLACE : {}) })) {
      test(`shows ${what} (${everyFile ? "every file" : "settled runs by their directories"})`, async (t) => {
        const store = newWorkspace(t);
        const run = await makeRun(store, SPEC);
        const before = await settledMark(store, run.runId, everyFile);
        assert.equal(await settledMark(store, run.runId, everyFile), before, "a mark that nothing changed");
        change(run.directory);
        assert.notEqual(await settledMark(store, run.runId, everyFile), before);
      });
    }

  test("covers every file of a run that is not settled, whatever is asked for", async (t) => {
    const store = newWorkspace(t);
    const run = await makeRun(store, { ...SPEC, end: false });
    for (const [what, change] of Object.entries(IN_PLACE)) {
      const before = await settledMark(store, run.runId, false);
      change(run.directory);
      assert.notEqual(await settledMark(store, run.runId, false), before, what);
    }
  });

  test("covers every file of a sealed run that MLflow made RUNNING again", async (t) => {
    const store = newWorkspace(t);
    const run = await makeRun(store, SPEC);
    await settledMark(store, run.runId, false);
    appendFileSync(join(run.directory, "meta.yaml"), "# status\n");
    const before = await settledMark(store, run.runId, false);
    IN_PLACE["a longer metric file"]?.(run.directory);
    assert.notEqual(await settledMark(store, run.runId, false), before);
  });

  test("says nothing of what comes and goes beside the record", async (t) => {
    const store = newWorkspace(t);
    const run = await makeRun(store, SPEC);
    const before = await settledMark(store, run.runId);
    const lease = takeLease(run.directory, processOwner("test"));
    writeFileSync(join(run.directory, "runstone-receipt.lab.yaml"), "seen: 1\n");
    lease.release();
    assert.equal(await settledMark(store, run.runId), before);
  });

  test("is null for a run that was changed just now", async (t) => {
    const store = newWorkspace(t);
    const run = await makeRun(store, SPEC);
    await settledMark(store, run.runId);
    const { ctimeMs } = statSync(join(run.directory, "metrics/loss"));
    t.mock.method(Date, "now", () => ctimeMs + 50);
    const [head] = [...listRunHeads(store.context)];
    assert.equal(head?.mark, null);
  });

  test("a look at every file and one at the directories agree as long as nothing changed", async (t) => {
    const store = newWorkspace(t);
    const run = await makeRun(store, SPEC);
    const cheap = await settledMark(store, run.runId, false);
    const whole = readRunHead(store.context, run)?.mark ?? "";
    assert.notEqual(cheap, whole);
    assert.ok(isSameMark(cheap, whole) && isSameMark(whole, cheap));
    writeFileSync(join(run.directory, "tags/team"), "b");
    const later = await settledMark(store, run.runId, true);
    assert.ok(!isSameMark(whole, later));
    assert.ok(!isSameMark(null, null) && !isSameMark(whole, null));
  });
});

describe("heads of runs", () => {
  test("tell the seal's record digest until something that it covers changes", async (t) => {
    const store = newWorkspace(t);
    const run = await makeRun(store, SPEC);
    const digestNow = () => readRunHead(store.context, run)?.recordDigest;
    const digest = digestNow();
    assert.match(digest ?? "", /^[0-9a-f]{64}$/);
    appendFileSync(join(run.directory, "meta.yaml"), "# x\n");
    assert.equal(digestNow(), digest);
    rmSync(join(run.directory, "artifacts/model.bin"));
    assert.equal(digestNow(), digest);
    IN_PLACE["a longer metric file"]?.(run.directory);
    assert.equal(digestNow(), null);
    await store.setTags(run.runId, { team: "b" });
    assert.notEqual(digestNow(), digest);
    assert.match(digestNow() ?? "", /^[0-9a-f]{64}$/);
  });

  test("by experiment, by id, by life cycle; a run without meta.yaml is named", async (t) => {
    const store = newWorkspace(t);
    const other = await store.createExperiment({ name: "other" });
    const a = await makeRun(store);
    const b = await makeRun(store, { experimentId: other.experimentId });
    const gone = await makeRun(store);
    const lost = await makeRun(store);
    await store.deleteRun(gone.runId);
    rmSync(join(lost.directory, "meta.yaml"));
    const damages: Damage[] = [];
    const idsOf = (options: object) =>
      [...listRunHeads(store.context, { ...options, onDamage: (damage) => void damages.push(damage) })]
        .map(({ runId }) => runId)
        .sort();
    assert.deepEqual(idsOf({}), [a.runId, b.runId, gone.runId].sort());
    assert.deepEqual(
      damages.map(({ kind, path }) => `${kind} ${path}`),
      [`run_without_meta 0/${lost.runId}`],
    );
    assert.deepEqual(idsOf({ view: "active" }), [a.runId, b.runId].sort());
    assert.deepEqual(idsOf({ view: "deleted" }), [gone.runId]);
    assert.deepEqual(idsOf({ experimentIds: [other.experimentId] }), [b.runId]);
    assert.deepEqual(idsOf({ runIds: [gone.runId, "no-such-run"] }), [gone.runId]);
    const before = await settledMark(store, b.runId);
    await store.deleteExperiment(other.experimentId);
    assert.notEqual(await settledMark(store, b.runId), before);
    assert.deepEqual(idsOf({ view: "deleted" }), [b.runId, gone.runId].sort());
  });
});
