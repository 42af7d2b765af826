import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { withAbsentArtifacts } from "../../cli/store/absent-artifacts.js";
import { createFileStore, type FileStore, intercept, readRun, verifyRun } from "../../core/index.js";
import type { RunLocation } from "../../core/store/read/located.js";
import { readManifest } from "../../core/store/runs/seal.js";
import {
  type ArtifactHead,
  offerRun,
  RESUMED_FROM_BYTES,
  type ReceivedRun,
  type RunDocument,
  readRunDocument,
  readRunHead,
  receiveRun,
} from "../../core/transfer/index.js";
import { isRunstoneError, type RunInfo } from "../../store-format/index.js";
import { foldNames } from "../helpers/folding-names.js";
import { temporaryDirectory, treeOf } from "../helpers/new-store.js";
import { makeRun, mustFind, newWorkspace, point, points } from "../helpers/transfer-store.js";

const DATASET = { name: "d", digest: "1" };

async function richRun(store: FileStore, outcome: "FINISHED" | "RUNNING" = "FINISHED"): Promise<RunLocation> {
  const { experimentId } = await store.createExperiment({ name: "wine", tags: { team: "red", "a/b": "c" } });
  const { modelId } = await store.createLoggedModel({ experimentId, name: "net" });
  const run = await makeRun(store, {
    experimentId,
    runName: "first",
    userId: "ann",
    startTime: 1_700_000_000_000,
    params: { lr: "0.1", "opt/beta": "", weird: "\u0000\r\n\u{1f377}" },
    tags: { team: "a", "runstone.host": "h" },
    metrics: [
      ...points("loss", 5, 9),
      ...points("loss", 0, 6),
      { ...point("loss", 3), dataset: DATASET, modelId },
      point("val/acc", 1, Number.NaN),
      point("val/acc", -4, -0),
      point("val/acc", 2, Number.NEGATIVE_INFINITY),
      { key: "big", value: 1, step: 2n ** 62n, timestamp: 2n ** 63n - 1n },
    ],
    artifacts: { "model.bin": "weights", "plots/roc.png": "png", "empty.txt": "" },
    end: false,
  });
  const writer = await store.openRun(run.runId);
  const dataset = { ...DATASET, sourceType: "local", source: "{}", schema: null, profile: null };
  writer.logInputs({ datasets: [{ dataset, tags: { a: "b" } }], modelIds: [modelId] });
  writer.logOutputs([{ modelId, step: 4 }]);
  if (outcome === "FINISHED") await writer.end({ status: outcome, endTime: 1_700_000_009_000 });
  else await writer.close();
  return run;
}

function whatStays({ experimentId: _, artifactUri: __, ...rest }: RunInfo) {
  return rest;
}

function assertEqualRuns(from: FileStore, to: FileStore, runId: string): RunDocument {
  const [a, b] = [from, to].map((store) => readRunDocument(store.context, mustFind(store, runId)).document);
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(b.recordDigest, a.recordDigest);
  assert.deepEqual(whatStays(b.info), whatStays(a.info));
  assert.deepEqual([b.params, b.tags, b.series, b.outputs], [a.params, a.tags, a.series, a.outputs]);
  assert.equal(b.experimentName, a.experimentName);
  return b;
}

describe("a run that is received", () => {
  test("is the run that was sent, sealed, with the same digest", async (t) => {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const run = await richRun(from);
    const { run: offered, damages } = offerRun(from.context, run);
    assert.deepEqual(damages, []);
    const { location, created } = await receiveRun(to.context, offered);
    assert.ok(created);
    assertEqualRuns(from, to, run.runId);
    const [before, after] = [readManifest(run.directory), readManifest(location.directory)];
    assert.equal(after?.recordDigest, before?.recordDigest);
    assert.equal(readRunHead(to.context, location)?.recordDigest, before?.recordDigest);
    const { manifest, ...verified } = verifyRun(to.context, location);
    assert.ok(manifest?.complete);
    assert.deepEqual([verified.damages, verified.changes], [[], []]);
    assert.deepEqual([...(await collect(to))], []);
    const experiment = await to.getExperiment(location.experimentId);
    assert.deepEqual([experiment.name, { ...experiment.tags }], ["wine", { "a/b": "c", team: "red" }]);
    assert.match(readRun(location, fail).info.artifactUri, new RegExp(`/${run.runId}/artifacts$`));
    assert.deepEqual(
      readFileSync(join(location.directory, "links.jsonl"), "utf8"),
      readFileSync(join(run.directory, "links.jsonl"), "utf8"),
    );
    assert.ok(!existsSync(join(to.context.root, ".runstone-new.trash")));
    assert.ok(!existsSync(join(to.context.workspace ?? "", ".runstone/incoming")));
  });

  test("goes on running, and is kept out of Git", async (t) => {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const run = await richRun(from, "RUNNING");
    const { location } = await receiveRun(to.context, offerRun(from.context, run).run);
    assertEqualRuns(from, to, run.runId);
    assert.equal(readManifest(location.directory), null);
    assert.equal(readFileSync(join(location.directory, ".gitignore"), "utf8"), "*\n");
    const writer = await to.openRun(run.runId);
    writer.logMetrics([point("loss", 100)]);
    await writer.end({ status: "FINISHED" });
    assert.deepEqual(verifyRun(to.context, location).damages, []);
  });

  test("stays deleted when it is, and is taken into a store outside any workspace", async (t) => {
    const from = newWorkspace(t);
    const run = await richRun(from);
    await from.deleteRun(run.runId);
    const to = createFileStore({ path: join(temporaryDirectory(t), "mlruns"), cwd: "/" });
    const { location } = await receiveRun(to.context, offerRun(from.context, run).run);
    assert.equal(assertEqualRuns(from, to, run.runId).info.lifecycleStage, "deleted");
    assert.deepEqual(verifyRun(to.context, location).damages, []);
  });

  test("a second time: nothing is written, the caller merges", async (t) => {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const run = await richRun(from);
    const offered = offerRun(from.context, run).run;
    await receiveRun(to.context, offered);
    const before = treeOf(to.context.root);
    const second = await receiveRun(to.context, offered);
    assert.equal(second.created, false);
    assert.equal(second.location.runId, run.runId);
    assert.deepEqual(treeOf(to.context.root), before);
  });

  test("is refused while its experiment is deleted here", async (t) => {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const run = await richRun(from);
    const { experimentId } = await to.createExperiment({ name: "wine" });
    await to.deleteExperiment(experimentId);
    const offered = offerRun(from.context, run).run;
    await assert.rejects(receiveRun(to.context, offered), (error) => isRunstoneError(error, "INVALID_STATE"));
    await to.restoreExperiment(experimentId);
    const { location } = await receiveRun(to.context, offered);
    assert.equal(location.experimentId, experimentId);
    const other = await to.createExperiment({ name: "other" });
    const again = await makeRun(from);
    const mapped = await receiveRun(to.context, offerRun(from.context, again).run, {
      experimentId: other.experimentId,
    });
    assert.equal(mapped.location.experimentId, other.experimentId);
  });

  test("by two at once appears once", async (t) => {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const run = await richRun(from);
    const both = await Promise.all([1, 2].map(() => receiveRun(to.context, offerRun(from.context, run).run)));
    assert.equal(both.filter(({ created }) => created).length, 1);
    assertEqualRuns(from, to, run.runId);
  });

  test("nothing is visible when what came is not what was promised", async (t) => {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const run = await richRun(from);
    const { run: offered } = offerRun(from.context, run);
    const before = treeOf(dirname(to.context.root));
    const refused: readonly [Partial<ReceivedRun>, string][] = [
      [{ points: () => [], metrics: new Map() }, "REMOTE_FAILED"],
      [{ points: () => [points("loss", 50, 51)] }, "REMOTE_FAILED"],
      [{ artifact: () => [Buffer.from("weightX")] }, "DAMAGED"],
      [{ artifact: () => [Buffer.from("w")] }, "DAMAGED"],
      [{ artifact: () => [Buffer.alloc(1000)] }, "DAMAGED"],
      [{ document: { ...offered.document, recordDigest: "0".repeat(64) } }, "REMOTE_FAILED"],
    ];
    await to.createExperiment({ name: "wine" });
    const fresh = treeOf(to.context.root);
    for (const [change, code] of refused) {
      const error = await receiveRun(to.context, { ...offered, ...change }).catch(
        (failure: unknown) => failure,
      );
      assert.ok(
        isRunstoneError(error, code as "DAMAGED") || isRunstoneError(error, "REMOTE_FAILED"),
        String(error),
      );
      assert.deepEqual(treeOf(to.context.root), fresh);
    }
    await assert.rejects(
      receiveRun(to.context, {
        ...offered,
        artifact: () => {
          throw new Error("the line is down");
        },
      }),
      /the line is down/,
    );
    assert.deepEqual(treeOf(to.context.root), fresh);
    assert.equal(Object.keys(before).length > 0, true);
  });
});

function fail(damage: unknown): void {
  assert.fail(JSON.stringify(damage));
}

async function collect(store: FileStore): Promise<unknown[]> {
  const { fsck } = await import("../../core/index.js");
  const report = await fsck(store.context);
  return report.damages.filter(({ kind }) => kind !== "logged_model_missing");
}

describe("a hostile document", () => {
  const head = (path: string): ArtifactHead => ({ path, size: 1, sha256: "0".repeat(64) });
  const series = (key: string) => ({ key, count: 1, sha256: "0".repeat(64) });
  const long = "x".repeat(300);
  const info = (change: Partial<RunInfo>) => (document: RunDocument) => ({
    ...document,
    info: { ...document.info, ...change },
  });
  const bad: Readonly<Record<string, (document: RunDocument) => RunDocument>> = {
    "run id ../x": info({ runId: "../x" }),
    "run id of a reserved directory": info({ runId: "datasets" }),
    "empty run id": info({ runId: "" }),
    "run id with NUL": info({ runId: "a\0b" }),
    "long run id": info({ runId: "a".repeat(257) }),
    "hidden run id": info({ runId: ".git" }),
    "unknown status": info({ status: "DONE" as "FINISHED" }),
    "a time that is none": info({ startTime: 1.5 }),
    "a name of the wrong type": info({ runName: 3 as unknown as string }),
    "a name with half a character": info({ userId: "\ud800" }),
    "experiment with a line break": (document) => ({ ...document, experimentName: "a\nb" }),
    "param ../../x": (document) => ({ ...document, params: { "../../x": "1" } }),
    "absolute param": (document) => ({ ...document, params: { "/etc/x": "1" } }),
    "long param": (document) => ({ ...document, params: { [long]: "1" } }),
    "param value of another type": (document) => ({ ...document, params: { a: 1 as unknown as string } }),
    "param that is a directory": (document) => ({ ...document, params: { a: "1", "a/b": "2" } }),
    "tag in .git": (document) => ({ ...document, tags: { ".git/config": "1" } }),
    "tag that is a directory": (document) => ({ ...document, tags: { a: "1", "a/b": "2" } }),
    "metric ..": (document) => ({ ...document, series: [series("a/../../b")] }),
    "metric with a control character": (document) => ({ ...document, series: [series("a\u0007")] }),
    "metric that is a directory": (document) => ({ ...document, series: [series("a"), series("a/b")] }),
    "metric without hash": (document) => ({ ...document, series: [{ ...series("a"), sha256: "../../x" }] }),
    "artifact ../x": (document) => ({ ...document, artifacts: [head("../x")] }),
    "artifact a/../../x": (document) => ({ ...document, artifacts: [head("a/../../x")] }),
    "absolute artifact": (document) => ({ ...document, artifacts: [head("/tmp/x")] }),
    "artifact with NUL": (document) => ({ ...document, artifacts: [head("a\0b")] }),
    "artifact with a line break": (document) => ({ ...document, artifacts: [head("a\nb")] }),
    "artifact with a backslash way out": (document) => ({ ...document, artifacts: [head("..\\x")] }),
    "artifact with a long component": (document) => ({ ...document, artifacts: [head(long)] }),
    "artifact with a long path": (document) => ({
      ...document,
      artifacts: [head("a/".repeat(2_100).concat("a"))],
    }),
    "artifact twice": (document) => ({ ...document, artifacts: [head("a"), head("a")] }),
    "artifact that is a directory": (document) => ({ ...document, artifacts: [head("a"), head("a/b")] }),
    "artifact with a hash that leads out": (document) => ({
      ...document,
      artifacts: [{ ...head("a"), sha256: "../../../../../../tmp/x" }],
    }),
    "artifact of negative size": (document) => ({ ...document, artifacts: [{ ...head("a"), size: -1 }] }),
    "artifact of a temporary's name": (document) => ({ ...document, artifacts: [head(".runstone-tmp-1")] }),
    "output ../x": (document) => ({ ...document, outputs: [{ modelId: "../x", step: 1 }] }),
    "model input m-../x": (document) => ({
      ...document,
      inputs: { datasetInputs: [], modelInputs: [{ modelId: "m-../x" }] },
    }),
    "dataset without name": (document) => ({
      ...document,
      inputs: {
        modelInputs: [],
        datasetInputs: [
          {
            tags: {},
            dataset: {
              datasetId: "../x",
              name: "",
              digest: "1",
              sourceType: "",
              source: "",
              schema: null,
              profile: null,
            },
          },
        ],
      },
    }),
  };

  for (const [what, change] of Object.entries(bad)) {
    test(`${what} is refused, and nothing is written`, async (t) => {
      const [from, to] = [newWorkspace(t), newWorkspace(t)];
      const { run } = offerRun(from.context, await makeRun(from));
      const before = treeOf(join(to.context.root, "../.."));
      const document = change(run.document);
      const artifact = () => [Buffer.from("x")];
      await assert.rejects(receiveRun(to.context, { ...run, document, artifact }), (error) =>
        isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
      );
      assert.deepEqual(treeOf(join(to.context.root, "../..")), before);
    });
  }

  for (const [what, point] of Object.entries({
    "a value of another type": { value: "1" as unknown as number },
    "a step that is none": { step: Number.NaN },
    "a time beyond 64 bits": { timestamp: 2n ** 63n },
    "a dataset without digest": { dataset: { name: "a", digest: "" } },
  })) {
    test(`a point with ${what} is refused, and nothing is visible`, async (t) => {
      const [from, to] = [newWorkspace(t), newWorkspace(t)];
      const { run } = offerRun(from.context, await makeRun(from, { metrics: points("a", 0, 1) }));
      const before = treeOf(to.context.root);
      const wrong = { timestamp: 1, step: 1, value: 1, ...point };
      await assert.rejects(
        receiveRun(to.context, { ...run, points: () => [[wrong]], metrics: new Map() }),
        (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
      );
      assert.deepEqual(treeOf(to.context.root), before);
    });
  }

  test("keys that differ in case only are kept where the file system can, and refused where not", async (t) => {
    const [from, to, folding] = [newWorkspace(t), newWorkspace(t), newWorkspace(t)];
    const run = await makeRun(from, { params: { a: "1", A: "2" }, artifacts: { "x/a": "1", "X/b": "2" } });
    const offered = offerRun(from.context, run).run;
    if (isCaseSensitive(t)) {
      await receiveRun(to.context, offered);
      assertEqualRuns(from, to, run.runId);
    }
    const before = treeOf(folding.context.root);
    foldNames(folding.context.root);
    try {
      await assert.rejects(receiveRun(folding.context, offered), (error) =>
        isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
      );
    } finally {
      intercept(undefined);
    }
    assert.deepEqual(treeOf(folding.context.root), before);
  });
});

function isCaseSensitive(t: TestContext): boolean {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, "a"));
  return !existsSync(join(directory, "A"));
}

describe("artifacts that are received", () => {
  const bytes = Buffer.alloc(RESUMED_FROM_BYTES + 1_000_000, "large artifact ");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const part = (store: FileStore) =>
    join(store.context.workspace ?? "", ".runstone/incoming", `${sha256}.part`);

  async function withLarge(t: TestContext) {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const run = await makeRun(from, { artifacts: { small: "s" }, end: false });
    const writer = await from.openRun(run.runId);
    writer.logArtifactBytes("large.bin", bytes);
    await writer.end({ status: "FINISHED" });
    return { from, to, run, offered: offerRun(from.context, run).run };
  }

  /** Breaks the line after so many bytes; notes where it was asked to begin. */
  function breaking(content: Buffer, after: number, starts: number[]): ReceivedRun["artifact"] {
    return async function* (head: ArtifactHead, start: number): AsyncGenerator<Uint8Array> {
      if (head.path === "small") return void (yield Buffer.from("s"));
      starts.push(start);
      for (let at = start; at < content.length; at += 65_536) {
        if (at - start >= after) throw new Error("the line is down");
        yield content.subarray(at, Math.min(content.length, at + 65_536));
      }
    };
  }

  test("go on where they stopped", async (t) => {
    const { from, to, run, offered } = await withLarge(t);
    const starts: number[] = [];
    const before = treeOf(to.context.root);
    for (const _ of [1, 2]) {
      const artifact = breaking(bytes, 3_000_000, starts);
      await assert.rejects(receiveRun(to.context, { ...offered, artifact }), /the line is down/);
      assert.deepEqual(treeOf(to.context.root), before);
    }
    const artifact = breaking(bytes, bytes.length, starts);
    const { location } = await receiveRun(to.context, { ...offered, artifact });
    assert.deepEqual(starts, [0, 3_014_656, 6_029_312]);
    assertEqualRuns(from, to, run.runId);
    assert.deepEqual(verifyRun(to.context, location).damages, []);
    assert.ok(
      !existsSync(dirname(part(to))),
      readdirSync(join(to.context.workspace ?? "", ".runstone")).join(),
    );
  });

  test("from a part that is wrong begin anew", async (t) => {
    const { from, to, run, offered } = await withLarge(t);
    const starts: number[] = [];
    mkdirSync(dirname(part(to)));
    writeFileSync(part(to), Buffer.alloc(5_000_000, "x"));
    const artifact = breaking(bytes, bytes.length, starts);
    await assert.rejects(receiveRun(to.context, { ...offered, artifact }), (error) =>
      isRunstoneError(error, "DAMAGED"),
    );
    mkdirSync(dirname(part(to)), { recursive: true });
    writeFileSync(part(to), Buffer.alloc(bytes.length + 1, "x"));
    await receiveRun(to.context, { ...offered, artifact });
    assert.deepEqual(starts, [5_000_000, 0]);
    assertEqualRuns(from, to, run.runId);
  });

  test("are not gathered behind a link that was planted", async (t) => {
    const { offered } = await withLarge(t);
    const outside = temporaryDirectory(t);
    const bare = createFileStore({ path: join(temporaryDirectory(t), "mlruns"), cwd: "/" });
    mkdirSync(join(bare.context.root, ".runstone-new.trash"));
    symlinkSync(outside, join(bare.context.root, ".runstone-new.trash/incoming"));
    const inWorkspace = newWorkspace(t);
    symlinkSync(outside, join(inWorkspace.context.workspace ?? "", ".runstone/incoming"));
    for (const to of [bare, inWorkspace])
      await assert.rejects(receiveRun(to.context, offered), (error) =>
        isRunstoneError(error, "PERMISSION_DENIED"),
      );
    assert.deepEqual(readdirSync(outside), []);
  });

  test("are not asked for when the workspace has the object", async (t) => {
    const { from, to, run, offered } = await withLarge(t);
    await receiveRun(to.context, offered);
    const copy = { ...offered.document, info: { ...offered.document.info, runId: "another" } };
    const artifact = () => assert.fail("asked for");
    await receiveRun(to.context, { ...offered, document: copy, artifact });
    assert.equal(
      statSync(join(mustFind(to, "another").directory, "artifacts/large.bin")).size,
      statSync(join(mustFind(from, run.runId).directory, "artifacts/large.bin")).size,
    );
  });

  test("may be left where they are, and are listed as absent", async (t) => {
    const [from, to, third] = [newWorkspace(t), newWorkspace(t), newWorkspace(t)];
    for (const status of ["FINISHED", "RUNNING"] as const) {
      for (const store of [from, to, third])
        rmSync(join(store.context.root, "1"), { recursive: true, force: true });
      const run = await makeRun(from, { artifacts: { "a/b.txt": "b", c: "c" }, end: status === "FINISHED" });
      const { location } = await receiveRun(
        to.context,
        offerRun(from.context, run, { artifacts: false }).run,
      );
      const listing = { directory: location.directory, path: "", recursive: true };
      assert.deepEqual(
        withAbsentArtifacts([], listing).map(({ path, absent }) => `${path} ${absent}`),
        ["a true", "a/b.txt true", "c true"],
      );
      const { document } = readRunDocument(to.context, location);
      assert.ok(document.artifacts.every(({ absent }) => absent === true));
      assert.equal(document.recordDigest, readRunDocument(from.context, run).document.recordDigest);
      assert.deepEqual(
        verifyRun(to.context, location).damages.map(({ kind, severity }) => `${severity} ${kind}`),
        ["note object_missing", "note object_missing"],
      );
      // From there to a third store, still without the bytes.
      await receiveRun(third.context, offerRun(to.context, location).run);
      assert.equal(
        readRunDocument(third.context, mustFind(third, run.runId)).document.recordDigest,
        document.recordDigest,
      );
    }
  });
});
