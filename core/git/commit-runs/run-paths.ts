/** Where the files of runs lie in the work tree. */
import { relative, sep } from "node:path";
import type { TreePath } from "./committable.js";

/** `mlruns` for the store `<root>/mlruns`; null when it is not in the work tree. */
export function treePathOf(root: string, path: string): TreePath | null {
  const inside = relative(root, path).split(sep).join("/");
  return inside === "" || inside === ".." || inside.startsWith("../") || inside.startsWith("/")
    ? null
    : inside;
}

const RECORD_FOLDERS = new Set(["metrics", "params", "tags", "inputs", "outputs"]);
const RUN_FILES = new Set(["meta.yaml", "manifest.yaml", "links.jsonl", ".gitignore"]);
const OF_EXPERIMENT = new Set(["tags", "datasets", "models", "traces"]);

/** A file of a run, by its path from the store's root. Null for what belongs to no run. */
export function runOfStorePath(path: string): { readonly runId: string; readonly rest: string } | null {
  const parts = path.split("/");
  const start = parts[0] === ".trash" ? 1 : 0;
  const [experiment = "", run = "", ...rest] = parts.slice(start);
  if (experiment === "models" || rest.length === 0 || OF_EXPERIMENT.has(run)) return null;
  return { runId: run, rest: rest.join("/") };
}

/** Records are committed whatever ignore rules say; artifacts follow the rules. By the path from the store's root. */
export function isRecordPath(path: string): boolean {
  const of = runOfStorePath(path);
  if (of === null) return /(^|\/)meta\.yaml$/.test(path) || /^(?:\.trash\/)?[^/]+\/tags\//.test(path);
  const [folder = ""] = of.rest.split("/");
  return RECORD_FOLDERS.has(folder) ? of.rest !== folder : RUN_FILES.has(of.rest);
}

/** Points and hashes. */
export function isTablePath(path: string): boolean {
  const of = runOfStorePath(path);
  return (
    of !== null &&
    (of.rest.startsWith("metrics/") || of.rest === "manifest.yaml" || of.rest === "links.jsonl")
  );
}
