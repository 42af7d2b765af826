/** The state of a remote: what was saved is there again, damage costs one entry, one process at a time writes. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fsck, initWorkspace, mustFindRun, openFileStore, verifyRun } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { isRunstoneError, parseSyncReceipt, type RunstoneError } from "../../store-format/index.js";
import {
  type Conflict,
  openRemoteState,
  type RunMarks,
  type RunState,
  readRemoteState,
  remotesWithState,
} from "../../sync/index.js";
import fc from "../helpers/fast-check.js";
import { contextOf, temporaryDirectory, treeOf } from "../helpers/new-store.js";

function newContext(t: TestContext): StoreContext {
  const workspace = temporaryDirectory(t);
  mkdirSync(join(workspace, ".runstone"));
  return contextOf(join(workspace, "mlruns"), { workspace });
}

function newState(change: Partial<RunState> = {}): RunState {
  return {
    runId: "0".repeat(32),
    remoteRunId: null,
    remoteExperimentId: null,
    localMark: null,
    remoteMark: null,
    common: null,
    watermarks: {},
    artifacts: {},
    receipt: null,
    ...change,
  };
}

const journalOf = (context: StoreContext) =>
  join(context.workspace!, ".runstone", "remotes", "lab", "journal");

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const ids = fc.stringMatching(/^[A-Za-z0-9][\w-]{0,40}$/);
const count = fc.nat();
const states: fc.Arbitrary<RunState> = fc.record({
  runId: fc.stringMatching(/^[0-9a-f]{2}$/),
  remoteRunId: fc.option(ids),
  remoteExperimentId: fc.option(ids),
  localMark: fc.option(fc.oneof(text, fc.string({ minLength: 1000, maxLength: 2000 }))),
  remoteMark: fc.option(text),
  common: fc.option(
    fc.record({
      recordDigest: text,
      tags: fc.dictionary(text, text),
      runName: text,
      status: fc.constantFrom("RUNNING", "FINISHED", "KILLED"),
      endTime: fc.oneof(
        fc.maxSafeInteger(),
        fc.constant(null),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
      ),
      lifecycleStage: fc.constantFrom("active", "deleted"),
    }),
  ),
  watermarks: fc.dictionary(text, fc.record({ count, sha256: text }, { noNullPrototype: true })),
  artifacts: fc.dictionary(text, text),
  receipt: fc.option(
    fc.record({
      verifiedTime: fc.maxSafeInteger(),
      recordDigest: text,
      params: count,
      tags: count,
      points: count,
      artifacts: count,
      hashedArtifacts: count,
      exceptions: fc.array(text),
    }),
  ),
});

function marksOf({ remoteRunId, remoteExperimentId, localMark, remoteMark }: RunMarks): RunMarks {
  return { remoteRunId, remoteExperimentId, localMark, remoteMark };
}

/** As plain data: no prototypes, the order of members does not count. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return new Map(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, plain(item)]),
  );
}

describe("the journal of a remote", () => {
  test("the last state of a run wins, here and in a later opening", (t) => {
    const context = newContext(t);
    fc.assert(
      fc.property(fc.array(states, { maxLength: 12 }), (saved) => {
        const last = new Map(saved.map((state) => [state.runId, state]));
        const written = openRemoteState(context, "lab");
        for (const id of [...written.runIds()]) written.forget(id);
        for (const state of saved) written.save(state);
        const read = readRemoteState(context, "lab");
        for (const [id, state] of last) {
          assert.deepEqual(plain(written.run(id)), plain(state));
          assert.deepEqual(plain(read.run(id)), plain(state));
          assert.deepEqual(marksOf(read.marks(id)!), marksOf(state));
        }
        assert.deepEqual([...read.runIds()].sort(), [...last.keys()].sort());
        read.close();
        written.close();
      }),
      { numRuns: 30 },
    );
  });

  test("names of experiments may be anything", (t) => {
    const context = newContext(t);
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), ids), (mapping) => {
        const written = openRemoteState(context, "lab");
        for (const name of [...written.experiments().keys()]) written.saveExperiment(name, null);
        for (const [name, id] of Object.entries(mapping)) written.saveExperiment(name, id);
        written.close();
        const read = readRemoteState(context, "lab");
        assert.deepEqual(new Map(read.experiments()), new Map(Object.entries(mapping)));
        read.close();
      }),
      { numRuns: 30 },
    );
  });

  test("conflicts stay until they are settled", (t) => {
    const context = newContext(t);
    const conflict: Conflict = { field: "tag", key: 'a "tag"', base: null, mine: "1", theirs: "2" };
    const first = openRemoteState(context, "lab");
    first.saveConflicts("r1", [conflict]);
    first.close();
    const second = openRemoteState(context, "lab");
    assert.deepEqual([...second.runsInConflict()], ["r1"]);
    assert.deepEqual(second.conflicts("r1"), [conflict]);
    assert.deepEqual(second.conflicts("r2"), []);
    second.saveConflicts("r1", []);
    assert.deepEqual([...second.runsInConflict()], []);
    second.close();
  });

  test("R-remote-2: a torn last line is no line, and the next one is whole", (t) => {
    const context = newContext(t);
    const [a, b, c] = ["a", "b", "c"].map((runId) => newState({ runId, localMark: runId }));
    const first = openRemoteState(context, "lab");
    first.save(a!);
    first.save(b!);
    first.close();
    const whole = readFileSync(journalOf(context));
    for (let length = 0; length < whole.length; length += 5) {
      writeFileSync(journalOf(context), whole.subarray(0, length));
      const read = readRemoteState(context, "lab");
      const seen = [...read.runIds()];
      assert.ok(["", "a", "a,b"].includes(seen.join()), `${length}: ${seen}`);
      read.close();
      const again = openRemoteState(context, "lab", { onDamage: (error) => assert.fail(error) });
      assert.deepEqual([...again.runIds()], seen);
      again.save(c!);
      again.close();
      const last = readRemoteState(context, "lab");
      assert.deepEqual([...last.runIds()], [...seen, "c"]);
      assert.deepEqual(last.run("c"), c);
      last.close();
    }
  });

  test("R-remote-2: a damaged line is named with its offset, and its run is not known", (t) => {
    const context = newContext(t);
    const damages: RunstoneError[] = [];
    const first = openRemoteState(context, "lab");
    for (const runId of ["a", "b", "c"]) first.save(newState({ runId, localMark: "mark" }));
    first.close();
    const bytes = readFileSync(journalOf(context));
    const [b, c] = ['{"run":"b"', '{"run":"c"'].map((start) => bytes.indexOf(start));
    bytes.write('"mark":7', bytes.indexOf('"localMark"', b));
    bytes.fill(0, c, c! + 20);
    writeFileSync(journalOf(context), bytes);
    const again = openRemoteState(context, "lab", { onDamage: (error) => damages.push(error) });
    assert.deepEqual(
      ["a", "b", "c"].map((id) => again.run(id)?.localMark ?? null),
      ["mark", null, null],
    );
    assert.deepEqual(
      damages.map(({ code, data }) => [code, data["path"], data["offset"]]),
      [
        ["DAMAGED", journalOf(context), c],
        ["DAMAGED", journalOf(context), b],
      ],
    );
    again.save(newState({ runId: "b", localMark: "new" }));
    assert.equal(again.run("b")?.localMark, "new");
    again.close();
  });

  test("R-remote-4: states that nobody of us wrote are damage", (t) => {
    const context = newContext(t);
    const sound = { ...newState(), runId: undefined };
    const bad: readonly unknown[] = [
      {},
      [],
      "x",
      { ...sound, remoteRunId: "../../etc" },
      { ...sound, remoteRunId: 7 },
      { ...sound, watermarks: { loss: { count: "1", sha256: "" } } },
      { ...sound, artifacts: { a: 1 } },
      { ...sound, common: { tags: {} } },
      { ...sound, receipt: { verifiedTime: 1 } },
      { ...sound, receipt: undefined },
    ];
    openRemoteState(context, "lab").close();
    for (const [at, value] of bad.entries())
      appendFileSync(journalOf(context), `{"run":"r${at}","value":${JSON.stringify(value)}}\n`);
    const read = readRemoteState(context, "lab", { onDamage: () => undefined });
    for (const at of bad.keys()) assert.equal(read.run(`r${at}`), null, JSON.stringify(bad[at]));
    read.close();
  });

  test("mostly history is rewritten, also while it is written, and a reader beside it goes on", (t) => {
    const context = newContext(t);
    const artifacts = { a: "x".repeat(10_000) };
    const state = openRemoteState(context, "lab");
    state.save(newState({ runId: "kept", artifacts }));
    state.saveExperiment("Default", "0");
    state.flush();
    const reader = readRemoteState(context, "lab");
    for (let i = 0; i < 500; i += 1) {
      state.save(newState({ runId: "again", localMark: String(i), artifacts }));
      if (i % 10 === 0) state.flush();
    }
    assert.equal(reader.run("kept")?.artifacts["a"], artifacts.a);
    reader.close();
    assert.equal(state.run("again")?.localMark, "499");
    state.close();
    assert.ok(statSync(journalOf(context)).size < 1_500_000);
    const read = readRemoteState(context, "lab");
    assert.deepEqual([...read.runIds()].sort(), ["again", "kept"]);
    assert.equal(read.run("again")?.localMark, "499");
    assert.equal(read.run("kept")?.artifacts["a"], artifacts.a);
    assert.equal(read.experiment("Default"), "0");
    read.close();
  });

  test("R-remote-3: of another address nothing is known", (t) => {
    const context = newContext(t);
    const seen = (address: string) => {
      const read = readRemoteState(context, "lab", { address });
      const ids = [...read.runIds()];
      read.close();
      return ids;
    };
    const first = openRemoteState(context, "lab", { address: "http://a" });
    first.save(newState({ runId: "r" }));
    first.saveExperiment("Default", "7");
    first.close();
    openRemoteState(context, "lab", { address: "http://a" }).close();
    assert.deepEqual([seen("http://a"), seen("http://b"), seen("http://a")], [["r"], [], ["r"]]);
    const second = openRemoteState(context, "lab", { address: "http://b" });
    assert.deepEqual([[...second.runIds()], second.experiment("Default")], [[], null]);
    second.save(newState({ runId: "s" }));
    second.close();
    assert.deepEqual([seen("http://a"), seen("http://b")], [[], ["s"]]);
  });

  test("a journal of a newer release is left alone", (t) => {
    const context = newContext(t);
    openRemoteState(context, "lab").close();
    writeFileSync(journalOf(context), '{"runstone_journal":2}\n');
    for (const open of [openRemoteState, readRemoteState])
      assert.throws(
        () => open(context, "lab"),
        (error) => isRunstoneError(error, "FORMAT_TOO_NEW"),
      );
    writeFileSync(journalOf(context), '{"runstone_journal":1}\n');
    openRemoteState(context, "lab").close();
  });

  test("a long line is read whole, whatever the blocks", async (t) => {
    const context = newContext(t);
    const artifacts = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, i) => [`${i}/file`, "f".repeat(64)]),
    );
    const state = openRemoteState(context, "lab");
    state.save(newState({ runId: "small" }));
    await state.saveDurably(newState({ runId: "big", artifacts }), newState({ runId: "last" }));
    state.close();
    const read = readRemoteState(context, "lab");
    assert.deepEqual([...read.runIds()], ["small", "big", "last"]);
    assert.deepEqual(read.run("big")?.artifacts, artifacts);
    read.close();
  });
});

describe("one sync at a time works with a remote", () => {
  test("another is told who does; readers need no claim; afterwards it is free", (t) => {
    const context = newContext(t);
    const first = openRemoteState(context, "lab", { command: "runstone push lab" });
    assert.throws(
      () => openRemoteState(context, "lab"),
      (error) =>
        isRunstoneError(error, "LEASE_HELD") &&
        error.message.includes(`process ${process.pid}`) &&
        error.message.includes("lab"),
    );
    readRemoteState(context, "lab").close();
    openRemoteState(context, "other").close();
    first.close();
    first.close();
    openRemoteState(context, "lab").close();
    assert.deepEqual(remotesWithState(context.workspace!), ["lab", "other"]);
  });

  test("reading creates nothing", (t) => {
    const context = newContext(t);
    const read = readRemoteState(context, "lab");
    assert.deepEqual([...read.runIds()], []);
    assert.equal(read.run("x"), null);
    read.close();
    assert.equal(existsSync(join(context.workspace!, ".runstone", "remotes")), false);
  });

  test("a store outside a workspace has no remotes", (t) => {
    const context = contextOf(temporaryDirectory(t));
    assert.throws(
      () => readRemoteState(context, "lab"),
      (error) => isRunstoneError(error, "NO_WORKSPACE"),
    );
  });

  test("names and links that lead elsewhere are refused", (t) => {
    const context = newContext(t);
    for (const name of ["", ".", "..", "a/b", "-x", "a b", "con", "x\n", "é", "a".repeat(65)])
      assert.throws(
        () => openRemoteState(context, name),
        (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
        name,
      );
    const outside = temporaryDirectory(t);
    mkdirSync(join(context.workspace!, ".runstone", "remotes"));
    symlinkSync(outside, join(context.workspace!, ".runstone", "remotes", "lab"));
    assert.throws(
      () => openRemoteState(context, "lab"),
      (error) => isRunstoneError(error, "PERMISSION_DENIED"),
    );
    assert.deepEqual(treeOf(outside), {});
  });
});

test("a receipt says what the remote was seen to hold, and a copy lies with the run where that is wanted", (t) => {
  const context = newContext(t);
  const runDirectory = temporaryDirectory(t);
  const receipt = {
    verifiedTime: 1_748_764_800_123,
    recordDigest: "d".repeat(64),
    params: 1,
    tags: 2,
    points: 3,
    artifacts: 4,
    hashedArtifacts: 3,
    exceptions: ["the tag x: cut at 8000 characters", "- 'quoted': #"],
  };
  const state = openRemoteState(context, "lab");
  state.writeReceipt(newState({ runId: "r", remoteRunId: "q", receipt }), runDirectory);
  state.close();
  const copy = readFileSync(join(runDirectory, "runstone-receipt.lab.yaml"));
  const kept = readFileSync(join(state.directory, "receipts", "r.yaml"));
  assert.deepEqual(kept, copy);
  assert.deepEqual(parseSyncReceipt(copy), {
    remote: "lab",
    runId: "r",
    remoteRunId: "q",
    remoteExperimentId: "",
    ...receipt,
  });
});

test("a receipt beside a run is written again when it says something else, not for the time alone", (t) => {
  const context = newContext(t);
  const directory = temporaryDirectory(t);
  const path = join(directory, "runstone-receipt.lab.yaml");
  const counts = { params: 1, tags: 0, points: 0, artifacts: 0, hashedArtifacts: 0 };
  const state = openRemoteState(context, "lab");
  const write = (verifiedTime: number, recordDigest: string) => {
    const receipt = { verifiedTime, recordDigest, exceptions: ["x"], ...counts };
    state.writeReceipt(newState({ runId: "r", remoteRunId: "q", receipt }), directory);
    return parseSyncReceipt(readFileSync(path)).verifiedTime;
  };
  assert.equal(write(1, "a"), 1);
  const before = statSync(directory, { bigint: true }).mtimeNs;
  assert.equal(write(2, "a"), 1);
  assert.equal(statSync(directory, { bigint: true }).mtimeNs, before);
  assert.equal(write(3, "b"), 3);
  writeFileSync(path, "damaged");
  assert.equal(write(4, "b"), 4);
  state.close();
  const kept = readFileSync(join(state.directory, "receipts", "r.yaml"));
  assert.equal(parseSyncReceipt(kept).verifiedTime, 4);
});

test("a receipt beside a run is no damage, no record, and no change of the seal", async (t) => {
  const workspace = temporaryDirectory(t);
  initWorkspace(workspace);
  const store = openFileStore({ cwd: workspace });
  const { runId } = (await store.createRun({ experimentId: "0" })).info;
  const writer = await store.openRun(runId);
  writer.logParams({ lr: "0.1" });
  await writer.end({ status: "FINISHED" });
  const location = mustFindRun(store.context, runId);
  const before = verifyRun(store.context, location);
  const state = openRemoteState(store.context, "lab");
  const receipt = { verifiedTime: 1, recordDigest: "d", exceptions: [] };
  const counts = { params: 1, tags: 0, points: 0, artifacts: 0, hashedArtifacts: 0 };
  const run = newState({ runId, remoteRunId: "q", receipt: { ...receipt, ...counts } });
  state.writeReceipt(run, location.directory);
  state.close();
  assert.ok(existsSync(join(location.directory, "runstone-receipt.lab.yaml")));
  assert.deepEqual(fsck(store.context).damages, []);
  assert.deepEqual(verifyRun(store.context, location), before);
  writeFileSync(join(location.directory, "runstone-receipt.-x.yaml"), "");
  assert.deepEqual(
    fsck(store.context).damages.map(({ kind }) => kind),
    ["unknown_file_in_run"],
  );
});
