/** A sync with a directory that is killed, or two at once: no half run is ever seen, and the next one completes it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type FileStore, fsck, initWorkspace, openFileStore } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import { IS_FULL } from "../helpers/crash-runs.js";
import { directoryPeer } from "../helpers/native-peers.js";
import { contentsOf, syncWith } from "../helpers/native-sync.js";
import type { NativeSyncTask } from "../helpers/native-sync-child.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";

const CHILD = fileURLToPath(new URL("../helpers/native-sync-child.js", import.meta.url));
const QUICK_POINTS = 8;

/** The operations that it took, or null when it was killed. */
async function runChild(task: NativeSyncTask): Promise<number | null> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [CHILD, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  const text = { out: "", err: "" };
  child.stdout.on("data", (piece) => (text.out += piece));
  child.stderr.on("data", (piece) => (text.err += piece));
  const [code, signal] = await once(child, "close");
  if (signal === "SIGKILL") return null;
  assert.equal(code, 0, text.err);
  return Number(/^ops (\d+)$/m.exec(text.out)?.[1]);
}

async function filledStore(t: TestContext): Promise<FileStore> {
  const store = newWorkspace(t);
  const { experimentId } = await store.createExperiment({ name: "mnist" });
  for (let n = 0; n < 4; n += 1)
    await makeRun(store, {
      ...(n % 2 === 0 ? {} : { experimentId }),
      params: { n: String(n) },
      metrics: points("loss", 0, 20),
      artifacts: { "a.txt": `text ${n}`, "big.bin": "x".repeat(n === 0 ? 9 * 1_048_576 : 10) },
    });
  return store;
}

function assertWhole(
  context: StoreContext | null,
  whole: Record<string, object | null>,
  where: string,
): void {
  if (context === null) return;
  for (const [runId, content] of Object.entries(contentsOf(context)))
    assert.deepEqual(content, whole[runId], `${where}: run ${runId} is not whole`);
  const { damages } = fsck(context);
  assert.deepEqual(
    damages.filter(({ severity }) => severity === "lost"),
    [],
    where,
  );
}

/** Evenly spread; all of them in the full tier. */
function killPoints(operations: number): number[] {
  if (IS_FULL) return Array.from({ length: operations }, (_, at) => at);
  return Array.from({ length: QUICK_POINTS }, (_, n) => Math.floor(((n + 0.5) * operations) / QUICK_POINTS));
}

function copyOf(t: TestContext, store: FileStore): string {
  const copy = join(temporaryDirectory(t), "w");
  cpSync(store.context.workspace!, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

describe("killed while syncing with a directory", () => {
  for (const direction of ["push", "pull"] as const)
    test(`${direction}`, async (t) => {
      const store = await filledStore(t);
      const whole = contentsOf(store.context);
      const source = join(temporaryDirectory(t), "lab");
      await syncWith(store.context, directoryPeer(source), { direction: "push" });
      const begin = (): { workspace: string; directory: string } => {
        if (direction === "push")
          return { workspace: copyOf(t, store), directory: join(temporaryDirectory(t), "lab") };
        const workspace = join(temporaryDirectory(t), "w");
        mkdirSync(workspace);
        initWorkspace(workspace);
        return { workspace, directory: source };
      };
      const operations = await runChild({ ...begin(), direction });
      assert.ok(operations !== null && operations > 50);
      for (const at of killPoints(operations)) {
        const { workspace, directory } = begin();
        await runChild({ workspace, directory, direction, at });
        const where: string = `${direction} killed after operation ${at} of ${operations}`;
        assertWhole(openDirectory(directory), whole, where);
        const { context } = openFileStore({ cwd: workspace });
        assertWhole(context, whole, where);
        await runChild({ workspace, directory, direction });
        const target =
          direction === "push" ? openDirectory(directory)! : openFileStore({ cwd: workspace }).context;
        assert.deepEqual(contentsOf(target), whole, where);
        const again = await syncWith(openFileStore({ cwd: workspace }).context, directoryPeer(directory), {
          direction,
        });
        assert.equal(again.counts.done, 0, where);
      }
      t.diagnostic(`${killPoints(operations).length} of ${operations} operations visited`);
    });

  test("several push to one directory at once", async (t) => {
    const store = await filledStore(t);
    const other = openFileStore({ cwd: copyOf(t, store) });
    const twin = openFileStore({ cwd: copyOf(t, store) });
    for (const each of [store, other])
      for (let n = 0; n < 3; n += 1) await makeRun(each, { metrics: points("x", 0, n) });
    const directory = join(temporaryDirectory(t), "lab");
    const push = (each: FileStore) =>
      runChild({ workspace: each.context.workspace!, directory, direction: "push" as const });
    await Promise.all([push(store), push(other), push(twin)]);
    const there = contentsOf(openDirectory(directory)!);
    assert.deepEqual(there, { ...contentsOf(store.context), ...contentsOf(other.context) });
    assert.equal(Object.keys(there).length, 10);
  });
});
