/** The store of SPEC.md, section 4, made by the code: the same directories, ids, bytes and digests as the page states. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fsck, initWorkspace, openFileStore, type readManifest } from "../../core/index.js";
import { parseManifest } from "../../store-format/index.js";
import { sha256 } from "../unit/format-support.js";
import { bytesOfDump, fenceOf, PAGE } from "./page.js";

const EXPERIMENT = "188651277052019879";
const RUN = "fc24143f50cd6e1afba1955b22cd52a6";
const DATASET = { name: "invoices-train", digest: "5f2c81aa" };

/** Paths of a tree drawn by indentation, directories with a final `/`; what follows `#` is said of it. */
function pathsOfTree(tree: string): string[] {
  const above: string[] = [];
  return tree
    .trimEnd()
    .split("\n")
    .map((line) => {
      const name = line.replace(/ +#.*$/, "").trimStart();
      const depth = (line.length - line.trimStart().length) / 2;
      above.splice(depth);
      above.push(name);
      return above.join("");
    });
}

function listTree(directory: string, above = ""): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [above + entry.name];
    const path = `${above}${entry.name}/`;
    return [path, ...listTree(join(directory, entry.name), path)];
  });
}

describe("the store of section 4", () => {
  const workspace = mkdtempSync(join(tmpdir(), "runstone-spec-"));
  const run = join(workspace, "mlruns", EXPERIMENT, RUN);
  const text = (path: string) => readFileSync(join(run, path), "utf8");
  let live: string[] = [];
  let now = 1748764800123;

  before(async () => {
    mkdirSync(join(workspace, ".runstone"));
    writeFileSync(join(workspace, ".runstone/config.yaml"), "artifact_location: relative\nformat: 1\n");
    initWorkspace(workspace);
    const store = openFileStore({ cwd: workspace, now: () => now });
    const { experimentId } = await store.createExperiment({ name: "credit-risk", tags: { team: "risk" } });
    now = 1748764900000;
    const { info } = await store.createRun({
      experimentId,
      runName: "gentle-otter-512",
      runKey: "nightly-7",
      userId: "ana",
      tags: { "mlflow.user": "ana" },
      params: { lr: "0.1" },
    });
    const first = await store.openRun(info.runId);
    first.logMetrics([
      { key: "loss", timestamp: 1748764901000, value: 0.9134, step: 0 },
      { key: "loss", timestamp: 1748764902000, value: 0.52, step: 1 },
      { key: "val/f1", timestamp: 1748764905000, value: 0.875, step: 10, dataset: DATASET },
    ]);
    const second = await store.openRun(info.runId);
    second.logMetrics([{ key: "loss", timestamp: 1748764903000, value: Number.NaN, step: 2 }]);
    const source = { sourceType: "local", source: '{"uri": "data/invoices.csv"}' };
    const dataset = { ...DATASET, ...source, schema: null, profile: null };
    first.logInputs({ datasets: [{ dataset, tags: { "mlflow.data.context": "training" } }] });
    first.logArtifactBytes("plots/roc.png", Buffer.from("89504e47", "hex"));
    live = listTree(run);
    await second.close();
    now = 1748765500789;
    await first.end({ status: "FINISHED" });
  });
  after(() => rmSync(workspace, { recursive: true }));

  test("has the files of the tree and no others (R-layout-9, R-id-1, R-id-3, R-id-4, R-temp-1)", () => {
    const drawn = pathsOfTree(fenceOf(PAGE, "layout", "tree").text);
    assert.deepEqual(listTree(workspace).sort(), drawn.sort());
  });

  test("while live it has slots and is ignored by Git (R-writer-1, R-git-1)", () => {
    const slots = ["writers/", "writers/0/", "writers/0/owner.yaml", "writers/1/", "writers/1/metrics/"];
    const more = ["writers/1/metrics/loss", "writers/1/owner.yaml", ".gitignore"];
    for (const path of [...slots, ...more]) assert.ok(live.includes(path), path);
  });

  test("its meta files are those of 5.2, 5.3, 5.8, 5.9 (R-exp-1, R-run-1, R-art-3)", () => {
    const experiment = join(workspace, "mlruns", EXPERIMENT, "meta.yaml");
    assert.equal(readFileSync(experiment, "utf8"), fenceOf(PAGE, "experiment-meta", "credit-risk").text);
    assert.equal(text("meta.yaml"), fenceOf(PAGE, "run-meta", "nightly").text);
    const input = text("inputs/413dae5ef338465b8f9bbe94e81ea4b6/meta.yaml");
    assert.equal(input, fenceOf(PAGE, "input-meta", "invoices").text);
    const dataset = text("../datasets/ce0d77eb924d591ecabfd92e291d11a0/meta.yaml");
    assert.equal(dataset, fenceOf(PAGE, "dataset-meta", "invoices").text);
  });

  test("its records are those of 5.4, 5.5, 5.6, the points of slot 1 folded (R-metric-1, R-link-1, R-fold-3)", () => {
    const loss = Buffer.from(bytesOfDump(fenceOf(PAGE, "metric-run", "loss").text));
    assert.equal(text("metrics/loss"), loss.toString("utf8"));
    assert.equal(text("links.jsonl"), fenceOf(PAGE, "links", "f1").text);
    const lr = Buffer.from(bytesOfDump(fenceOf(PAGE, "text-value", "lr").text));
    assert.equal(text("params/lr"), lr.toString("utf8"));
  });

  test("its manifest is that of 5.15 but for times (R-manifest-1, R-record-1, R-record-2, R-record-3, R-seal-1)", () => {
    const timeless = ({ files, recordDigest, complete }: NonNullable<ReturnType<typeof readManifest>>) => ({
      recordDigest,
      complete,
      files: files.map(({ mtimeNs: _, ...file }) => file),
    });
    const stated = parseManifest(Buffer.from(fenceOf(PAGE, "manifest", "nightly").text), sha256);
    const written = parseManifest(Buffer.from(text("manifest.yaml")), sha256);
    assert.deepEqual(timeless(written), timeless(stated));
  });

  test("its files for Git are those of 5.20 (R-git-2, R-git-3)", () => {
    for (const path of [".runstone/.gitignore", "mlruns/.gitattributes"])
      assert.equal(readFileSync(join(workspace, path), "utf8"), fenceOf(PAGE, "file", path).text);
  });

  test("nothing in it is damaged, and a check changes nothing (R-layout-10)", () => {
    const before = listTree(workspace);
    const { context } = openFileStore({ cwd: workspace });
    const { damages, changes } = fsck(context);
    assert.deepEqual(
      damages.filter(({ severity }) => severity !== "note"),
      [],
    );
    assert.deepEqual(changes, []);
    assert.deepEqual(listTree(workspace), before);
  });
});
