/** Experiments, registered models and versions of the local store, as they are compared with those of others. */
import {
  type CatalogEntry,
  type CatalogKind,
  experimentEntry,
  isRunstoneError,
  type ModelVersion,
  modelVersionEntry,
  RunstoneError,
  registeredModelEntry,
} from "../../store-format/index.js";
import type { StorePaths } from "../store/layout.js";
import type { OnDamage } from "../store/read/damages.js";
import { findExperiment, listExperimentLocations, readExperiment } from "../store/read/experiments.js";
import { readRegisteredModel, scanModelVersions, scanRegisteredModels } from "../store/read/registry.js";
import { readLoggedModelEntry } from "./local-logged-models.js";

/** What cannot be read is reported and left out; logged models have a listing of their own. */
export function* listCatalog(
  paths: StorePaths,
  kinds: readonly CatalogKind[],
  onDamage: OnDamage,
): Generator<CatalogEntry> {
  if (kinds.includes("experiment")) yield* experimentEntries(paths, onDamage);
  if (!kinds.includes("registered_model") && !kinds.includes("model_version")) return;
  for (const model of scanRegisteredModels(paths, onDamage)) {
    const versions = scanModelVersions(paths, model.name, onDamage);
    if (kinds.includes("registered_model")) yield registeredModelEntry(model, versions);
    if (kinds.includes("model_version"))
      for (const version of versions) yield modelVersionEntry(version, sourceForOthers(version));
  }
}

function* experimentEntries(paths: StorePaths, onDamage: OnDamage): Generator<CatalogEntry> {
  const seen = new Set<string>();
  for (const location of listExperimentLocations(paths, onDamage)) {
    if (seen.has(location.experimentId)) continue;
    seen.add(location.experimentId);
    try {
      yield experimentEntry(readExperiment(location, onDamage));
    } catch (error) {
      // Its runs are synced all the same, and fsck names it.
      if (!isRunstoneError(error, "DAMAGED")) throw error;
    }
  }
}

/** One entry as it is now. Throws RESOURCE_DOES_NOT_EXIST. */
export function readCatalogEntry(
  paths: StorePaths,
  { kind, id, model }: Pick<CatalogEntry, "kind" | "id" | "model">,
): CatalogEntry {
  const found = find(paths, { kind, id, model });
  if (found !== undefined) return found;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no ${kind.replace("_", " ")} ${id}`, {
    data: { kind, id, model },
  });
}

const IGNORE: OnDamage = () => undefined;

function find(
  paths: StorePaths,
  { kind, id, model }: Pick<CatalogEntry, "kind" | "id" | "model">,
): CatalogEntry | undefined {
  if (kind === "logged_model") return readLoggedModelEntry(paths, id);
  if (kind === "experiment") {
    const location = findExperiment(paths, id);
    return location === null ? undefined : experimentEntry(readExperiment(location, IGNORE));
  }
  const name = kind === "registered_model" ? id : model;
  const registered = readRegisteredModel(paths, name);
  if (registered === null) return undefined;
  const versions = scanModelVersions(paths, name);
  if (kind === "registered_model") return registeredModelEntry(registered, versions);
  const version = versions.find((each) => String(each.version) === id);
  return version === undefined ? undefined : modelVersionEntry(version, sourceForOthers(version));
}

/** What its source is called in every store: a logged model, or a place below a run's artifacts; else as it was given. */
export function sourceForOthers({ modelId, runId, source }: ModelVersion): string | null {
  if (modelId !== null) return `models:/${modelId}`;
  const path = runId === null || source === null ? null : pathInRun(source, runId);
  return path === null ? source : `runs:/${runId}/${path}`;
}

/** The artifact of the run that a source means: `runs:/<id>/model`, or a place below the run's artifacts. */
export function pathInRun(source: string, runId: string): string | null {
  const byRun = `runs:/${runId}/`;
  const own = `${runId}/artifacts`;
  const at = source.lastIndexOf(own);
  if (at < 0 && !source.startsWith(byRun)) return null;
  const path = source.startsWith(byRun)
    ? source.slice(byRun.length)
    : source.slice(at + own.length).replace(/^\/+|\/+$/g, "");
  return path.split("/").includes("..") ? null : path;
}
