/** The walk over the model registry. */
import type { StringMap } from "../../../store-format/index.js";
import { META, type StorePaths } from "../layout.js";
import { type OnDamage, readable, report } from "./damages.js";
import { entriesOf } from "./entries.js";
import { isExperimentDirectory, looksLikeRun } from "./experiments.js";
import {
  aliasesOf,
  listModelVersionLocations,
  listRegisteredModelLocations,
  placedVersionMeta,
  type RegisteredModelLocation,
  readAliases,
  readModelVersionMetaReporting,
  readRegisteredModelMetaReporting,
  registryLocation,
} from "./registry.js";
import { scanRecords } from "./scan-records.js";
import type { StoreItem } from "./store-items.js";

export interface RegistryScan {
  readonly onDamage: OnDamage;
  hasRun(runId: string): boolean;
}

export function* scanRegistry(paths: StorePaths, scan: RegistryScan): Generator<StoreItem> {
  const { onDamage } = scan;
  const registry = registryLocation(paths);
  for (const entry of entriesOf(registry, onDamage)) {
    const { name } = entry;
    if (entry.isDirectory()) continue;
    const isExperiment = name === META && isExperimentDirectory(registry);
    if (isExperiment) report(onDamage, registry, "experiment_in_registry", { name });
    else report(onDamage, registry, "unknown_file_in_root", { name });
  }
  for (const model of listRegisteredModelLocations(paths, onDamage)) yield* scanModel(model, scan);
}

function* scanModel(model: RegisteredModelLocation, scan: RegistryScan): Generator<StoreItem> {
  const { onDamage } = scan;
  if (readable(onDamage, model, undefined, () => looksLikeRunOnly(model)) === true) {
    report(onDamage, model, "run_without_meta", { reason: "what is left of a run lies in the registry" });
    return;
  }
  const meta = readRegisteredModelMetaReporting(model, onDamage);
  const aliases = readAliases(model, onDamage);
  if (meta !== null)
    yield { kind: "registered_model", location: model, meta: { ...meta, name: model.name, aliases } };
  yield* scanRecords(model, "tag", onDamage);
  const versions = yield* scanVersions(model, aliases, scan);
  for (const alias of Object.keys(aliases)) {
    const version = aliases[alias] ?? "";
    if (!versions.has(version)) {
      const reason = `names version ${version}, which is not there`;
      report(onDamage, model, "alias_version_missing", { name: `aliases/${alias}`, reason });
    }
    yield { kind: "alias", location: model, alias, version };
  }
}

/** Yields the versions of a model; returns their numbers. */
function* scanVersions(
  model: RegisteredModelLocation,
  aliases: StringMap,
  scan: RegistryScan,
): Generator<StoreItem, Set<string>> {
  const { onDamage } = scan;
  const numbers = new Set<string>();
  for (const location of listModelVersionLocations(model, onDamage)) {
    const { version } = location;
    numbers.add(String(version));
    const found = readModelVersionMetaReporting(location, onDamage);
    if (found !== null) {
      const meta = placedVersionMeta(location, found);
      if (meta.runId !== null && meta.runId !== "" && !scan.hasRun(meta.runId)) {
        const reason = `names run ${JSON.stringify(meta.runId)}, which is not there`;
        report(onDamage, location, "model_version_run_missing", { reason });
      }
      yield { kind: "model_version", location, meta, aliases: aliasesOf(version, aliases) };
    }
    yield* scanRecords(location, "tag", onDamage);
  }
  return numbers;
}

/** Artifacts of runs lie in `models/` where an experiment's artifact location was `mlruns/models`. */
function looksLikeRunOnly(model: RegisteredModelLocation): boolean {
  return /^[0-9a-f]{32}$/.test(model.name) && looksLikeRun(model);
}
