/** Where the files of a new model version lie. `source` itself is kept as given: inert text. */
import { RunstoneError } from "../../../store-format/index.js";
import type { NewModelVersion } from "../../interfaces.js";
import { appendToLocation } from "../artifact-location.js";
import type { StorePaths } from "../layout.js";
import { locateActiveModel } from "../logged-models/index.js";
import { readLoggedModelMeta } from "../read/logged-models.js";
import { findRun, readRunInfo } from "../read/runs.js";
import { getModelVersionByAlias } from "./aliases.js";
import { locateModelVersion, readVersionMeta } from "./locate.js";

export interface ResolvedSource {
  readonly storageLocation: string;
  readonly runId: string | null;
  readonly modelId: string | null;
}

/**
 * `models:/<model id>`, `models:/<name>/<version>` and `models:/<name>@<alias>` are resolved in this store, as MLflow
 * does; `runs:/<run id>/<path>` is, when the run is here. Throws INVALID_PARAMETER_VALUE for a model that is not.
 */
export function resolveSource(paths: StorePaths, spec: NewModelVersion): ResolvedSource {
  if (typeof spec.source !== "string" || spec.source.trim() === "") throw unresolved(spec.source, undefined);
  const given = { storageLocation: spec.source, runId: spec.runId ?? null, modelId: spec.modelId ?? null };
  if (spec.source.startsWith("models:/")) return { ...given, ...fromModels(paths, spec, given) };
  if (spec.source.startsWith("runs:/")) return { ...given, ...fromRuns(paths, spec, given) };
  return given;
}

function fromModels(
  paths: StorePaths,
  { source }: NewModelVersion,
  given: ResolvedSource,
): Partial<ResolvedSource> {
  const text = source.slice("models:/".length).replace(/^\/+/u, "");
  try {
    return text.includes("/") || text.includes("@")
      ? fromVersion(paths, text)
      : fromLoggedModel(paths, text, given);
  } catch (error) {
    if (error instanceof RunstoneError) throw unresolved(source, error);
    throw error;
  }
}

function fromLoggedModel(paths: StorePaths, modelId: string, given: ResolvedSource): Partial<ResolvedSource> {
  const model = readLoggedModelMeta(locateActiveModel(paths, modelId));
  return {
    storageLocation: model.artifactLocation,
    runId: given.runId ?? model.sourceRunId,
    modelId: given.modelId ?? modelId,
  };
}

function fromVersion(paths: StorePaths, text: string): Partial<ResolvedSource> {
  const at = text.lastIndexOf("@");
  const slash = text.lastIndexOf("/");
  const version =
    at > slash
      ? getModelVersionByAlias(paths, text.slice(0, at), text.slice(at + 1))
      : readVersionMeta(locateModelVersion(paths, text.slice(0, slash), Number(text.slice(slash + 1))));
  const location = version.storageLocation ?? version.source;
  return location === null ? {} : { storageLocation: location };
}

function fromRuns(
  paths: StorePaths,
  { source }: NewModelVersion,
  given: ResolvedSource,
): Partial<ResolvedSource> {
  const [runId = "", ...path] = source.slice("runs:/".length).replace(/^\/+/u, "").split("/");
  const run = findRun(paths, runId);
  if (run === null) return {};
  const { artifactUri } = readRunInfo(run);
  if (artifactUri === "") return {};
  return { storageLocation: appendToLocation(artifactUri, ...path), runId: given.runId ?? runId };
}

function unresolved(source: unknown, cause: unknown): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the model source ${JSON.stringify(source)} cannot be resolved`,
    {
      hint: "Give a path, a URI, or a model or run of this store.",
      data: { source: String(source) },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
