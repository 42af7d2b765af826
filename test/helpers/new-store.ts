/** Stores in temporary directories, and looking at their files. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import { createStore } from "../../core/store/experiments/index.js";

/** A context whose clock stands at `time` (milliseconds) unless it is told otherwise. */
export function contextOf(root: string, change: Partial<StoreContext> = {}): StoreContext {
  return {
    root,
    workspace: null,
    durability: "default",
    locations: "absolute",
    artifactPolicy: { gitMaxBytes: 1_048_576, objectCopyMaxBytes: 67_108_864, hardLinks: false },
    index: { location: "auto", directory: null },
    now: () => 1_748_764_800_123,
    warn: (message) => assertNoWarning(message),
    ...change,
  };
}

function assertNoWarning(message: string): never {
  throw new Error(`unexpected warning: ${message}`);
}

/** A directory that is removed after the test. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "runstone-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A fresh store with its default experiment, removed after the test. */
export function newStore(t: TestContext, change: Partial<StoreContext> = {}): StoreContext {
  const context = contextOf(join(temporaryDirectory(t), "mlruns"), change);
  createStore(context);
  return context;
}

/** Every file below a directory as `path` -> text, and every empty directory as `path/` -> "". */
export function treeOf(directory: string, prefix = ""): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    if (!statSync(path).isDirectory()) tree[prefix + name] = readFileSync(path, "utf8");
    else {
      const inner = treeOf(path, `${prefix}${name}/`);
      Object.assign(tree, Object.keys(inner).length === 0 ? { [`${prefix}${name}/`]: "" } : inner);
    }
  }
  return tree;
}
