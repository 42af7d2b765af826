import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type FileStore, intercept, type Operation } from "../../core/index.js";
import type { RunLocation } from "../../core/store/read/located.js";
import { readManifest } from "../../core/store/runs/seal.js";
import {
  openArtifact,
  openObject,
  type RunDocument,
  readRunDocument,
  readSeries,
  SeriesMarker,
} from "../../core/transfer/index.js";
import { isRunstoneError, type Point } from "../../store-format/index.js";
import { makeRun, newWorkspace, point, points } from "../helpers/transfer-store.js";

const DATASET = { name: "d", digest: "1" };

async function fullRun(store: FileStore, end = true): Promise<RunLocation> {
  const run = await makeRun(store, {
    params: { lr: "0.1" },
    tags: { team: "a" },
    metrics: [
      ...points("loss", 5, 9),
      ...points("loss", 0, 5),
      { ...point("loss", 3), dataset: DATASET },
      point("acc", 1, Number.NaN),
      point("acc", 1, Number.NaN),
    ],
    artifacts: { "model.bin": "weights", "plots/roc.png": "png" },
    end: false,
  });
  const writer = await store.openRun(run.runId);
  writer.logInputs({
    datasets: [
      {
        dataset: { ...DATASET, sourceType: "local", source: "{}", schema: null, profile: null },
        tags: { a: "b" },
      },
    ],
    modelIds: ["m-0123456789abcdef0123456789abcdef"],
  });
  writer.logOutputs([{ modelId: "m-fedcba9876543210fedcba9876543210", step: 4 }]);
  if (end) await writer.end({ status: "FINISHED" });
  else await writer.close();
  return run;
}

function textOf(blocks: Iterable<Uint8Array>): string {
  return Buffer.concat([...blocks].map((block) => Buffer.from(block))).toString();
}

describe("the document of a run", () => {
  test("holds all of the record, and the seal's digest", async (t) => {
    const store = newWorkspace(t);
    const run = await fullRun(store);
    const { document, damages, changing } = readRunDocument(store.context, run);
    assert.deepEqual([damages, changing], [[], []]);
    assert.equal(document.recordDigest, readManifest(run.directory)?.recordDigest);
    assert.equal(document.experimentName, "Default");
    assert.equal(document.info.status, "FINISHED");
    assert.deepEqual({ ...document.params }, { lr: "0.1" });
    assert.equal(document.tags["team"], "a");
    assert.deepEqual(
      document.series.map(({ key, count, dataset }) => [key, count, dataset?.name]),
      [
        ["acc", 1, undefined],
        ["loss", 9, undefined],
        ["loss", 1, "d"],
      ],
    );
    assert.equal(document.inputs.datasetInputs[0]?.tags["a"], "b");
    assert.equal(document.inputs.modelInputs.length, 1);
    assert.deepEqual(document.outputs, [{ modelId: "m-fedcba9876543210fedcba9876543210", step: 4 }]);
    assert.deepEqual(
      document.artifacts.map(({ path, size, absent }) => [path, size, absent]),
      [
        ["model.bin", 7, undefined],
        ["plots/roc.png", 3, undefined],
      ],
    );
  });

  test("is the same before the seal and after it", async (t) => {
    const store = newWorkspace(t);
    const run = await fullRun(store, false);
    const before = readRunDocument(store.context, run).document;
    await (await store.openRun(run.runId)).end({ status: "KILLED" });
    const after = readRunDocument(store.context, run).document;
    assert.equal(after.recordDigest, readManifest(run.directory)?.recordDigest);
    const partsOf = ({ info, ...parts }: RunDocument) => parts;
    assert.deepEqual(partsOf(after), partsOf(before));
  });

  test("takes hashes of artifacts from the seal only while size and time are those of then", async (t) => {
    const store = newWorkspace(t);
    const run = await fullRun(store);
    const file = join(run.directory, "artifacts/model.bin");
    const opened: string[] = [];
    const read = () => {
      opened.length = 0;
      intercept({
        before: ({ name, path }: Operation) => {
          if (name === "open" && path.endsWith("model.bin")) opened.push(path);
          return undefined;
        },
      });
      try {
        return readRunDocument(store.context, run).document.artifacts.find(
          ({ path }) => path === "model.bin",
        );
      } finally {
        intercept(undefined);
      }
    };
    const sealed = read();
    assert.deepEqual(opened, []);
    const { atime } = statSync(file);
    utimesSync(file, atime, new Date(1_600_000_000_000));
    assert.deepEqual(read(), sealed);
    assert.ok(opened.length > 0);
    writeFileSync(file, "changed");
    assert.notEqual(read()?.sha256, sealed?.sha256);
  });

  test("names artifacts that are elsewhere, and that are pointers only", async (t) => {
    const store = newWorkspace(t);
    const run = await fullRun(store);
    const before = readRunDocument(store.context, run).document;
    rmSync(join(run.directory, "artifacts/model.bin"));
    writeFileSync(
      join(run.directory, "artifacts/plots/roc.png"),
      "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
    );
    const { document, damages } = readRunDocument(store.context, run);
    assert.deepEqual(
      damages.map(({ kind }) => kind),
      ["lfs_pointer"],
    );
    assert.deepEqual(
      document.artifacts,
      before.artifacts.map((head) => ({ ...head, absent: true })),
    );
    assert.equal(document.recordDigest, before.recordDigest);
  });

  test("of a damaged run names every part that is not in it", async (t) => {
    const store = newWorkspace(t);
    const run = await fullRun(store);
    appendFileSync(join(run.directory, "metrics/loss"), "17 nonsense\n12 1");
    appendFileSync(join(run.directory, "metrics/acc"), "what\n");
    writeFileSync(join(run.directory, "params/lr"), Buffer.from([0x30, 0xff]));
    mkdirSync(join(run.directory, "inputs/x"));
    rmSync(join(run.directory, "..", "datasets"), { recursive: true });
    const told: string[] = [];
    const { document, damages } = readRunDocument(store.context, run, {
      onDamage: ({ kind }) => void told.push(kind),
    });
    const named = damages.map(
      ({ kind, path, offset }) => `${kind} ${path.split("/").slice(2).join("/")} ${offset ?? ""}`,
    );
    assert.deepEqual(
      told,
      damages.map(({ kind }) => kind),
    );
    for (const expected of [
      /^metric_line_malformed metrics\/loss /,
      /^metric_line_torn metrics\/loss /,
      /^metric_line_malformed metrics\/acc /,
      /^value_not_utf8 params\/lr 1$/,
      /^input_meta_damaged inputs\/x/,
      /^dataset_missing inputs\//,
    ])
      assert.equal(
        named.filter((name) => expected.test(name)).length,
        1,
        `${expected} in ${named.join("\n")}`,
      );
    assert.equal(
      document.series.find(({ key, dataset }) => key === "loss" && dataset === undefined)?.count,
      9,
    );
    assert.equal(document.inputs.datasetInputs.length, 0);
  });
});

describe("points on their way out", () => {
  const all = (reading: ReturnType<typeof readSeries>): Point[] =>
    [...reading.chunks].flatMap(({ points }) => points);

  test("go on from a mark as long as what came before it is the same", async (t) => {
    const store = newWorkspace(t);
    const run = await makeRun(store, { metrics: points("loss", 0, 40_000), end: false });
    const chunks = [...readSeries(run, "loss").chunks];
    assert.ok(chunks.length > 1);
    const marker = new SeriesMarker();
    for (const { points: some, mark } of chunks) {
      for (const each of some) marker.add(each);
      assert.deepEqual(marker.mark(), mark);
    }
    const from = chunks[0]?.mark ?? marker.mark();
    const rest = readSeries(run, "loss", { from });
    assert.equal(rest.start, from.count);
    assert.equal(all(rest).length, 40_000 - from.count);
    const end = marker.mark();
    assert.deepEqual(all(readSeries(run, "loss", { from: end })), []);
    await store.logBatch(run.runId, { metrics: points("loss", 40_000, 40_003) });
    const more = readSeries(run, "loss", { from: end });
    assert.deepEqual([more.start, all(more).map(({ step }) => step)], [40_000, [40_000, 40_001, 40_002]]);
    const other = readSeries(run, "loss", { from: { ...from, sha256: "0".repeat(64) } });
    assert.equal(other.start, 0);
    assert.equal(all(other).length, 40_003);
    const beyond = readSeries(run, "loss", { from: { ...end, count: 1_000_000 } });
    assert.equal(beyond.start, 0);
    assert.equal(all(beyond).length, 40_003);
    assert.deepEqual(all(readSeries(run, "no such key")), []);
  });

  test("the mark tells linked points from unlinked ones", async (t) => {
    const store = newWorkspace(t);
    const run = await makeRun(store, { metrics: [point("x", 1), { ...point("y", 1), dataset: DATASET }] });
    const markOf = (key: string) => [...readSeries(run, key).chunks].at(-1)?.mark;
    assert.notDeepEqual(markOf("x"), markOf("y"));
  });
});

describe("bytes on their way out", () => {
  test("an object that was changed is not passed on", async (t) => {
    const store = newWorkspace(t);
    const run = await fullRun(store);
    const head = readRunDocument(store.context, run).document.artifacts[0];
    assert.ok(head !== undefined);
    const object = openObject(store.context, head.sha256);
    assert.equal(textOf(object?.blocks(2, 5) ?? []), "igh");
    object?.close();
    assert.equal(openObject(store.context, "0".repeat(64)), null);
    assert.equal(openObject(store.context, "../../x"), null);
    const path = join(
      store.context.workspace ?? "",
      ".runstone/objects",
      head.sha256.slice(0, 2),
      head.sha256.slice(2),
    );
    rmSync(path);
    writeFileSync(path, "weightX");
    assert.throws(
      () => openObject(store.context, head.sha256),
      (error) => isRunstoneError(error, "DAMAGED"),
    );
  });

  test("an artifact comes from its file, else from its object, else not at all", async (t) => {
    const store = newWorkspace(t);
    const run = await fullRun(store);
    const [head] = readRunDocument(store.context, run).document.artifacts;
    assert.ok(head !== undefined);
    const text = () => {
      const bytes = openArtifact(store.context, run, head);
      try {
        return textOf(bytes.blocks());
      } finally {
        bytes.close();
      }
    };
    assert.equal(text(), "weights");
    writeFileSync(join(run.directory, "artifacts/model.bin"), "changed");
    assert.equal(text(), "weights");
    rmSync(join(run.directory, "artifacts/model.bin"));
    assert.equal(text(), "weights");
    rmSync(join(store.context.workspace ?? "", ".runstone/objects"), { recursive: true });
    assert.throws(text, (error) => isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST"));
    writeFileSync(join(run.directory, "artifacts/model.bin"), "changed");
    assert.throws(text, (error) => isRunstoneError(error, "DAMAGED"));
  });
});
