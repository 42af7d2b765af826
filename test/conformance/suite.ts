/**
 * What every `TrackingStore` does, whoever keeps it. Each test makes an experiment of its own, so that a store can be shared
 * by all; what a store cannot do by nature is said in `Subject`.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { TrackingStore } from "../../core/interfaces.js";
import {
  type ErrorCode,
  isRunstoneError,
  type Metric,
  type Point,
  type Run,
} from "../../store-format/index.js";

export interface Subject {
  /** The store, opened once for all tests. */
  open(): TrackingStore;
  /** Why it is skipped. */
  readonly skip?: string | false;
  readonly loggedModels: boolean;
  /** Histories come in the order of logging; otherwise by time, step and value. */
  readonly keepsOrder: boolean;
  /** Infinities come back; otherwise the largest doubles. */
  readonly keepsInfinities: boolean;
  /** Clears an end time, and lists deleted logged models. */
  readonly clears: boolean;
}

const MAX_INT64 = 2n ** 63n - 1n;
let counter = 0;

/** Defines the tests. */
export function conformance(name: string, subject: Subject): void {
  describe(name, { skip: subject.skip ?? false }, () => {
    experiments(subject);
    runs(subject);
    writing(subject);
    searching(subject);
    artifacts(subject);
    loggedModels(subject);
    registry(subject);
  });
}

function uniqueName(what: string): string {
  counter += 1;
  return `${what} ${process.pid}-${counter}`;
}

async function newExperiment(store: TrackingStore): Promise<string> {
  return (await store.createExperiment({ name: uniqueName("experiment") })).experimentId;
}

async function newRun(store: TrackingStore): Promise<Run> {
  return store.createRun({ experimentId: await newExperiment(store) });
}

async function rejectsWith(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert(isRunstoneError(error), String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await collect(content)).toString("utf8");
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "runstone-conformance-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function experiments({ open }: Subject): void {
  describe("experiments", () => {
    test("are made, found, renamed, tagged", async () => {
      const store = open();
      const name = uniqueName("täst #1 / x");
      const made = await store.createExperiment({ name, tags: { a: "1", "team/x": "ü\n" } });
      assert.deepEqual(
        { ...(await store.getExperiment(made.experimentId)).tags },
        { a: "1", "team/x": "ü\n" },
      );
      assert.equal((await store.getExperimentByName(name))?.experimentId, made.experimentId);
      assert.equal(await store.getExperimentByName(uniqueName("none")), null);
      assert(typeof made.creationTime === "number" && made.creationTime > 1_600_000_000_000);
      const other = uniqueName("renamed");
      await store.renameExperiment(made.experimentId, other);
      await store.setExperimentTags(made.experimentId, { a: "2", b: "" });
      const after = await store.getExperiment(made.experimentId);
      assert.equal(after.name, other);
      assert.deepEqual({ ...after.tags }, { a: "2", b: "", "team/x": "ü\n" });
      assert.equal(await store.getExperimentByName(name), null);
    });

    test("have names of their own, deleted ones too", async () => {
      const store = open();
      const name = uniqueName("twice");
      const { experimentId } = await store.createExperiment({ name });
      await rejectsWith("RESOURCE_ALREADY_EXISTS", store.createExperiment({ name }));
      await store.deleteExperiment(experimentId);
      await assert.rejects(store.createExperiment({ name }), (error) => {
        assert(isRunstoneError(error, "RESOURCE_ALREADY_EXISTS"));
        assert.equal(error.data["experimentId"], experimentId);
        return true;
      });
    });

    test("are deleted with their runs, and restored", async () => {
      const store = open();
      const experimentId = await newExperiment(store);
      const { info } = await store.createRun({ experimentId });
      await store.deleteExperiment(experimentId);
      assert.equal((await store.getExperiment(experimentId)).lifecycleStage, "deleted");
      assert.equal((await store.getRun(info.runId)).info.lifecycleStage, "deleted");
      const names = async (view: "active" | "deleted"): Promise<string[]> =>
        (await store.listExperiments(view)).map((experiment) => experiment.experimentId);
      assert((await names("deleted")).includes(experimentId));
      assert(!(await names("active")).includes(experimentId));
      await rejectsWith("INVALID_STATE", store.createRun({ experimentId }));
      await store.restoreExperiment(experimentId);
      assert.equal((await store.getRun(info.runId)).info.lifecycleStage, "active");
      assert((await names("active")).includes(experimentId));
    });

    test("that are not there are RESOURCE_DOES_NOT_EXIST", async () => {
      const store = open();
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.getExperiment("987654321"));
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.deleteExperiment("987654321"));
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.createRun({ experimentId: "987654321" }));
    });

    test("are searched in both dialects, in pages", async () => {
      const store = open();
      const tag = uniqueName("search");
      for (let i = 0; i < 3; i++)
        await store.createExperiment({ name: uniqueName("s"), tags: { tag, n: `${i}` } });
      for (const [dialect, filter] of [
        ["mlflow", `tags.tag = '${tag}'`],
        ["runstone", `tag = "${tag}" and not n = 9`],
      ] as const) {
        const search = { dialect, filter: dialect === "runstone" ? `tags.tag = "${tag}"` : filter };
        const all = await store.searchExperiments(search);
        assert.equal(all.items.length, 3, dialect);
        const first = await store.searchExperiments({ ...search, orderBy: ["name"], maxResults: 2 });
        assert.equal(first.items.length, 2);
        assert(first.nextPageToken !== null);
        const rest = await store.searchExperiments({
          ...search,
          orderBy: ["name"],
          maxResults: 2,
          pageToken: first.nextPageToken,
        });
        assert.deepEqual([rest.items.length, rest.nextPageToken], [1, null]);
      }
    });
  });
}

function runs({ open, clears }: Subject): void {
  describe("runs", () => {
    test("keep what they are made with", async () => {
      const store = open();
      const experimentId = await newExperiment(store);
      const made = await store.createRun({
        experimentId,
        runName: "früh & spät",
        userId: "ana",
        startTime: 1_600_000_000_123,
        params: { lr: "0.1", empty: "", "opt/β": "x y" },
        tags: { team: "a", "mlflow.source.name": "train.py" },
      });
      const read = await store.getRun(made.info.runId);
      assert.deepEqual(read, made);
      const { runName, userId, startTime, status, endTime, lifecycleStage } = read.info;
      assert.deepEqual(
        [read.info.experimentId, runName, userId, startTime, status, endTime, lifecycleStage],
        [experimentId, "früh & spät", "ana", 1_600_000_000_123, "RUNNING", null, "active"],
      );
      assert.deepEqual({ ...read.params }, { lr: "0.1", empty: "", "opt/β": "x y" });
      assert.deepEqual(
        { ...read.tags },
        { team: "a", "mlflow.source.name": "train.py", "mlflow.runName": "früh & spät" },
      );
    });

    test("get a name, a time and a user when none is given", async () => {
      const before = Date.now();
      const { info } = await newRun(open());
      assert.match(info.runName, /^\w+-\w+-\d+$/);
      assert.equal(info.userId, "unknown");
      assert(typeof info.startTime === "number" && info.startTime >= before - 1);
      assert.match(info.runId, /^[0-9a-f]{32}$/);
    });

    test("change name, status and end time", async () => {
      const store = open();
      const { info } = await newRun(store);
      const changed = await store.updateRun(info.runId, {
        runName: "neu",
        status: "KILLED",
        endTime: 1_700_000_000_001,
      });
      assert.deepEqual(
        [changed.runName, changed.status, changed.endTime],
        ["neu", "KILLED", 1_700_000_000_001],
      );
      assert.equal((await store.getRun(info.runId)).tags["mlflow.runName"], "neu");
      if (clears) assert.equal((await store.updateRun(info.runId, { endTime: null })).endTime, null);
      else await rejectsWith("UNSUPPORTED", store.updateRun(info.runId, { endTime: null }));
      await store.setTags(info.runId, { "mlflow.runName": "noch neuer" });
      assert.equal((await store.getRun(info.runId)).info.runName, "noch neuer");
    });

    test("are deleted and restored, alone or with all below them", async () => {
      const store = open();
      const experimentId = await newExperiment(store);
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) {
        const parentRunId = ids.at(-1);
        const { info } = await store.createRun({
          experimentId,
          ...(parentRunId === undefined ? {} : { parentRunId }),
        });
        ids.push(info.runId);
      }
      const [top = "", middle = "", bottom = ""] = ids;
      assert.equal((await store.getRun(middle)).tags["mlflow.parentRunId"], top);
      assert.deepEqual(await store.deleteRun(middle), [middle]);
      assert.deepEqual(await store.deleteRun(top, { tree: true }), [bottom, top]);
      const listed = async (view: "active" | "deleted" | "all"): Promise<number> =>
        (await collect(store.listRuns({ experimentIds: [experimentId], view }))).length;
      assert.deepEqual([await listed("active"), await listed("deleted"), await listed("all")], [0, 3, 3]);
      await rejectsWith("INVALID_STATE", store.openRun(top));
      await rejectsWith("INVALID_STATE", store.setTags(top, { a: "b" }));
      assert.deepEqual([...(await store.restoreRun(top, { tree: true }))].sort(), [...ids].sort());
      assert.equal(await listed("active"), 3);
    });

    test("with a key are found by it, and there is one", async () => {
      const store = open();
      const experimentId = await newExperiment(store);
      const { info } = await store.createRun({ experimentId, runKey: "job 7's" });
      await assert.rejects(store.createRun({ experimentId, runKey: "job 7's" }), (error) => {
        assert(isRunstoneError(error, "RESOURCE_ALREADY_EXISTS"));
        assert.equal(error.data["runId"], info.runId);
        return true;
      });
    });

    test("that are not there are RESOURCE_DOES_NOT_EXIST", async () => {
      const store = open();
      const none = "0123456789abcdef0123456789abcdef";
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.getRun(none));
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.openRun(none));
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.deleteRun(none));
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", collect(store.getMetricHistory(none, "loss")));
      await rejectsWith(
        "RESOURCE_DOES_NOT_EXIST",
        store.createRun({ experimentId: await newExperiment(store), parentRunId: none }),
      );
    });

    test("lose tags that are deleted", async () => {
      const store = open();
      const { info } = await newRun(store);
      await store.setTags(info.runId, { a: "1", "b.c/d e": "2" });
      await store.deleteTag(info.runId, "b.c/d e");
      const { "mlflow.runName": _name, ...tags } = (await store.getRun(info.runId)).tags;
      assert.deepEqual({ ...tags }, { a: "1" });
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.deleteTag(info.runId, "b.c/d e"));
    });
  });
}

function writing({ open, keepsOrder, keepsInfinities }: Subject): void {
  const stored = (value: number): number =>
    keepsInfinities || Number.isNaN(value)
      ? value
      : Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));

  describe("writing into a run", () => {
    test("params, tags and points arrive; the latest point is known", async () => {
      const store = open();
      const { info } = await newRun(store);
      const writer = await store.openRun(info.runId);
      assert.deepEqual([writer.runId, writer.experimentId], [info.runId, info.experimentId]);
      writer.logParams({ a: "1", "x/y.z-w": "ü".repeat(3000) });
      writer.logMetrics([{ key: "loss", value: 0.5, step: 0, timestamp: 1000 }]);
      writer.setTags({ t: "1" });
      writer.logMetrics([
        { key: "loss", value: 0.25, step: 2, timestamp: 2000 },
        { key: "loss", value: 0.125, step: 1, timestamp: 3000 },
      ]);
      writer.setTags({ t: "2", u: "" });
      await writer.flush();
      const run = await store.getRun(info.runId);
      assert.deepEqual({ ...run.params }, { a: "1", "x/y.z-w": "ü".repeat(3000) });
      assert.deepEqual(run.metrics["loss"], { value: 0.25, step: 2, timestamp: 2000 });
      assert.deepEqual([run.tags["t"], run.tags["u"]], ["2", ""]);
      await writer.close();
    });

    test("extreme points come back as they were", async () => {
      const store = open();
      const { info } = await newRun(store);
      const values = [Number.NaN, Infinity, -Infinity, 5e-324, 1.7e308, 0.1 + 0.2, -1e-7, 123456789.123];
      const odd: Point[] = [
        { value: 1, step: -5, timestamp: 0 },
        { value: 2, step: MAX_INT64, timestamp: 1 },
        { value: 3, step: 2n ** 53n + 1n, timestamp: MAX_INT64 },
      ];
      const points = [...values.map((value, i): Point => ({ value, step: i, timestamp: 10 + i })), ...odd];
      const writer = await store.openRun(info.runId);
      writer.logMetrics(points.map((point): Metric => ({ key: "x", ...point })));
      await writer.end({ status: "FINISHED" });
      const expected = points.map((point) => ({ ...point, value: stored(point.value) }));
      if (!keepsOrder) expected.sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
      assert.deepEqual(await collect(store.getMetricHistory(info.runId, "x")), expected);
    });

    test("many points, params and tags at once", async () => {
      const store = open();
      const { info } = await newRun(store);
      const writer = await store.openRun(info.runId);
      const series = Array.from(
        { length: 2500 },
        (_, i): Metric => ({ key: "many", value: i / 7, step: i, timestamp: i }),
      );
      const wide = Array.from(
        { length: 150 },
        (_, i): Metric => ({ key: `k/${i}`, value: i, step: 0, timestamp: 5 }),
      );
      writer.logMetrics([...series, ...wide]);
      writer.logParams(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, `${i}`])));
      writer.setTags(Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`t${i}`, `${i}`])));
      await writer.end({ status: "FAILED", endTime: 1_700_000_000_000 });
      const points = await collect(store.getMetricHistory(info.runId, "many"));
      assert.deepEqual(
        points,
        series.map(({ key: _key, ...point }) => point),
      );
      const run = await store.getRun(info.runId);
      assert.equal(Object.keys(run.metrics).length, 151);
      assert.equal(Object.keys(run.params).length, 250);
      assert.equal(Object.keys(run.tags).length, 131);
      assert.deepEqual([run.info.status, run.info.endTime], ["FAILED", 1_700_000_000_000]);
    });

    test("params do not change, and the same again is fine", async () => {
      const store = open();
      const { info } = await newRun(store);
      const writer = await store.openRun(info.runId);
      writer.logParams({ a: "1" });
      writer.logParams({ a: "1" });
      assert.throws(
        () => writer.logParams({ a: "2" }),
        (error) => isRunstoneError(error, "PARAM_CONFLICT"),
      );
      await writer.close();
      await rejectsWith("PARAM_CONFLICT", store.logBatch(info.runId, { params: { a: "3", b: "1" } }));
      assert.deepEqual({ ...(await store.getRun(info.runId)).params }, { a: "1" });
    });

    test("what is no key, number or text is refused at once", async () => {
      const store = open();
      const writer = await store.openRun((await newRun(store)).info.runId);
      const refused = (verb: () => void): void =>
        assert.throws(verb, (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"));
      for (const key of ["", "../x", "/a", "a//b", "a%", "x".repeat(251)]) {
        refused(() => writer.logMetrics([{ key, value: 1, step: 0, timestamp: 0 }]));
        refused(() => writer.logParams({ [key]: "1" }));
        refused(() => writer.setTags({ [key]: "1" }));
      }
      refused(() => writer.logMetrics([{ key: "a", value: 1, step: 0.5, timestamp: 0 }]));
      refused(() => writer.logMetrics([{ key: "a", value: 1, step: 0, timestamp: -1 }]));
      refused(() => writer.logArtifactBytes("../x", new Uint8Array()));
      await writer.close();
    });

    test("datasets and their contexts", async () => {
      const store = open();
      const { info } = await newRun(store);
      const dataset = {
        name: "iris",
        digest: "abc123",
        sourceType: "local",
        source: '{"uri":"a"}',
        schema: "{}",
        profile: null,
      };
      const writer = await store.openRun(info.runId);
      const input = { dataset, tags: { "mlflow.data.context": "training" } };
      writer.logInputs({ datasets: [input] });
      writer.logInputs({ datasets: [input] });
      await writer.close();
      const { datasetInputs } = (await store.getRun(info.runId)).inputs;
      assert.equal(datasetInputs.length, 1);
      const { datasetId: _id, ...read } = datasetInputs[0]!.dataset;
      assert.deepEqual(read, dataset);
      assert.deepEqual({ ...datasetInputs[0]!.tags }, { "mlflow.data.context": "training" });
    });

    test("tags that are deleted in between", async () => {
      const store = open();
      const { info } = await newRun(store);
      const writer = await store.openRun(info.runId);
      writer.setTags({ a: "1", b: "1" });
      writer.deleteTag("a");
      writer.setTags({ c: "1" });
      await writer.close();
      const { "mlflow.runName": _name, ...tags } = (await store.getRun(info.runId)).tags;
      assert.deepEqual({ ...tags }, { b: "1", c: "1" });
    });

    test("ends when it is ended", async () => {
      const store = open();
      const { info } = await newRun(store);
      const writer = await store.openRun(info.runId);
      await writer.end({ status: "FINISHED" });
      const after = (await store.getRun(info.runId)).info;
      assert.equal(after.status, "FINISHED");
      assert(typeof after.endTime === "number" && after.endTime >= Number(info.startTime));
      assert.throws(
        () => writer.setTags({ a: "1" }),
        (error) => isRunstoneError(error, "INVALID_STATE"),
      );
    });

    test("a key that was never logged has no points", async () => {
      const store = open();
      assert.deepEqual(await collect(store.getMetricHistory((await newRun(store)).info.runId, "none")), []);
    });
  });
}

function searching({ open }: Subject): void {
  describe("searching runs", () => {
    async function threeRuns(store: TrackingStore): Promise<string> {
      const experimentId = await newExperiment(store);
      for (const [i, model] of ["a", "b", "b"].entries()) {
        const { info } = await store.createRun({
          experimentId,
          runName: `r${i}`,
          startTime: 1_000 + i,
          params: { model, depth: `${8 + i}` },
        });
        await store.logBatch(info.runId, {
          metrics: [{ key: "loss", value: i / 10, step: 0, timestamp: 1 }],
        });
      }
      return experimentId;
    }
    const names = (runs: readonly Run[]): string[] => runs.map(({ info }) => info.runName);

    test("without a filter: latest start first", async () => {
      const store = open();
      const experimentIds = [await threeRuns(store)];
      assert.deepEqual(names((await store.searchRuns({ experimentIds })).items), ["r2", "r1", "r0"]);
      assert.deepEqual((await store.searchRuns({ experimentIds: [] })).items, []);
    });

    test("MLflow's dialect", async () => {
      const store = open();
      const experimentIds = [await threeRuns(store)];
      const search = { experimentIds, dialect: "mlflow", orderBy: ["metrics.loss ASC"] } as const;
      assert.deepEqual(names((await store.searchRuns({ ...search, filter: "params.model = 'b'" })).items), [
        "r1",
        "r2",
      ]);
      assert.deepEqual(names((await store.searchRuns({ ...search, filter: "metrics.loss < 0.15" })).items), [
        "r0",
        "r1",
      ]);
      await rejectsWith(
        "INVALID_PARAMETER_VALUE",
        store.searchRuns({ ...search, filter: "this is = no filter" }),
      );
      const page = await store.searchRuns({ ...search, maxResults: 2 });
      const next = await store.searchRuns({ ...search, maxResults: 2, pageToken: page.nextPageToken ?? "" });
      assert.deepEqual([...names(page.items), ...names(next.items)], ["r0", "r1", "r2"]);
    });

    test("Runstone's own dialect", async () => {
      const store = open();
      const experimentIds = [await threeRuns(store)];
      const find = async (filter: string, orderBy: readonly string[] = ["name"]): Promise<string[]> =>
        names((await store.searchRuns({ experimentIds, filter, orderBy })).items);
      assert.deepEqual(await find("model = a or loss > 0.15"), ["r0", "r2"]);
      assert.deepEqual(await find("not (model = a) and depth >= 9"), ["r1", "r2"]);
      assert.deepEqual(await find("depth > 8.5", ["metrics.loss desc"]), ["r2", "r1"]);
      await rejectsWith("INVALID_PARAMETER_VALUE", store.searchRuns({ experimentIds, filter: "(((" }));
      const page = await store.searchRuns({ experimentIds, orderBy: ["metrics.loss"], maxResults: 2 });
      assert.deepEqual([names(page.items), page.total], [["r0", "r1"], 3]);
    });

    test("datasets are in what a search finds", async () => {
      const store = open();
      const { info } = await newRun(store);
      const writer = await store.openRun(info.runId);
      writer.logInputs({
        datasets: [
          {
            dataset: {
              name: "d",
              digest: "1",
              sourceType: "local",
              source: "{}",
              schema: null,
              profile: null,
            },
          },
        ],
      });
      await writer.close();
      const { items } = await store.searchRuns({
        experimentIds: [info.experimentId],
        filter: "dataset.name = 'd'",
      });
      assert.deepEqual(
        items[0]?.inputs.datasetInputs.map(({ dataset }) => dataset.name),
        ["d"],
      );
    });
  });
}

function artifacts({ open }: Subject): void {
  describe("artifacts", () => {
    test("are written from bytes, files and streams, listed and read", async (t) => {
      const store = open();
      const { info } = await newRun(store);
      const owner = { runId: info.runId };
      const source = join(scratch(t), "source");
      writeFileSync(source, "from a file");
      const writer = await store.openRun(info.runId);
      writer.logArtifactBytes("a/ü b&1+~.txt", Buffer.from("0123456789"));
      writer.logArtifactFile(source, "a/file");
      writer.logArtifactBytes("empty", new Uint8Array());
      writeFileSync(source, "changed since");
      await writer.close();
      await store.artifacts.write(owner, "a/c/stream", chunks("str", "eam"));
      assert.deepEqual(await store.artifacts.list(owner), [
        { path: "a", isDir: true, size: null },
        { path: "empty", isDir: false, size: 0 },
      ]);
      const below = await store.artifacts.list(owner, "a", { recursive: true });
      assert.deepEqual(
        below.map(({ path, size }) => [path, size]),
        [
          ["a/c", null],
          ["a/c/stream", 6],
          ["a/file", 11],
          ["a/ü b&1+~.txt", 10],
        ],
      );
      assert.deepEqual(await store.artifacts.list(owner, "a/file"), []);
      const read = (path: string, range?: { start?: number; end?: number }): Promise<string> =>
        textOf(store.artifacts.read(owner, path, range));
      assert.equal(await read("a/file"), "from a file");
      assert.equal(await read("empty"), "");
      assert.equal(await read("a/c/stream"), "stream");
      assert.deepEqual(
        [
          await read("a/ü b&1+~.txt", { start: 3 }),
          await read("a/ü b&1+~.txt", { start: 3, end: 5 }),
          await read("a/ü b&1+~.txt", { end: 99 }),
        ],
        ["3456789", "34", "0123456789"],
      );
    });

    test("are downloaded, one or a tree, over what is there", async (t) => {
      const store = open();
      const { info } = await newRun(store);
      const owner = { runId: info.runId };
      await store.artifacts.write(owner, "m/MLmodel", chunks("x: 1"));
      await store.artifacts.write(owner, "m/data/model.bin", chunks("\u0000\u0001"));
      const top = scratch(t);
      writeFileSync(join(top, "one"), "something longer than it was");
      assert.equal(await store.artifacts.download(owner, "m/MLmodel", join(top, "one")), join(top, "one"));
      assert.equal(readFileSync(join(top, "one"), "utf8"), "x: 1");
      await store.artifacts.download(owner, "m", join(top, "tree"));
      assert.equal(readFileSync(join(top, "tree", "data", "model.bin"), "latin1"), "\u0000\u0001");
      await store.artifacts.download(owner, "", join(top, "all"));
      assert.equal(readFileSync(join(top, "all", "m", "MLmodel"), "utf8"), "x: 1");
    });

    test("are replaced, and large ones are fine", async () => {
      const store = open();
      const { info } = await newRun(store);
      const owner = { runId: info.runId };
      const block = "0123456789abcdef".repeat(65_536);
      await store.artifacts.write(owner, "big", chunks("first"));
      await store.artifacts.write(owner, "big", chunks(block, block, block));
      let size = 0;
      for await (const chunk of store.artifacts.read(owner, "big")) size += chunk.length;
      assert.equal(size, 3 * block.length);
      assert.equal(
        await textOf(store.artifacts.read(owner, "big", { start: 2_000_000, end: 2_000_016 })),
        "0123456789abcdef",
      );
    });

    test("that are not there, or no artifacts, are told apart", async () => {
      const store = open();
      const { info } = await newRun(store);
      const owner = { runId: info.runId };
      assert.deepEqual(await store.artifacts.list(owner), []);
      await store.artifacts.write(owner, "d/f", chunks("x"));
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", textOf(store.artifacts.read(owner, "none")));
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", textOf(store.artifacts.read(owner, "d/none")));
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.artifacts.download(owner, "none", "/nowhere"));
      await rejectsWith("INVALID_PARAMETER_VALUE", textOf(store.artifacts.read(owner, "d")));
      await rejectsWith("INVALID_PARAMETER_VALUE", textOf(store.artifacts.read(owner, "../../x")));
      await rejectsWith("INVALID_PARAMETER_VALUE", store.artifacts.write(owner, "../x", chunks("x")));
    });

    test("of a stream that fails are not there", async () => {
      const store = open();
      const { info } = await newRun(store);
      const failing = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from("half");
        throw new Error("the source failed");
      };
      await assert.rejects(store.artifacts.write({ runId: info.runId }, "half", failing()));
      assert.deepEqual(await store.artifacts.list({ runId: info.runId }), []);
    });
  });
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text, "latin1");
}

function loggedModels({ open, loggedModels: has, clears }: Subject): void {
  test("logged models that a store has not are UNSUPPORTED", { skip: has }, async () => {
    const store = open();
    const experimentId = await newExperiment(store);
    await rejectsWith("UNSUPPORTED", store.createLoggedModel({ experimentId }));
    await rejectsWith("UNSUPPORTED", store.getLoggedModel("m-1"));
    await rejectsWith("UNSUPPORTED", store.listLoggedModels(experimentId));
  });

  describe("logged models", { skip: !has }, () => {
    test("are made, found, tagged, finalized and deleted", async () => {
      const store = open();
      const { info } = await newRun(store);
      const params = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`p${i}`, `${i}`]));
      const made = await store.createLoggedModel({
        experimentId: info.experimentId,
        name: "net",
        modelType: "agent",
        sourceRunId: info.runId,
        params,
        tags: { a: "1", "b.c d": "2" },
      });
      assert.equal(made.status, "PENDING");
      assert.deepEqual({ ...made.params }, params);
      assert.equal((await store.finalizeLoggedModel(made.modelId, "READY")).status, "READY");
      await store.setLoggedModelTags(made.modelId, { a: "2" });
      await store.deleteLoggedModelTag(made.modelId, "b.c d");
      const read = await store.getLoggedModel(made.modelId);
      assert.deepEqual(
        [read.name, read.modelType, read.sourceRunId, { ...read.tags }],
        ["net", "agent", info.runId, { a: "2" }],
      );
      assert.deepEqual(
        (await store.listLoggedModels(info.experimentId)).map(({ modelId }) => modelId),
        [made.modelId],
      );
      await store.deleteLoggedModel(made.modelId);
      assert.deepEqual(await store.listLoggedModels(info.experimentId), []);
      if (!clears) await rejectsWith("UNSUPPORTED", store.listLoggedModels(info.experimentId, "deleted"));
    });

    test("are inputs and outputs of runs, and have metrics and artifacts", async () => {
      const store = open();
      const { info } = await newRun(store);
      const { modelId } = await store.createLoggedModel({ experimentId: info.experimentId });
      const writer = await store.openRun(info.runId);
      writer.logOutputs([{ modelId, step: 3 }]);
      writer.logInputs({ modelIds: [modelId] });
      await writer.flush();
      writer.logOutputs([{ modelId, step: 3 }]);
      writer.logMetrics([{ key: "acc", value: 0.9, step: 1, timestamp: 5, modelId }]);
      await writer.close();
      const run = await store.getRun(info.runId);
      assert.deepEqual(run.outputs, [{ modelId, step: 3 }]);
      assert.deepEqual(run.inputs.modelInputs, [{ modelId }]);
      const { metrics } = await store.getLoggedModel(modelId);
      assert.deepEqual(
        metrics.map(({ key, value, runId }) => [key, value, runId]),
        [["acc", 0.9, info.runId]],
      );
      await store.artifacts.write({ modelId }, "MLmodel", chunks("x"));
      assert.equal(await textOf(store.artifacts.read({ modelId }, "MLmodel")), "x");
    });

    test("are searched", async () => {
      const store = open();
      const experimentId = await newExperiment(store);
      for (const name of ["a", "b"]) await store.createLoggedModel({ experimentId, name });
      const { items } = await store.searchLoggedModels({
        experimentIds: [experimentId],
        filter: "name = 'b'",
      });
      assert.deepEqual(
        items.map(({ name }) => name),
        ["b"],
      );
    });

    test("that are not there are RESOURCE_DOES_NOT_EXIST", async () => {
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", open().getLoggedModel(`m-${"0".repeat(32)}`));
    });
  });
}

function registry({ open }: Subject): void {
  describe("registry", () => {
    test("models are made, changed, found and deleted", async () => {
      const store = open();
      const name = uniqueName("model");
      const made = await store.createRegisteredModel(name, { description: "d", tags: { a: "1" } });
      assert.deepEqual([made.name, made.description, { ...made.tags }], [name, "d", { a: "1" }]);
      await rejectsWith("RESOURCE_ALREADY_EXISTS", store.createRegisteredModel(name));
      await store.updateRegisteredModel(name, "e");
      await store.setRegisteredModelTags(name, { b: "2" });
      await store.deleteRegisteredModelTag(name, "a");
      const read = await store.getRegisteredModel(name);
      assert.deepEqual([read.description, { ...read.tags }], ["e", { b: "2" }]);
      const other = uniqueName("model");
      await store.renameRegisteredModel(name, other);
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.getRegisteredModel(name));
      assert((await store.listRegisteredModels()).some((model) => model.name === other));
      const found = await store.searchRegisteredModels({ filter: `name = '${other}'` });
      assert.deepEqual(
        found.items.map((model) => model.name),
        [other],
      );
      await store.deleteRegisteredModel(other);
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.getRegisteredModel(other));
    });

    test("versions are counted, tagged, staged, aliased and deleted", async () => {
      const store = open();
      const name = uniqueName("model");
      const { info } = await newRun(store);
      await store.createRegisteredModel(name);
      const source = `${info.artifactUri}/model`;
      const one = await store.createModelVersion({
        name,
        source,
        runId: info.runId,
        tags: { a: "1" },
        description: "first",
      });
      const two = await store.createModelVersion({ name, source, runId: info.runId });
      assert.deepEqual([one.version, two.version], [1, 2]);
      await store.setAlias(name, "best", 2);
      await store.setModelVersionTags(name, 2, { b: "2" });
      await store.updateModelVersion(name, 2, "second");
      assert.equal((await store.transitionStage(name, 2, "Staging")).currentStage, "Staging");
      const read = await store.getModelVersion(name, 2);
      assert.deepEqual(
        [read.description, read.runId, { ...read.tags }, read.currentStage],
        ["second", info.runId, { b: "2" }, "Staging"],
      );
      assert.equal((await store.getModelVersionByAlias(name, "best")).version, 2);
      const listed = await store.listModelVersions(name);
      assert.deepEqual(
        listed.map(({ version, aliases }) => [version, aliases]),
        [
          [1, []],
          [2, ["best"]],
        ],
      );
      await store.deleteModelVersionTag(name, 2, "b");
      assert.deepEqual({ ...(await store.getModelVersion(name, 2)).tags }, {});
      await store.deleteAlias(name, "best");
      await rejectsWith("INVALID_PARAMETER_VALUE", store.getModelVersionByAlias(name, "best"));
      await store.deleteModelVersion(name, 1);
      assert.deepEqual(
        (await store.listModelVersions(name)).map(({ version }) => version),
        [2],
      );
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.getModelVersion(name, 1));
      const found = await store.searchModelVersions({ filter: `name = '${name}'` });
      assert.deepEqual(
        found.items.map(({ version }) => version),
        [2],
      );
    });

    test("what is not there is RESOURCE_DOES_NOT_EXIST", async () => {
      const store = open();
      const name = uniqueName("none");
      assert.deepEqual(await store.listModelVersions(name), []);
      await rejectsWith("RESOURCE_DOES_NOT_EXIST", store.createModelVersion({ name, source: "s3://b/x" }));
    });
  });
}
