/** Runs that come from another store (SPEC.md, 8.8 and 8.9). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readManifest } from "../../core/store/runs/seal.js";
import {
  mergeRun,
  offerRun,
  readRunDocument,
  receiveArtifacts,
  receiveRun,
} from "../../core/transfer/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { treeOf } from "../helpers/new-store.js";
import { makeRun, newWorkspace, point, points } from "../helpers/transfer-store.js";

const MADE = { params: { lr: "0.1" }, metrics: points("loss", 0, 3), artifacts: { "m.bin": "weights" } };

describe("receiving and merging", () => {
  test("R-receive-1: a path that leads out is refused before a byte is written", async (t) => {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const { run } = offerRun(from.context, await makeRun(from, MADE));
    const before = treeOf(to.context.root);
    const artifacts = [{ path: "../../x", size: 1, sha256: "0".repeat(64) }];
    await assert.rejects(
      receiveRun(to.context, { ...run, document: { ...run.document, artifacts } }),
      (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
    );
    assert.deepEqual(treeOf(to.context.root), before);
  });

  test("R-receive-2, R-receive-3: other bytes are refused, absent ones stand in the manifest until they come", async (t) => {
    const [from, to] = [newWorkspace(t), newWorkspace(t)];
    const { run } = offerRun(from.context, await makeRun(from, MADE));
    const before = treeOf(to.context.root);
    await assert.rejects(
      receiveRun(to.context, { ...run, artifact: () => [Buffer.from("weightX")] }),
      (error) => isRunstoneError(error, "DAMAGED"),
    );
    assert.deepEqual(treeOf(to.context.root), before);
    const { location } = await receiveRun(to.context, { ...run, artifact: () => null });
    const line = /^ {2}"artifacts\/m\.bin": artifact [0-9a-f]{64} 7 0 absent$/m;
    assert.match(readFileSync(join(location.directory, "manifest.yaml"), "utf8"), line);
    assert.equal(readManifest(location.directory)?.recordDigest, run.document.recordDigest);
    await receiveArtifacts(to.context, location, { source: run.artifact });
    assert.doesNotMatch(readFileSync(join(location.directory, "manifest.yaml"), "utf8"), line);
    assert.equal(readManifest(location.directory)?.recordDigest, run.document.recordDigest);
  });

  test("R-merge-1, R-merge-2: points are a set, a param is kept, both ways give one digest, twice is once", async (t) => {
    const [a, b] = [newWorkspace(t), newWorkspace(t)];
    const inA = await makeRun(a, MADE);
    const { location: inB } = await receiveRun(b.context, offerRun(a.context, inA).run);
    await a.logBatch(inA.runId, { metrics: [point("loss", 5)] });
    await b.logBatch(inB.runId, { metrics: [point("loss", 2), point("loss", 6)], params: { depth: "3" } });
    const [ofA, ofB] = [offerRun(a.context, inA).run, offerRun(b.context, inB).run];
    const former = ofA.document;
    assert.ok((await mergeRun(a.context, inA, { theirs: ofB, common: null })).changed);
    assert.ok(
      (await mergeRun(b.context, inB, { theirs: { ...ofA, document: former }, common: null })).changed,
    );
    const [docA, docB] = [readRunDocument(a.context, inA).document, readRunDocument(b.context, inB).document];
    assert.equal(docA.recordDigest, docB.recordDigest);
    assert.equal(docA.series[0]?.count, 5);
    const again = await mergeRun(a.context, inA, { theirs: offerRun(b.context, inB).run, common: null });
    assert.deepEqual([again.changed, again.conflicts], [false, []]);
  });
});
