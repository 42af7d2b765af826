/** Workspaces that are killed while they sync: children, what they leave, and where they are killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type FileStore, fsck, initWorkspace } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { IS_FULL } from "./crash-runs.js";
import { contentsOf } from "./native-sync.js";
import type { NativeSyncTask } from "./native-sync-child.js";
import { temporaryDirectory } from "./new-store.js";
import { makeRun, newWorkspace, points } from "./transfer-store.js";

const CHILD = fileURLToPath(new URL("./native-sync-child.js", import.meta.url));

/** The operations that it took, or null when it was killed. */
export async function runSyncChild(task: NativeSyncTask): Promise<number | null> {
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

/** Every second run is of another experiment; the first has an artifact that is gathered in parts. */
export async function filledStore(t: TestContext, runs = 4): Promise<FileStore> {
  const store = newWorkspace(t);
  const { experimentId } = await store.createExperiment({ name: "mnist" });
  for (let n = 0; n < runs; n += 1)
    await makeRun(store, {
      ...(n % 2 === 0 ? {} : { experimentId }),
      params: { n: String(n) },
      metrics: points("loss", 0, 20),
      artifacts: { "a.txt": `text ${n}`, "big.bin": "x".repeat(n === 0 ? 9 * 1_048_576 : 10) },
    });
  return store;
}

/** No run is seen but a whole one, and nothing is lost. */
export function assertWhole(
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
export function killPoints(operations: number, quick = 8): number[] {
  if (IS_FULL) return Array.from({ length: operations }, (_, at) => at);
  return Array.from({ length: quick }, (_, n) => Math.floor(((n + 0.5) * operations) / quick));
}

export function copyOf(t: TestContext, store: FileStore): string {
  const copy = join(temporaryDirectory(t), "w");
  cpSync(store.context.workspace!, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** A workspace without a run. */
export function emptyWorkspace(t: TestContext): string {
  const workspace = join(temporaryDirectory(t), "w");
  mkdirSync(workspace);
  initWorkspace(workspace);
  return workspace;
}
