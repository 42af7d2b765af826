/** What the seal does with artifacts: copies, homes, hard links; and how damage in one comes back from the other. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
  type ArtifactPolicy,
  FileStore,
  fsck,
  initWorkspace,
  openFileStore,
  readManifest,
  repair,
} from "../../core/index.js";

let place = "";
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "runstone-objects-"));
  initWorkspace(place);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const POLICY: ArtifactPolicy = { gitMaxBytes: 1000, objectCopyMaxBytes: 10_000, hardLinks: false };

function storeWith(policy: Partial<ArtifactPolicy>): FileStore {
  const { context } = openFileStore({ cwd: place });
  return new FileStore({ ...context, artifactPolicy: { ...POLICY, ...policy } });
}

async function sealedRun(
  store: FileStore,
  files: Readonly<Record<string, string>>,
): Promise<{ runId: string; directory: string }> {
  const { info } = await store.createRun({ experimentId: "0" });
  const writer = await store.openRun(info.runId);
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(place, "source"), text);
    writer.logArtifactFile(join(place, "source"), path);
  }
  await writer.end({ status: "FINISHED" });
  return { runId: info.runId, directory: join(place, "mlruns", "0", info.runId) };
}

function lineOf(directory: string, path: string) {
  const line = readManifest(directory)?.files.find((file) => file.path === `artifacts/${path}`);
  assert.ok(line, path);
  return line;
}

function objectOf(sha256: string): string {
  return join(place, ".runstone", "objects", sha256.slice(0, 2), sha256.slice(2));
}

/** Flips a byte and puts the modification time back, as a failing disk would. */
function rot(path: string): void {
  const { atime, mtime, mode } = statSync(path);
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  chmodSync(path, mode);
  utimesSync(path, atime, mtime);
}

describe("artifacts at the seal", () => {
  test("small ones are copied to objects, a large one is the home of its own; equal content lies there once", async () => {
    const store = storeWith({});
    const { directory } = await sealedRun(store, {
      "a.txt": "same",
      "b.txt": "same",
      "big.bin": "x".repeat(20_000),
    });
    assert.equal(lineOf(directory, "a.txt").sha256, lineOf(directory, "b.txt").sha256);
    assert.equal(lineOf(directory, "a.txt").content, "object");
    assert.equal(readFileSync(objectOf(lineOf(directory, "a.txt").sha256), "utf8"), "same");
    const big = lineOf(directory, "big.bin");
    // A file system that clones keeps an object of every size.
    if (big.content === "home") assert.throws(() => statSync(objectOf(big.sha256)), /ENOENT/);
    else assert.equal(big.content, "object");
    assert.equal(readFileSync(join(directory, ".gitignore"), "utf8"), "/artifacts/big.bin\n");
  });

  test("a damaged object comes back from the artifact, a damaged or lost artifact from its object", async () => {
    const store = storeWith({});
    const { directory } = await sealedRun(store, { "a.txt": "first", "b.txt": "second", "c.txt": "third" });
    rot(objectOf(lineOf(directory, "a.txt").sha256));
    rmSync(join(directory, "artifacts", "b.txt"));
    writeFileSync(join(directory, "artifacts", "c.txt"), "edited by hand");
    const found = fsck(store.context);
    const kinds = found.damages.map(({ kind, severity }) => `${kind} ${severity}`).sort();
    assert.deepEqual(kinds, ["object_differs rebuildable", "sealed_file_missing rebuildable"]);
    assert.deepEqual(
      found.changes.map(({ what }) => what),
      ["changed"],
    );
    assert.equal(repair(store.context).actions.length, 2);
    assert.equal(readFileSync(objectOf(lineOf(directory, "a.txt").sha256), "utf8"), "first");
    assert.equal(readFileSync(join(directory, "artifacts", "b.txt"), "utf8"), "second");
    assert.equal(readFileSync(join(directory, "artifacts", "c.txt"), "utf8"), "edited by hand");
    assert.deepEqual(fsck(store.context).damages, []);
    assert.deepEqual(repair(store.context).actions, []);
  });

  test("with both copies damaged nothing is made up, and nothing is deleted", async () => {
    const store = storeWith({});
    const { directory } = await sealedRun(store, { "a.txt": "first" });
    const { sha256 } = lineOf(directory, "a.txt");
    rot(objectOf(sha256));
    writeFileSync(join(directory, "artifacts", "a.txt"), "changed");
    assert.deepEqual(
      fsck(store.context).damages.map(({ severity }) => severity),
      ["lost"],
    );
    const [action] = repair(store.context).actions;
    assert.match(action?.done ?? "", /quarantine/);
    assert.deepEqual(repair(store.context).actions, []);
  });

  test("hard links share the bytes, read-only; resuming gives the artifact bytes of its own", async () => {
    const store = storeWith({ hardLinks: true });
    const { directory, runId } = await sealedRun(store, { "a.txt": "first", "big.bin": "x".repeat(20_000) });
    const object = objectOf(lineOf(directory, "big.bin").sha256);
    const artifact = join(directory, "artifacts", "big.bin");
    assert.equal(lineOf(directory, "big.bin").content, "object");
    assert.equal(statSync(object).ino, statSync(artifact).ino);
    assert.equal(statSync(artifact).mode & 0o222, 0);
    assert.deepEqual(fsck(store.context).damages, []);
    const writer = await store.resumeRun(runId);
    assert.notEqual(statSync(object).ino, statSync(artifact).ino);
    assert.notEqual(statSync(artifact).mode & 0o200, 0);
    writeFileSync(artifact, "edited");
    await writer.end({ status: "FINISHED" });
    assert.deepEqual(fsck(store.context).damages, []);
    assert.equal(readFileSync(object, "utf8"), "x".repeat(20_000));
  });
});
