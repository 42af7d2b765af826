/**
 * Whether a run that another store sends can be kept. It may come from anywhere, so that nothing in it is believed: ids,
 * names, keys and paths must be such that every file lies in the run. All is checked before a byte is written.
 */
import { Buffer } from "node:buffer";
import {
  checkKey,
  isContainedPath,
  isRunId,
  isWellFormedText,
  MAX_ARTIFACT_PATH_BYTES,
  MAX_COMPONENT_BYTES,
  MAX_INT64,
  MAX_TAG_VALUE_BYTES,
  MIN_INT64,
  type Point,
  RUN_STATUSES,
  RunstoneError,
  type StringMap,
  utf8Length,
  windowsProblem,
} from "../../store-format/index.js";
import { isTemporaryName } from "../fs/index.js";
import type { NewInputs } from "../interfaces.js";
import { inputAndOutputFiles } from "../store/datasets/index.js";
import { isRunName } from "../store/read/runs.js";
import { valueBytes } from "../store/runs/run-files.js";
import type { ArtifactHead, RunDocument, SeriesHead } from "./run-document.js";

/** Throws INVALID_PARAMETER_VALUE naming the thing. Keys that clash are found when they are written. */
export function checkReceived(document: RunDocument): void {
  checkInfo(document);
  for (const [key, value] of entries(document.params, "params")) checkRecord("param", key, value);
  for (const [key, value] of entries(document.tags, "tags")) checkRecord("tag", key, value);
  for (const series of document.series) checkSeries(series);
  inputAndOutputFiles(document.info.runId, newInputsOf(document), document.outputs);
  const paths = new Set<string>();
  for (const artifact of document.artifacts) {
    checkArtifact(artifact);
    if (paths.has(artifact.path)) throw wrong("the artifact", artifact.path, "is named twice");
    paths.add(artifact.path);
  }
}

/** The inputs of a document, as they are written. */
export function newInputsOf({ inputs }: RunDocument): NewInputs {
  return { datasets: inputs.datasetInputs, modelIds: inputs.modelInputs.map(({ modelId }) => modelId) };
}

/** Throws INVALID_PARAMETER_VALUE. */
export function checkReceivedPoint(key: string, { timestamp, step, value, dataset, modelId }: Point): void {
  if (typeof value !== "number" || !isInt64(timestamp) || !isInt64(step))
    throw wrong("a point of metric", key, "is no number at a step and time of 64 bits");
  if (modelId !== undefined && !isText(modelId)) throw wrong("a point of metric", key, "has no model id");
  if (dataset !== undefined && !(isText(dataset.name) && isText(dataset.digest)))
    throw wrong("a point of metric", key, "is linked to a dataset without name or digest");
}

/**
 * Weaker than what may be logged: an artifact that somebody else wrote may be called as it is, as long as it lies in the
 * run's artifacts and this system can hold the name.
 */
export function checkReceivedPath(path: string): void {
  const problem = pathProblem(path);
  if (problem !== undefined) throw wrong("the artifact path", path, problem);
}

function pathProblem(path: unknown): string | undefined {
  if (typeof path !== "string" || !isWellFormedText(path)) return "is no text";
  if (!isContainedPath(path)) return "leads out of the artifacts";
  if (/\p{Cc}/u.test(path)) return "holds a control character";
  if (utf8Length(path) > MAX_ARTIFACT_PATH_BYTES) return `is longer than ${MAX_ARTIFACT_PATH_BYTES} bytes`;
  const components = path.split("/");
  if (components.some((part) => utf8Length(part) > MAX_COMPONENT_BYTES))
    return `has a component longer than ${MAX_COMPONENT_BYTES} bytes`;
  if (components.some(isTemporaryName)) return "has a name that only temporary files have";
  return process.platform === "win32" ? windowsProblem(path) : undefined;
}

function checkInfo({ info }: RunDocument): void {
  const { runId } = info;
  if (!isText(runId) || !isRunId(runId) || !isRunName(runId)) throw wrong("the run id", runId, "is none");
  for (const field of ["runName", "userId"] as const) {
    const text = info[field];
    if (typeof text !== "string" || !isWellFormedText(text) || Buffer.byteLength(text) > MAX_TAG_VALUE_BYTES)
      throw wrong(`run ${runId}: ${field}`, text, "is no text that can be kept");
  }
  for (const field of ["startTime", "endTime", "deletedTime"] as const)
    if (info[field] !== null && !isInt64(info[field]))
      throw wrong(`run ${runId}: ${field}`, info[field], "is no time");
  if (!RUN_STATUSES.includes(info.status)) throw wrong(`run ${runId}: status`, info.status, "is unknown");
  if (info.lifecycleStage !== "active" && info.lifecycleStage !== "deleted")
    throw wrong(`run ${runId}: lifecycle stage`, info.lifecycleStage, "is unknown");
}

function checkRecord(kind: "param" | "tag", key: string, value: string): void {
  checkKey(key, kind);
  valueBytes(kind, key, value);
}

function checkSeries({ key, count, sha256, dataset }: SeriesHead): void {
  checkKey(key, "metric");
  if (!isSize(count) || !isHash(sha256)) throw wrong("metric", key, "has no count or hash");
  if (dataset !== undefined && !(isText(dataset.name) && isText(dataset.digest)))
    throw wrong("metric", key, "is linked to a dataset without name or digest");
}

function checkArtifact({ path, size, sha256 }: ArtifactHead): void {
  checkReceivedPath(path);
  if (!isSize(size) || !isHash(sha256)) throw wrong("the artifact", path, "has no size or hash");
}

function entries(map: StringMap, what: string): [string, string][] {
  if (typeof map !== "object" || map === null) throw wrong("the run's", what, "are no map");
  return Object.entries(map);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && isWellFormedText(value);
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function isInt64(value: unknown): boolean {
  if (typeof value === "bigint") return value >= MIN_INT64 && value <= MAX_INT64;
  return Number.isSafeInteger(value);
}

function wrong(what: string, thing: unknown, reason: string): RunstoneError {
  const text = String(thing);
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
  return new RunstoneError("INVALID_PARAMETER_VALUE", `${what} ${shown} ${reason}: the run is not taken`, {
    hint: "Nothing was written. Rename it at the store that it comes from.",
    data: { what, thing: text.slice(0, 4_096) },
  });
}
