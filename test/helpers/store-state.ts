/**
 * What a store says, as comparable values: each item of the dump under a key, ids replaced by names, so that two stores
 * made by the same steps are equal. Points are kept in order, a series an item.
 */
import { createHash } from "node:crypto";
import type { DumpObject } from "../../core/dump/dump-object.js";
import { dumpStore } from "../../core/dump/dump-store.js";
import type { StoreContext } from "../../core/store/context.js";
import { readArtifact, resolveArtifactDirectory } from "../../core/store/read/artifacts.js";
import { listArtifacts, listRunLocations } from "../../core/store/read/index.js";

export interface StoreState {
  readonly items: ReadonlyMap<string, string>;
  /** Points of each series, one line a point, in file order. */
  readonly series: ReadonlyMap<string, readonly string[]>;
  readonly damages: readonly DumpObject[];
}

/** Names that stand for the random ids of a store, and its paths. */
type Names = (text: string) => string;

const OWNER_FIELDS = ["run_id", "model_id", "trace_id", "name", "experiment_id"];

export function readState(context: StoreContext): StoreState {
  const objects = [...dumpStore(context)];
  const names = namesOf(objects, context);
  const items = new Map<string, string>();
  const series = new Map<string, string[]>();
  const damages: DumpObject[] = [];
  for (const object of objects) {
    if (object.kind === "damage") damages.push(object);
    else if (object.kind === "metric") addPoint(series, object, names);
    else addItem(items, object, names);
  }
  addArtifacts(items, context, names);
  return { items, series, damages };
}

function namesOf(objects: readonly DumpObject[], context: StoreContext): Names {
  const ids = new Map<string, string>([
    [context.root, "<root>"],
    ...(context.workspace === null ? [] : [[context.workspace, "<workspace>"] as const]),
  ]);
  for (const object of objects) {
    if (object.kind === "run") ids.set(String(object.run_id), `<run ${String(object.run_name)}>`);
    if (object.kind === "logged_model") ids.set(String(object.model_id), `<model ${String(object.name)}>`);
  }
  return (text) => {
    // The copy of a workspace names the place it was copied from.
    let out = text
      .replace(/[^" ]*\/runstone-crash-[^/]+\/w\b/g, "file://<workspace>")
      .replaceAll("file://<workspace>/mlruns", "file://<root>");
    for (const [id, name] of ids) out = out.replaceAll(id, name);
    return out;
  };
}

function addPoint(series: Map<string, string[]>, object: DumpObject, names: Names): void {
  const owner =
    object.model_id !== undefined && object.run_id === undefined ? object.model_id : object.run_id;
  const key = names(`points of ${String(owner)} ${String(object.key)}`);
  const line = names(
    JSON.stringify(
      [object.timestamp, object.value, object.step, object.dataset_name, object.dataset_digest],
      bigints,
    ),
  );
  series.set(key, [...(series.get(key) ?? []), line]);
}

function addItem(items: Map<string, string>, object: DumpObject, names: Names): void {
  const { kind, place, experiment_id, ...rest } = object;
  const isThing = kind === "run" || kind === "experiment";
  const key = names(keyOf(object));
  put(items, key, names(JSON.stringify(comparable(object, rest), bigints)));
  // Where it lies changes by a rename, what it says by another: two items.
  if (isThing) put(items, `place of ${key}`, JSON.stringify([place, kind === "run" ? experiment_id : ""]));
  if (isThing) put(items, `life of ${key}`, `${object.lifecycle_stage}`);
  if (kind === "experiment" && experiment_id !== "0")
    put(items, `update time of ${key}`, `${object.last_update_time}`);
  if (kind === "run") put(items, `deleted time of ${key}`, `${object.deleted_time}`);
}

/** What is not an item of its own, nor different in every store that is made by the same steps. */
function comparable(
  { kind, experiment_id }: DumpObject,
  rest: Record<string, unknown>,
): Record<string, unknown> {
  const left: Record<string, unknown> = { ...rest };
  const apart: Record<string, readonly string[]> = {
    run: ["lifecycle_stage", "deleted_time"],
    registered_model: ["last_updated_timestamp"],
    model_version: ["aliases"],
    input: ["input_id"],
    experiment: ["lifecycle_stage", "last_update_time", ...(experiment_id === "0" ? ["creation_time"] : [])],
  };
  for (const field of apart[kind] ?? []) delete left[field];
  return left;
}

function put(items: Map<string, string>, key: string, value: string): void {
  const before = items.get(key);
  items.set(key, before === undefined ? value : `TWICE ${before} AND ${value}`);
}

function keyOf(object: DumpObject): string {
  const parts: unknown[] = [object.kind];
  if (object.kind === "dataset")
    return `dataset ${String(object.experiment_id)} ${String(object.dataset_id)}`;
  const owner =
    object.kind === "experiment"
      ? "experiment_id"
      : OWNER_FIELDS.find((field) => object[field] !== undefined);
  parts.push(owner === undefined ? "" : object[owner], object.version ?? "");
  if (object.kind === "param" || object.kind === "tag") parts.push(object.key);
  if (object.kind === "alias") parts.push(object.alias);
  if (object.kind === "input") parts.push(object.dataset_id ?? object.model_id ?? object.source_id);
  if (object.kind === "output") parts.push(object.model_id);
  return parts.map(String).join(" ");
}

function addArtifacts(items: Map<string, string>, context: StoreContext, names: Names): void {
  for (const run of listRunLocations(context)) {
    const directory = resolveArtifactDirectory(context, run);
    if (directory === null) continue;
    for (const entry of listArtifacts(directory, "", true)) {
      if (entry.isDir) continue;
      const hash = createHash("sha256");
      for (const block of readArtifact(directory, entry.path)) hash.update(block);
      put(items, names(`artifact ${run.runId} ${entry.path}`), hash.digest("hex"));
    }
  }
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** Why `found` is no state between `before` and `after`: every item old or new, every series a prefix. Empty: it is one. */
export function illegal(found: StoreState, before: StoreState, after: StoreState): string[] {
  const problems: string[] = [];
  for (const key of new Set([...found.items.keys(), ...before.items.keys(), ...after.items.keys()])) {
    const [is, was, becomes] = [found.items.get(key), before.items.get(key), after.items.get(key)];
    if (is !== was && is !== becomes) problems.push(`${key}: ${is}\n    was ${was}\n    becomes ${becomes}`);
  }
  for (const key of new Set([...found.series.keys(), ...before.series.keys(), ...after.series.keys()])) {
    const [is, was, becomes] = [found, before, after].map((state) => state.series.get(key) ?? []);
    if (is === undefined || was === undefined || becomes === undefined) continue;
    if (!isPrefix(is, becomes)) problems.push(`${key}: ${is.join(" ")} is no prefix of ${becomes.join(" ")}`);
    if (!isPrefix(was, is)) problems.push(`${key}: ${is.join(" ")} lacks some of ${was.join(" ")}`);
  }
  return problems;
}

function isPrefix(a: readonly string[], b: readonly string[]): boolean {
  return a.length <= b.length && a.every((line, index) => line === b[index]);
}

export function isSameState(a: StoreState, b: StoreState): boolean {
  return fingerprint(a) === fingerprint(b);
}

export function fingerprint({ items, series }: StoreState): string {
  const all = [...items, ...[...series].map(([key, lines]) => [key, lines.join("\n")] as const)];
  return JSON.stringify(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}
