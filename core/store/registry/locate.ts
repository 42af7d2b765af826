/** Finding and rewriting registered models and their versions. The names of the directories count, not those in meta.yaml. */
import { join } from "node:path";
import {
  encodeText,
  type ModelVersion,
  type ModelVersionMeta,
  parseModelVersionMeta,
  parseRegisteredModelMeta,
  type RegisteredModelMeta,
  RunstoneError,
  serializeModelVersionMeta,
  serializeRegisteredModelMeta,
} from "../../../store-format/index.js";
import { replaceFile, statIfExists } from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { META, type StorePaths } from "../layout.js";
import { IGNORE_DAMAGE } from "../read/damages.js";
import { inside, type Located } from "../read/located.js";
import { readMeta } from "../read/meta-file.js";
import { readTags, toStringMap } from "../read/records.js";
import {
  aliasesOf,
  DELETED_STAGE,
  findRegisteredModel,
  type ModelVersionLocation,
  type RegisteredModelLocation,
  readAliases,
} from "../read/registry.js";

/** Throws RESOURCE_DOES_NOT_EXIST. */
export function locateRegisteredModel(paths: StorePaths, name: string): RegisteredModelLocation {
  const found = findRegisteredModel(paths, name);
  if (found !== null && hasMeta(found)) return found;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no registered model ${JSON.stringify(name)}`, {
    hint: "See `runstone registry`.",
    data: { name },
  });
}

export function hasMeta({ directory }: Located): boolean {
  return statIfExists(directory)?.kind === "directory" && statIfExists(join(directory, META)) !== null;
}

/** Where a version of this number lies, whether it exists or not. */
export function versionPlace(model: RegisteredModelLocation, version: number): ModelVersionLocation {
  return { ...inside(model, `version-${version}`), name: model.name, version };
}

/** A version that is not deleted. Throws RESOURCE_DOES_NOT_EXIST (model or version). */
export function locateModelVersion(paths: StorePaths, name: string, version: number): ModelVersionLocation {
  const place = versionPlace(locateRegisteredModel(paths, name), version);
  const isNumber = Number.isSafeInteger(version) && version > 0;
  if (isNumber && hasMeta(place) && readVersionMeta(place).currentStage !== DELETED_STAGE) return place;
  throw new RunstoneError(
    "RESOURCE_DOES_NOT_EXIST",
    `model ${JSON.stringify(name)} has no version ${version}`,
    {
      hint: "A deleted version cannot be used again.",
      data: { name, version },
    },
  );
}

export function readRegisteredModelMeta(model: RegisteredModelLocation): RegisteredModelMeta {
  return readMeta(model, parseRegisteredModelMeta);
}

/** Replaces the model's meta.yaml; its copy of the aliases is made from the alias files. Durable when it returns. */
export function changeRegisteredModel(
  context: StoreContext,
  model: RegisteredModelLocation,
  change: Partial<RegisteredModelMeta> = {},
): void {
  const before = readRegisteredModelMeta(model);
  const aliases = readAliases(model, IGNORE_DAMAGE);
  const meta = { ...before, lastUpdatedTime: context.now(), ...change, name: model.name, aliases };
  writeMeta(model, serializeRegisteredModelMeta(meta));
}

export function readVersionMeta(version: ModelVersionLocation): ModelVersionMeta {
  return readMeta(version, parseModelVersionMeta);
}

/** The version with its tags, and with the aliases that point at it. */
export function readModelVersion(
  model: RegisteredModelLocation,
  version: ModelVersionLocation,
): ModelVersion {
  const { deploymentJobState: _, ...meta } = readVersionMeta(version);
  return {
    ...meta,
    name: version.name,
    version: version.version,
    tags: toStringMap(readTags(version, IGNORE_DAMAGE)),
    aliases: aliasesOf(version.version, readAliases(model, IGNORE_DAMAGE)),
  };
}

/** Replaces the version's meta.yaml; durable when it returns. */
export function changeModelVersion(
  context: StoreContext,
  version: ModelVersionLocation,
  change: Partial<ModelVersionMeta> = {},
): void {
  const { name, version: number } = version;
  const before = readVersionMeta(version);
  const meta = { ...before, lastUpdatedTime: context.now(), ...change, name, version: number };
  writeMeta(version, serializeModelVersionMeta(meta));
}

function writeMeta({ directory }: Located, text: string): void {
  replaceFile(join(directory, META), encodeText(text), { temporaryIn: directory, sync: true });
}
