/** What a store's runs are, by the index and by the files. */
import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type IndexedRuns,
  type IndexedRunsOptions,
  openIndexedRuns,
} from "../../core/index/open-indexed-runs.js";
import { readRunRecord } from "../../core/search/read-run-record.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import { searchableRuns } from "../../core/search/searchable-runs.js";
import type { StoreContext } from "../../core/store/context.js";
import { experimentMeta, runMeta, type Tree } from "../unit/read-fixture.js";
import { contextOf } from "./new-store.js";

/** A context as of a program that starts now. */
export function contextWith(root: string, directory: string, warnings: string[] = []): StoreContext {
  return contextOf(root, {
    index: { location: "auto", directory },
    warn: (message) => warnings.push(message),
  });
}

export function open(context: StoreContext, options: Partial<IndexedRunsOptions> = {}): IndexedRuns {
  return openIndexedRuns(context, { stateOf: () => "RUNNING", ...options });
}

export function runsIn(table: RunTable): RunRecord[] {
  return Array.from({ length: table.rowCount }, (_, row) => table.runAt(row)).sort(byDirectory);
}

/** By the general readers. */
export function runsByFiles(context: StoreContext): RunRecord[] {
  const runs = [...searchableRuns(context, undefined, () => {})];
  return runs.map((run) => readRunRecord(run, () => {})).sort(byDirectory);
}

function byDirectory(a: RunRecord, b: RunRecord): number {
  return a.directory < b.directory ? -1 : 1;
}

/** Two experiments with so many runs each. */
export function manyRuns(count: number, more: Tree = {}): Tree {
  const tree: Record<string, string | Uint8Array> = {};
  for (const experiment of ["1", "2"]) {
    tree[`${experiment}/meta.yaml`] = experimentMeta(experiment, `name ${experiment}`);
    for (let index = 0; index < count; index += 1) {
      const run = `${experiment}/${runId(index)}`;
      tree[`${run}/meta.yaml`] = runMeta(runId(index), experiment);
      tree[`${run}/params/lr`] = `0.${index}`;
      tree[`${run}/tags/mlflow.runName`] = `run ${index}`;
      tree[`${run}/metrics/loss`] = `1 ${index} 0\n2 0.5 1\n`;
      for (const [path, content] of Object.entries(more)) tree[`${run}/${path}`] = content;
    }
  }
  return tree;
}

export function runId(index: number): string {
  return `7c1f0a9be24d4c53a8d6e0137f${String(index).padStart(6, "0")}`;
}

/** Files and directories below a directory, by path. */
export function everythingIn(directory: string): string[] {
  return entriesIn(directory).map(pathOf).sort();
}

/** Asks for no file's kind: other programs may remove them meanwhile. */
export function filesIn(directory: string): string[] {
  return entriesIn(directory)
    .filter((entry) => entry.isFile())
    .map(pathOf)
    .sort();
}

function entriesIn(directory: string): Dirent[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true });
}

function pathOf(entry: Dirent): string {
  return join(entry.parentPath ?? entry.path, entry.name);
}
