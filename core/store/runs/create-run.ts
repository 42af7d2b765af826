/** New runs: built complete beside the store and published by one rename. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  checkKey,
  decodeText,
  encodeText,
  hexId,
  keyToPath,
  RunstoneError,
  runNameFrom,
  type StringMap,
  serializeRunMeta,
} from "../../../store-format/index.js";
import {
  ensureDirectory,
  publishDirectory,
  randomBelow,
  randomOctets,
  readBytesIfExists,
  replaceFile,
  statIfExists,
  writeNewFile,
} from "../../fs/index.js";
import type { NewRun } from "../../interfaces.js";
import { artifactLocation } from "../artifact-location.js";
import type { StoreContext } from "../context.js";
import { assertNoClashAmong } from "../key-files.js";
import { META } from "../layout.js";
import {
  type ExperimentLocation,
  findExperiment,
  findRun,
  IGNORE_DAMAGE,
  type RunLocation,
  readExperiment,
  readRunMeta,
  runIn,
} from "../read/index.js";
import { valueBytes } from "./run-files.js";

/** Git must not take a run that is still being written; the file survives `git stash -u` and `git clean`. */
export const LIVE_GITIGNORE = "*\n";

/** Before a run that was sealed goes on: from here on Git leaves it alone again. Durable. */
export function markLive(directory: string): void {
  const place = { temporaryIn: directory, sync: true };
  replaceFile(join(directory, ".gitignore"), encodeText(LIVE_GITIGNORE), place);
}

/** Whether Git leaves the run alone: it is live, or its seal was not finished, the last step of which takes the mark away. */
export function isMarkedLive(directory: string): boolean {
  const bytes = readBytesIfExists(join(directory, ".gitignore"));
  return bytes !== null && decodeText(bytes).value === LIVE_GITIGNORE;
}

export const RUN_KEY_TAG = "runstone.runKey";
export const ATTEMPTS_TAG = "runstone.attempts";

/**
 * Creates a run. Throws RESOURCE_DOES_NOT_EXIST (experiment, parent), INVALID_STATE (deleted experiment),
 * RESOURCE_ALREADY_EXISTS (run key in use; `data.runId` names the run), INVALID_PARAMETER_VALUE.
 */
export function createRun(context: StoreContext, spec: NewRun): RunLocation {
  const experiment = activeExperiment(context, spec.experimentId);
  if (spec.parentRunId !== undefined) assertParent(context, spec.parentRunId);
  const runId =
    spec.runKey === undefined ? hexId(randomOctets(16)) : freeKeyedId(context, experiment, spec.runKey);
  const directory = join(experiment.directory, runId);
  const published = publishDirectory(context.root, directory, (draft) =>
    buildRun(context, draft, runId, spec),
  );
  if (!published) throw runKeyInUse(spec.runKey ?? runId, runId);
  return runIn(experiment, runId);
}

function buildRun(context: StoreContext, draft: string, runId: string, spec: NewRun): void {
  const sync = context.durability === "full";
  const runName = spec.runName ?? spec.tags?.["mlflow.runName"] ?? runNameFrom(randomBelow);
  const tags = allTags(spec, runName);
  assertNoClashAmong("params", Object.keys(spec.params ?? {}));
  assertNoClashAmong("tags", Object.keys(tags));
  for (const folder of ["metrics", "params", "tags", "artifacts"]) ensureDirectory(join(draft, folder));
  for (const [key, value] of Object.entries(tags)) writeNewRecord(draft, "tag", key, value, sync);
  for (const [key, value] of Object.entries(spec.params ?? {}))
    writeNewRecord(draft, "param", key, value, sync);
  writeNewFile(join(draft, ".gitignore"), encodeText(LIVE_GITIGNORE), sync);
  const meta = serializeRunMeta({
    runId,
    experimentId: spec.experimentId,
    runName,
    userId: spec.userId ?? tags["mlflow.user"] ?? "unknown",
    status: "RUNNING",
    startTime: spec.startTime ?? context.now(),
    endTime: null,
    deletedTime: null,
    lifecycleStage: "active",
    // Absolute while the run is live: MLflow clients resolve a relative one from whatever directory they run in.
    artifactUri: artifactLocation(context, "absolute", spec.experimentId, runId, "artifacts"),
  });
  writeNewFile(join(draft, META), encodeText(meta), true);
}

function allTags(spec: NewRun, runName: string): StringMap {
  const tags: Record<string, string> = Object.assign(Object.create(null), spec.tags);
  const given = tags["mlflow.runName"];
  if (spec.runName !== undefined && given !== undefined && given !== spec.runName)
    throw new RunstoneError("INVALID_PARAMETER_VALUE", "the run name and the tag mlflow.runName differ", {
      hint: "Give one of them.",
      data: { runName: spec.runName, tag: given },
    });
  tags["mlflow.runName"] = runName;
  if (spec.parentRunId !== undefined) tags["mlflow.parentRunId"] = spec.parentRunId;
  if (spec.runKey !== undefined) Object.assign(tags, { [RUN_KEY_TAG]: spec.runKey, [ATTEMPTS_TAG]: "1" });
  return tags;
}

function writeNewRecord(
  draft: string,
  kind: "param" | "tag",
  key: string,
  value: string,
  sync: boolean,
): void {
  checkKey(key, kind);
  const path = join(draft, kind === "param" ? "params" : "tags", keyToPath(key));
  if (statIfExists(path) !== null)
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `${kind} ${JSON.stringify(key)} clashes with another key`,
      {
        data: { key },
      },
    );
  writeNewFile(path, valueBytes(kind, key, value), sync);
}

/** The experiment, if runs can be added to it. */
export function activeExperiment(context: StoreContext, experimentId: string): ExperimentLocation {
  const found = findExperiment(context, experimentId);
  if (found === null || found.orphan)
    throw new RunstoneError(
      "RESOURCE_DOES_NOT_EXIST",
      `there is no experiment ${JSON.stringify(experimentId)}`,
      {
        hint: "See `runstone experiments`.",
        data: { experimentId },
      },
    );
  const experiment = readExperiment(found, IGNORE_DAMAGE);
  if (experiment.lifecycleStage === "active") return found;
  throw new RunstoneError("INVALID_STATE", `experiment ${JSON.stringify(experiment.name)} is deleted`, {
    hint: "Restore it with `runstone experiments restore`.",
    data: { experimentId },
  });
}

function assertParent(context: StoreContext, runId: string): void {
  if (findRun(context, runId) === null)
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no parent run ${JSON.stringify(runId)}`, {
      data: { runId },
    });
}

/** The n-th id a run key may have: derived from experiment and key, so that two hosts that start the job claim the same directory. */
function keyedRunId(experimentId: string, runKey: string, probe: number): string {
  if (runKey === "")
    throw new RunstoneError("INVALID_PARAMETER_VALUE", "the run key is empty", {
      hint: "Is the variable set that should hold the key?",
    });
  const preimage = ["runstone run key", experimentId, runKey, String(probe)].join("\n");
  return createHash("sha256").update(preimage).digest("hex").slice(0, 32);
}

/** The run of that key in the experiment, or null. A deleted run does not hold its key. */
export function findRunByKey(
  context: StoreContext,
  experimentId: string,
  runKey: string,
): RunLocation | null {
  for (let probe = 0; ; probe += 1) {
    const found = findRun(context, keyedRunId(experimentId, runKey, probe));
    if (found === null || readRunMeta(found).lifecycleStage === "active") return found;
  }
}

function freeKeyedId(context: StoreContext, experiment: ExperimentLocation, runKey: string): string {
  for (let probe = 0; ; probe += 1) {
    const runId = keyedRunId(experiment.experimentId, runKey, probe);
    const found = findRun(context, runId);
    if (found === null) return runId;
    if (readRunMeta(found).lifecycleStage === "active") throw runKeyInUse(runKey, runId);
  }
}

function runKeyInUse(runKey: string, runId: string): RunstoneError {
  return new RunstoneError(
    "RESOURCE_ALREADY_EXISTS",
    `run key ${JSON.stringify(runKey)} is in use by run ${runId}`,
    {
      hint: "Resume that run, or use another key.",
      data: { runKey, runId },
    },
  );
}
