/**
 * Two stores that had the same run and were worked on each for itself: merging the one into the other gives the same record as
 * merging the other way round, unless something is in conflict; a repeated merge writes nothing; both stay sound.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type FileStore, fsck, initWorkspace, openFileStore } from "../../core/index.js";
import {
  type CommonRecord,
  countMissingPoints,
  type MergeResult,
  mergeRun,
  offerRun,
  type PlannedMerge,
  planMerge,
  type RunDocument,
  readRunDocument,
  receiveRun,
} from "../../core/transfer/index.js";
import type { Metric } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { makeRun, mustFind } from "../helpers/transfer-store.js";

const KEYS = ["a", "b", "c/d", "c/e", "A1"];
const VALUES = ["1", "2", "", "\u{1f377}\n"];
const RUNS = process.env["RUNSTONE_TIER"] === "full" ? 300 : 12;

type Edit = (store: FileStore, runId: string) => Promise<unknown>;

const key = fc.constantFrom(...KEYS);
const value = fc.constantFrom(...VALUES);
const metric: fc.Arbitrary<Metric> = fc.record({
  key,
  step: fc.integer({ min: -2, max: 5 }),
  timestamp: fc.integer({ min: 0, max: 3 }),
  value: fc.constantFrom(0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY),
});
const linked = fc
  .tuple(metric, fc.option(fc.constantFrom("1", "2"), { nil: undefined }))
  .map(([point, digest]) => (digest === undefined ? point : { ...point, dataset: { name: "d", digest } }));
const metrics = fc.array(linked, { maxLength: 12 });
const params = fc.dictionary(key, value, { maxKeys: 3 });
const tags = fc.dictionary(key, value, { maxKeys: 3 });
const artifacts = fc.dictionary(fc.constantFrom("m.bin", "p/q.txt", "p/r.txt"), value, { maxKeys: 2 });

const edit: fc.Arbitrary<Edit> = fc.oneof(
  metrics.map(
    (some): Edit =>
      (store, runId) =>
        store.logBatch(runId, { metrics: some }),
  ),
  tags.map(
    (some): Edit =>
      (store, runId) =>
        store.setTags(runId, some),
  ),
  key.map(
    (tag): Edit =>
      (store, runId) =>
        store.deleteTag(runId, tag).catch(() => undefined),
  ),
  params.map(
    (some): Edit =>
      (store, runId) =>
        store.logBatch(runId, { params: some }).catch(() => undefined),
  ),
  fc.tuple(fc.constantFrom("m.bin", "p/q.txt", "p/s.txt"), value).map(
    ([path, text]): Edit =>
      (store, runId) =>
        store.artifacts.write({ runId }, path, streamOf(text)),
  ),
  value.map(
    (runName): Edit =>
      (store, runId) =>
        store.updateRun(runId, { runName: `n${runName}` }),
  ),
  fc.constantFrom("KILLED" as const, "FAILED" as const).map(
    (status): Edit =>
      (store, runId) =>
        store.updateRun(runId, { status }),
  ),
  fc.constantFrom("1", "2").map(
    (digest): Edit =>
      async (store, runId) => {
        const dataset = { name: "d", digest, sourceType: "local", source: "{}", schema: null, profile: null };
        const writer = await store.openRun(runId);
        writer.logInputs({ datasets: [{ dataset, tags: { context: digest } }] });
        writer.logOutputs([{ modelId: "m-0123456789abcdef0123456789abcdef", step: Number(digest) }]);
        await writer.close();
      },
  ),
);

async function* streamOf(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

interface Case {
  readonly base: {
    readonly params: object;
    readonly tags: object;
    readonly artifacts: object;
    readonly end: boolean;
  };
  readonly metrics: readonly Metric[];
  readonly mine: readonly Edit[];
  readonly theirs: readonly Edit[];
  readonly knowsCommon: boolean;
}

const cases: fc.Arbitrary<Case> = fc.record({
  base: fc.record({ params, tags, artifacts, end: fc.boolean() }),
  metrics,
  mine: fc.array(edit, { maxLength: 4 }),
  theirs: fc.array(edit, { maxLength: 4 }),
  knowsCommon: fc.boolean(),
});

function commonOf({ tags: found, info }: RunDocument): CommonRecord {
  const { runName, status, endTime, lifecycleStage } = info;
  return { tags: found, runName, status, endTime, lifecycleStage };
}

function newStoreIn(directory: string): FileStore {
  mkdirSync(directory);
  initWorkspace(directory);
  return openFileStore({ cwd: directory });
}

function copyOf(store: FileStore, directory: string): FileStore {
  execFileSync("cp", ["-a", store.context.workspace ?? "", directory]);
  return openFileStore({ cwd: directory });
}

/** What a merge of B's run into A's would do. */
async function foresee(
  a: FileStore,
  b: FileStore,
  runId: string,
  known: Pick<PlannedMerge, "common" | "commonArtifacts">,
): Promise<Pick<MergeResult, "counts" | "conflicts">> {
  const [mine, theirs] = [a, b].map((store) => offerRun(store.context, mustFind(store, runId)).run);
  assert.ok(mine !== undefined && theirs !== undefined);
  const both = { mine: mine.document, document: theirs.document };
  const { params, tags, keys, artifacts, conflicts } = planMerge({ ...both, ...known, isIncomplete: false });
  let points = 0;
  for (const one of keys) points += await countMissingPoints(one, mine.points, theirs.points);
  return { counts: { params, tags, points, artifacts: artifacts.length }, conflicts };
}

async function holds(one: Case, top: string): Promise<void> {
  const [a, b] = [newStoreIn(join(top, "a")), newStoreIn(join(top, "b"))];
  const { runId } = await makeRun(a, {
    ...one.base,
    metrics: one.metrics,
    runName: "r",
    startTime: 1,
  } as object);
  const common = readRunDocument(a.context, mustFind(a, runId)).document;
  await receiveRun(b.context, offerRun(a.context, mustFind(a, runId)).run);
  for (const [store, edits] of [
    [a, one.mine],
    [b, one.theirs],
  ] as const)
    for (const each of edits) await each(store, runId);
  const [a0, b0] = [copyOf(a, join(top, "a0")), copyOf(b, join(top, "b0"))];
  const known = {
    common: one.knowsCommon ? commonOf(common) : null,
    ...(one.knowsCommon
      ? { commonArtifacts: Object.fromEntries(common.artifacts.map(({ path, sha256 }) => [path, sha256])) }
      : {}),
  };
  const merge = (into: FileStore, from: FileStore) =>
    mergeRun(into.context, mustFind(into, runId), {
      theirs: offerRun(from.context, mustFind(from, runId)).run,
      ...known,
    });
  const foreseen = await foresee(a0, b0, runId, known);
  const [inA, inB] = [await merge(a, b0), await merge(b, a0)];
  assert.deepEqual({ counts: inA.counts, conflicts: inA.conflicts }, foreseen, "the plan of a merge");
  assert.equal(inA.conflicts.length, inB.conflicts.length);
  const [docA, docB] = [a, b].map((store) => readRunDocument(store.context, mustFind(store, runId)).document);
  assert.ok(docA !== undefined && docB !== undefined);
  assert.deepEqual(docA.series, docB.series, "points are a set");
  if (inA.conflicts.length === 0) {
    assert.equal(docA.recordDigest, docB.recordDigest);
    assert.deepEqual(
      [docA.info.runName, docA.info.status, docA.info.endTime],
      [docB.info.runName, docB.info.status, docB.info.endTime],
    );
  }
  const counts = { params: 0, tags: 0, points: 0, artifacts: 0 };
  assert.deepEqual(await merge(a, b0), { changed: false, counts, conflicts: inA.conflicts });
  assert.deepEqual(readRunDocument(a.context, mustFind(a, runId)).document, docA);
  for (const store of [a, b]) {
    const wrong = fsck(store.context).damages.filter(({ severity }) => severity !== "note");
    assert.deepEqual(
      wrong.filter(({ kind }) => kind !== "logged_model_missing"),
      [],
    );
  }
}

describe("two stores with edits of their own", () => {
  test("come to the same record, whichever is merged into which", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const top = mkdtempSync(join(tmpdir(), "runstone-merge-"));
        try {
          await holds(one, top);
        } finally {
          rmSync(top, { recursive: true, force: true });
        }
      }),
      { numRuns: RUNS },
    );
  });
});
