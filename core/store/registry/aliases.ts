/** Aliases: `aliases/<alias>` holds the version number as text, without a line break. */
import { checkAlias, type ModelVersion, RunstoneError } from "../../../store-format/index.js";
import type { StoreContext } from "../context.js";
import { deleteKeyFile, type KeyFiles, writeKeyFile } from "../key-files.js";
import type { StorePaths } from "../layout.js";
import { IGNORE_DAMAGE, THROW_UNREADABLE } from "../read/damages.js";
import {
  DELETED_STAGE,
  type RegisteredModelLocation,
  readAliases,
  scanModelVersions,
} from "../read/registry.js";
import {
  changeRegisteredModel,
  locateModelVersion,
  locateRegisteredModel,
  readModelVersion,
} from "./locate.js";

/** Points the alias at the version, wherever it pointed before. Throws RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE. */
export function setAlias(context: StoreContext, name: string, alias: string, version: number): void {
  checkAlias(alias);
  locateModelVersion(context, name, version);
  const model = locateRegisteredModel(context, name);
  writeKeyFile(aliasFiles(model), alias, String(version));
  changeRegisteredModel(context, model);
}

/** An alias that is not there is fine. Throws RESOURCE_DOES_NOT_EXIST (model). */
export function deleteAlias(context: StoreContext, name: string, alias: string): void {
  checkAlias(alias);
  const model = locateRegisteredModel(context, name);
  if (deleteKeyFile(aliasFiles(model), alias)) changeRegisteredModel(context, model);
}

/** Removes every alias that points at the version. */
export function deleteAliasesOf(model: RegisteredModelLocation, version: number): void {
  for (const [alias, target] of Object.entries(readAliases(model, THROW_UNREADABLE))) {
    if (target === String(version)) deleteKeyFile(aliasFiles(model), alias);
  }
}

/**
 * The version an alias points at; `latest` is the highest version that is not deleted. Throws RESOURCE_DOES_NOT_EXIST
 * (model, version) and, as MLflow does, INVALID_PARAMETER_VALUE for an alias that is not there.
 */
export function getModelVersionByAlias(paths: StorePaths, name: string, alias: string): ModelVersion {
  const model = locateRegisteredModel(paths, name);
  if (alias.toLowerCase() === "latest") return latestVersion(paths, name);
  checkAlias(alias);
  const target = readAliases(model, IGNORE_DAMAGE)[alias];
  if (target === undefined) throw noSuchAlias(name, alias);
  return readModelVersion(model, locateModelVersion(paths, name, Number(target)));
}

function latestVersion(paths: StorePaths, name: string): ModelVersion {
  const latest = scanModelVersions(paths, name)
    .filter(({ currentStage }) => currentStage !== DELETED_STAGE)
    .at(-1);
  if (latest !== undefined) return latest;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `model ${JSON.stringify(name)} has no version yet`, {
    data: { name },
  });
}

function aliasFiles({ directory }: RegisteredModelLocation): KeyFiles {
  return { owner: directory, folder: "aliases" };
}

function noSuchAlias(name: string, alias: string): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `model ${JSON.stringify(name)} has no alias ${JSON.stringify(alias)}`,
    { hint: "Set it first, or name a version.", data: { name, alias } },
  );
}
