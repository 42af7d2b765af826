/** The model registry: `models/<name>/` with its versions, tags and aliases. Names and numbers are those of directories. */
import {
  decodeText,
  type ModelVersion,
  type ModelVersionMeta,
  parseModelVersionMeta,
  parseRegisteredModelMeta,
  type RegisteredModel,
  type RegisteredModelMeta,
  RunstoneError,
  type StringMap,
} from "../../../store-format/index.js";
import { statIfExists } from "../../fs/index.js";
import { REGISTRY, registryPath, type StorePaths } from "../layout.js";
import { IGNORE_DAMAGE, type OnDamage, report } from "./damages.js";
import { directoriesOf } from "./entries.js";
import { inside, type Located } from "./located.js";
import { readMeta, readMetaReporting } from "./meta-file.js";
import { readRecords, readTags, toStringMap } from "./records.js";

const MODEL = {
  parse: parseRegisteredModelMeta,
  damage: { damaged: "registered_model_meta_damaged", missing: "registered_model_without_meta" },
} as const;
const VERSION = {
  parse: parseModelVersionMeta,
  damage: { damaged: "model_version_meta_damaged", missing: "model_version_without_meta" },
} as const;

/** MLflow keeps a deleted version's directory and gives it this stage. */
export const DELETED_STAGE = "Deleted_Internal";

export interface RegisteredModelLocation extends Located {
  readonly name: string;
}

export interface ModelVersionLocation extends Located {
  readonly name: string;
  readonly version: number;
}

export function registryLocation(paths: StorePaths): Located {
  return { directory: registryPath(paths.root), path: REGISTRY };
}

/** Where the registered model of this name lies; null when there is none. Throws typed errors. */
export function findRegisteredModel(paths: StorePaths, name: string): RegisteredModelLocation | null {
  if (!isModelDirectoryName(name)) return null;
  const location = { ...inside(registryLocation(paths), name), name };
  const places = [registryPath(paths.root), location.directory];
  return places.every((path) => statIfExists(path)?.kind === "directory") ? location : null;
}

/** Directories of registered models, by name in code-point order. */
export function listRegisteredModelLocations(
  paths: StorePaths,
  onDamage: OnDamage,
): RegisteredModelLocation[] {
  const registry = registryLocation(paths);
  return directoriesOf(registry, onDamage).map((name) => ({ ...inside(registry, name), name }));
}

/** Every registered model that can be read. */
export function scanRegisteredModels(paths: StorePaths, onDamage: OnDamage): RegisteredModel[] {
  return listRegisteredModelLocations(paths, onDamage).flatMap((location) => {
    const meta = readRegisteredModelMetaReporting(location, onDamage);
    return meta === null ? [] : [toRegisteredModel(location, meta, onDamage)];
  });
}

/** One registered model; null when there is none. Throws DAMAGED and typed I/O errors. */
export function readRegisteredModel(
  paths: StorePaths,
  name: string,
  onDamage: OnDamage = IGNORE_DAMAGE,
): RegisteredModel | null {
  const location = findRegisteredModel(paths, name);
  if (location === null) return null;
  return toRegisteredModel(location, readMeta(location, parseRegisteredModelMeta), onDamage);
}

export function readRegisteredModelMetaReporting(
  location: RegisteredModelLocation,
  onDamage: OnDamage,
): RegisteredModelMeta | null {
  return readMetaReporting(location, MODEL, onDamage);
}

/** Versions by number, deleted ones (stage `Deleted_Internal`) included; none for an unknown name. */
export function scanModelVersions(
  paths: StorePaths,
  name: string,
  onDamage: OnDamage = IGNORE_DAMAGE,
): ModelVersion[] {
  const model = findRegisteredModel(paths, name);
  if (model === null) return [];
  const aliases = readAliases(model, onDamage);
  return listModelVersionLocations(model, onDamage).flatMap((location) => {
    const meta = readModelVersionMetaReporting(location, onDamage);
    return meta === null ? [] : [toModelVersion(location, meta, aliases, onDamage)];
  });
}

/** Directories of versions, by number. */
export function listModelVersionLocations(
  model: RegisteredModelLocation,
  onDamage: OnDamage,
): ModelVersionLocation[] {
  return directoriesOf(model, onDamage)
    .flatMap((directory) => {
      const digits = /^version-([1-9][0-9]{0,14})$/.exec(directory)?.[1];
      if (digits === undefined) return [];
      return [{ ...inside(model, directory), name: model.name, version: Number(digits) }];
    })
    .sort((a, b) => a.version - b.version);
}

export function readModelVersionMetaReporting(
  location: ModelVersionLocation,
  onDamage: OnDamage,
): ModelVersionMeta | null {
  return readMetaReporting(location, VERSION, onDamage);
}

/** alias -> version number as text, from the alias files. One that holds no number is reported and left out. */
export function readAliases(model: Located, onDamage: OnDamage): StringMap {
  const aliases: Record<string, string> = Object.create(null);
  for (const { key, bytes } of readRecords(model, "aliases", onDamage)) {
    const text = decodeText(bytes).value;
    const version = /^[1-9][0-9]{0,14}$/.exec(text.trim())?.[0];
    if (version !== undefined) aliases[key] = version;
    if (version === undefined || version !== text) {
      const reason =
        version === undefined ? "holds no version number" : "has white space around the version number";
      report(onDamage, model, "alias_damaged", { name: `aliases/${key}`, reason });
    }
  }
  return aliases;
}

function toRegisteredModel(
  location: RegisteredModelLocation,
  meta: RegisteredModelMeta,
  onDamage: OnDamage,
): RegisteredModel {
  return {
    name: location.name,
    description: meta.description,
    creationTime: meta.creationTime,
    lastUpdatedTime: meta.lastUpdatedTime,
    tags: toStringMap(readTags(location, onDamage)),
    aliases: readAliases(location, onDamage),
  };
}

function toModelVersion(
  location: ModelVersionLocation,
  meta: ModelVersionMeta,
  aliases: StringMap,
  onDamage: OnDamage,
): ModelVersion {
  const { deploymentJobState: _, ...version } = placedVersionMeta(location, meta);
  return {
    ...version,
    tags: toStringMap(readTags(location, onDamage)),
    aliases: aliasesOf(location.version, aliases),
  };
}

/** Name and number are those of the directories. */
export function placedVersionMeta(location: ModelVersionLocation, meta: ModelVersionMeta): ModelVersionMeta {
  return { ...meta, name: location.name, version: location.version };
}

export function aliasesOf(version: number, aliases: StringMap): string[] {
  return Object.keys(aliases).filter((alias) => aliases[alias] === String(version));
}

/** As {@link readRegisteredModel}. Throws RESOURCE_DOES_NOT_EXIST. */
export function mustReadRegisteredModel(paths: StorePaths, name: string): RegisteredModel {
  const found = readRegisteredModel(paths, name);
  if (found !== null) return found;
  const message = `there is no registered model ${JSON.stringify(name)}`;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", message, { data: { name } });
}

/** A model's name is its directory: one component, never a way out. */
function isModelDirectoryName(name: string): boolean {
  if (name === "" || name === "." || name === ".." || Buffer.byteLength(name) > 255) return false;
  return !/[/\\\u0000-\u001f\u007f]/.test(name);
}
