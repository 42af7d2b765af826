/** Reading never writes: not one byte, name, mode or time of a store changes, and a read-only store is read in full. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { dumpStore } from "../../core/index.js";
import type { StorePaths } from "../../core/store/layout.js";
import {
  chmodTree,
  experimentMeta,
  makeStore,
  OTHER_RUN,
  oneRun,
  RUN,
  runMeta,
  treeDigest,
} from "./read-fixture.js";

const READER = fileURLToPath(new URL("./read-only-reader.js", import.meta.url));

interface Report {
  readonly experiments: readonly string[];
  readonly runs: readonly string[];
  readonly artifacts: readonly string[];
  readonly missing: unknown;
  /** The damage objects of the dump. */
  readonly told: readonly string[];
}

/** Windows has no such modes. */
const ifPossible = process.platform === "win32" ? test.skip : test;

const TREE = oneRun({
  "1/RUN/params/lr": "0.1",
  "1/RUN/metrics/loss": "1 1 0\n2 2 1\n",
  "1/RUN/writers/1/metrics/loss": "3 3 2\n",
  "1/RUN/artifacts/plots/roc.png": "12345",
  "models/parser/meta.yaml": "name: parser\n",
  "1/models/m-1/meta.yaml": "creation_timestamp: 1\nexperiment_id: '1'\nmodel_id: m-1\n",
  ".trash/2/meta.yaml": experimentMeta("2", "old"),
  [`.trash/2/${OTHER_RUN}/meta.yaml`]: runMeta(OTHER_RUN, "2"),
});

/** What the reader prints, run as a user who may not read everything; an error code when it failed with one. */
function readUnprivileged(paths: StorePaths, runId = "none"): Report | string {
  const child = spawnSync(process.execPath, [READER, paths.root, runId], { encoding: "utf8" });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout) as Report | string;
}

function reportOf(paths: StorePaths, runId?: string): Report {
  const found = readUnprivileged(paths, runId);
  if (typeof found === "string") assert.fail(found);
  return found;
}

/** Nobody but root may enter; where the tests do not run as root, nobody at all. */
function close(directory: string): void {
  chmodSync(directory, process.getuid?.() === 0 ? 0o700 : 0);
}

ifPossible(
  "a read-only store that belongs to somebody else is read in full, and stays as it is",
  (context) => {
    const paths = makeStore(context, TREE);
    chmodSync(dirname(paths.root), 0o755);
    chmodTree(paths.root, 0o444, 0o555);
    const before = treeDigest(paths.root);
    const found = reportOf(paths);
    assert.deepEqual(found.experiments, ["0", "1", "2"]);
    assert.deepEqual(found.runs, [RUN, OTHER_RUN]);
    assert.deepEqual(found.artifacts, ["plots/roc.png 5"]);
    assert.equal(found.missing, null);
    assert.equal(treeDigest(paths.root), before);
  },
);

ifPossible("reading a store that we could write changes nothing in it either", (context) => {
  const paths = makeStore(context, TREE);
  const before = treeDigest(dirname(paths.root));
  assert.ok([...dumpStore(paths)].length > 0);
  assert.equal(treeDigest(dirname(paths.root)), before);
});

ifPossible("a run that may not be read is told as unreadable, once, and hides no other", (context) => {
  const paths = makeStore(context, TREE);
  chmodSync(dirname(paths.root), 0o755);
  close(join(paths.root, "1", RUN));
  const found = reportOf(paths);
  assert.deepEqual(found.runs, [OTHER_RUN]);
  const told = found.told.filter((line) => line.includes("file_unreadable"));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", new RegExp(`"path":"1/${RUN}"`));
});

ifPossible("an experiment that may not be read: a run that may lie in it is not called absent", (context) => {
  const paths = makeStore(context, TREE);
  chmodSync(dirname(paths.root), 0o755);
  close(join(paths.root, "1"));
  const found = reportOf(paths, RUN);
  assert.deepEqual(found.experiments, ["0", "2"]);
  assert.equal(found.missing, "PERMISSION_DENIED");
});

ifPossible("a root that may not be read is an error, not an empty store", (context) => {
  const paths = makeStore(context, TREE);
  chmodSync(dirname(paths.root), 0o755);
  close(paths.root);
  assert.equal(readUnprivileged(paths), "PERMISSION_DENIED");
});
