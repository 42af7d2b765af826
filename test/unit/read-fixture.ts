/** Stores made for one test: a tree of files from a map of path to content. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { listRunLocations, type RunLocation, type StoreItem, scanStore } from "../../core/index.js";
import type { StorePaths } from "../../core/store/layout.js";
import type { Damage } from "../../store-format/index.js";

export type Tree = Readonly<Record<string, string | Uint8Array>>;

export const RUN = "7c1f0a9be24d4c53a8d6e0137f52b9ad";
export const OTHER_RUN = "0a5d0a9be24d4c53a8d6e0137f52b9ff";

/** Writes the tree into a new directory, which the test removes. A path that ends in `/` is an empty directory. */
export function makeStore(context: TestContext, tree: Tree): StorePaths {
  const directory = mkdtempSync(join(tmpdir(), "runstone-read-"));
  context.after(() => {
    chmodTree(directory, 0o644, 0o755);
    rmSync(directory, { recursive: true, force: true });
  });
  const root = join(directory, "mlruns");
  mkdirSync(root);
  addFiles(root, tree);
  return { root, workspace: null };
}

/** Sets the modes of everything below a directory; a directory is opened before what is in it. */
export function chmodTree(directory: string, files: number, directories: number): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const at = join(directory, entry.name);
    if (entry.isDirectory()) chmodTree(at, files, directories);
    else if (entry.isFile()) chmodSync(at, files);
  }
  chmodSync(directory, directories);
}

export function addFiles(root: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    const target = join(root, path);
    if (path.endsWith("/")) mkdirSync(target, { recursive: true });
    else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
  }
}

export function experimentMeta(experimentId: string, name: string, more = ""): string {
  return `artifact_location: file:///nowhere/${experimentId}\nexperiment_id: '${experimentId}'\nlifecycle_stage: active\nname: ${name}\n${more}`;
}

export function runMeta(
  runId: string,
  experimentId: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const fields: Record<string, string> = {
    artifact_uri: `file:///nowhere/${experimentId}/${runId}/artifacts`,
    end_time: "1748765500789",
    experiment_id: `'${experimentId}'`,
    lifecycle_stage: "active",
    run_id: runId,
    run_name: "gentle-otter-512",
    run_uuid: runId,
    start_time: "1748764900000",
    status: "3",
    user_id: "ana",
    ...more,
  };
  return Object.keys(fields)
    .sort()
    .map((field) => `${field}: ${fields[field]}\n`)
    .join("");
}

/** A store with the experiments 0 and 1 and one complete run in 1. */
export function oneRun(more: Tree = {}): Tree {
  return {
    "0/meta.yaml": experimentMeta("0", "Default"),
    "1/meta.yaml": experimentMeta("1", "first"),
    [`1/${RUN}/meta.yaml`]: runMeta(RUN, "1"),
    [`1/${RUN}/metrics/`]: "",
    [`1/${RUN}/params/`]: "",
    [`1/${RUN}/artifacts/`]: "",
    [`1/${RUN}/tags/`]: "",
    ...Object.fromEntries(Object.entries(more).map(([path, content]) => [path.replace("RUN", RUN), content])),
  };
}

export function onlyRun(paths: StorePaths): RunLocation {
  const runs = [...listRunLocations(paths)];
  const [run] = runs;
  if (run === undefined || runs.length > 1) throw new Error(`${runs.length} runs`);
  return run;
}

export interface Scan {
  readonly items: StoreItem[];
  readonly damages: Damage[];
  /** `<kind> <path>`, with `@<offset>` where there is one, without the default experiment's absence. */
  readonly told: string[];
}

export function scanAll(paths: StorePaths): Scan {
  const damages: Damage[] = [];
  const items = [...scanStore(paths, (damage) => damages.push(damage))];
  return { items, damages, told: damages.map(told).sort() };
}

export function told({ kind, path, offset }: Damage): string {
  return `${kind} ${path.replace(RUN, "RUN")}${offset === undefined ? "" : `@${offset}`}`;
}

/** A hash over every path, kind, mode, size, modification time and content below a directory. */
export function treeDigest(directory: string): string {
  const hash = createHash("sha256");
  addToDigest(directory, "", hash);
  return hash.digest("hex");
}

function addToDigest(directory: string, path: string, hash: ReturnType<typeof createHash>): void {
  const at = join(directory, path);
  const found = lstatSync(at, { bigint: true });
  hash.update(`${path} ${found.mode} ${found.size} ${found.mtimeNs} ${found.ctimeNs}\n`);
  if (found.isFile()) hash.update(readFileSync(at));
  if (!found.isDirectory()) return;
  for (const name of readdirSync(at).sort()) addToDigest(directory, join(path, name), hash);
}
