/** The view of a store (see store-view.ts) from the objects of `runstone dump`, as far as they carry it. */
import type { DumpObject } from "../../core/dump/dump-object.js";
import type { Item, Items, StoreView } from "./store-view.js";

/** Fields that a dump does not carry, because they follow from others or lie in files: left out of a comparison. */
const NOT_DUMPED: ReadonlySet<string> = new Set([
  "metrics",
  "artifacts",
  "inputs",
  "model_inputs",
  "model_outputs",
]);

type Fields = Record<string, unknown> & { params: Bag; tags: Bag; history: Bag; aliases: unknown };
type Bag = Record<string, unknown>;

/** Deleted model versions and logged models are in a dump; MLflow hides them, and they are left out here, too. */
export function viewOfDump(objects: Iterable<DumpObject>): StoreView {
  const all = new Map<string, Fields>();
  const kinds = { experiments: ids(), runs: ids(), registered_models: ids(), model_versions: ids() };
  const models = ids();
  for (const object of objects) {
    const id = ownerOf(object);
    const fields = all.get(id) ?? { params: {}, tags: {}, history: {}, aliases: {} };
    all.set(id, fields);
    if (object.kind === "param") fields.params[String(object.key)] = object.value;
    else if (object.kind === "tag") fields.tags[String(object.key)] = object.value;
    else if (object.kind === "alias") (fields.aliases as Bag)[String(object.alias)] = String(object.version);
    else if (object.kind === "metric") addPoint(fields.history, object);
    else {
      const { kind: _, ...own } = object;
      Object.assign(fields, own);
      if (object.kind === "experiment") kinds.experiments.push(id);
      if (object.kind === "run") kinds.runs.push(id);
      if (object.kind === "registered_model") kinds.registered_models.push(id);
      if (object.kind === "model_version" && own.current_stage !== "Deleted_Internal")
        kinds.model_versions.push(id);
      if (object.kind === "logged_model" && own.lifecycle_stage === "active" && own.place === "root")
        models.push(id);
    }
  }
  const items = (chosen: readonly string[]): Items =>
    Object.fromEntries(chosen.map((id) => [id, all.get(id) ?? {}]));
  return {
    experiments: items(kinds.experiments),
    runs: items(kinds.runs),
    registered_models: items(kinds.registered_models),
    model_versions: items(kinds.model_versions),
    logged_models: items(models),
  };
}

/** What MLflow reported, without what a dump does not carry. */
export function dumpedPart({ traces: _, ...reported }: StoreView): StoreView {
  const kinds = Object.entries(reported).map(([kind, items]) => [kind, withoutFields(items)]);
  return Object.fromEntries(kinds) as StoreView;
}

function withoutFields(items: Items): Items {
  const kept = (item: Item) => Object.entries(item).filter(([field]) => !NOT_DUMPED.has(field));
  return Object.fromEntries(Object.entries(items).map(([id, item]) => [id, Object.fromEntries(kept(item))]));
}

/** Datasets, inputs, outputs and damages are things of their own here; nobody looks them up. */
function ownerOf(object: DumpObject): string {
  const { kind, run_id, model_id, trace_id, name, version, experiment_id } = object;
  if (["dataset", "input", "output", "damage", "trace"].includes(kind) || trace_id !== undefined) return kind;
  if (kind === "alias" || kind === "registered_model") return String(name);
  if (name !== undefined && version !== undefined) return `${name}/${version}`;
  if (kind === "logged_model" || kind === "run") return String(kind === "run" ? run_id : model_id);
  if (kind === "experiment") return String(experiment_id);
  return String(run_id ?? model_id ?? name ?? experiment_id);
}

function addPoint(history: Bag, { key, timestamp, value, step }: DumpObject): void {
  const points = (history[String(key)] ?? []) as unknown[];
  points.push([timestamp, value, step]);
  history[String(key)] = points;
}

function ids(): string[] {
  return [];
}
