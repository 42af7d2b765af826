/** Settling a conflict: the value that the user chose becomes the value here, and travels like any other change. */
import {
  checkKey,
  keyToPath,
  RUN_STATUSES,
  type RunMeta,
  type RunStatus,
  RunstoneError,
} from "../../store-format/index.js";
import { replaceFile } from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import { freePath } from "../store/key-files.js";
import type { RunLocation } from "../store/read/located.js";
import { readRecord } from "../store/read/records.js";
import { readRunMeta } from "../store/read/runs.js";
import { removeTag, valueBytes, writeRunMeta, writeTags } from "../store/runs/run-files.js";
import { assertSealable, forgetSealed, resealAfterEdit } from "../store/runs/seal.js";
import { assertWritableRun, writable } from "../store/writable.js";
import { checkReceivedPath } from "./check-received.js";
import { ArtifactBringer } from "./merge-artifacts.js";
import type { MergeConflict } from "./merge-value.js";
import type { ArtifactSource } from "./receive-artifact.js";
import type { ArtifactHead } from "./run-document.js";

/** What the value here is to be. */
export interface ConflictChoice {
  /** As in the conflict; null removes a tag. Of an artifact: its SHA-256. */
  readonly value: string | null;
  /** Of an artifact that is not the one here. */
  readonly artifact?: { readonly head: ArtifactHead; readonly source: ArtifactSource };
}

/**
 * Sets the value; does nothing when it is that already. A param is immutable to everybody else: here the user says that
 * the run was recorded wrongly, so its line is taken out of the seal, the param replaced, and the run sealed anew. Throws
 * INVALID_PARAMETER_VALUE for a value that cannot be, UNSUPPORTED for a field that cannot be settled here (input, metric).
 */
export async function resolveConflict(
  context: StoreContext,
  location: RunLocation,
  { field, key }: Pick<MergeConflict, "field" | "key">,
  choice: ConflictChoice,
): Promise<void> {
  writable(context);
  assertWritableRun(location);
  assertSealable(location);
  const { value } = choice;
  if (field === "param") setParam(location, mustBe(key), mustBe(value));
  else if (field === "tag") setTag(location, mustBe(key), value);
  else if (field === "artifact") await setArtifact(context, location, choice);
  else setMeta(location, metaChange(field, value, context));
  if (field === "name") writeTags(location.directory, { "mlflow.runName": mustBe(value) }, true);
  resealAfterEdit(context, location);
}

function setParam(location: RunLocation, key: string, value: string): void {
  checkKey(key, "param");
  const bytes = valueBytes("param", key, value);
  const before = readRecord(location, "params", keyToPath(key));
  if (before !== null && Buffer.compare(before, bytes) === 0) return;
  const path = freePath({ owner: location.directory, folder: "params" }, key);
  // First: a crash between the two leaves a param that is newer than the seal, and not one that looks damaged.
  forgetSealed(location, `params/${keyToPath(key)}`);
  replaceFile(path, bytes, { temporaryIn: location.directory, sync: true });
}

function setTag(location: RunLocation, key: string, value: string | null): void {
  checkKey(key, "tag");
  if (value !== null) writeTags(location.directory, { [key]: value }, true);
  else if (readRecord(location, "tags", keyToPath(key)) !== null) removeTag(location.directory, key);
}

async function setArtifact(
  context: StoreContext,
  location: RunLocation,
  { artifact, value }: ConflictChoice,
): Promise<void> {
  if (artifact === undefined) return;
  const { head, source } = artifact;
  checkReceivedPath(head.path);
  if (head.sha256 !== value) throw notPossible("artifact", value);
  const bringer = new ArtifactBringer(context, location, source);
  const isHere = await bringer.bring(head);
  bringer.finish();
  if (!isHere) throw notPossible("artifact", value);
}

function setMeta(location: RunLocation, change: Partial<RunMeta>): void {
  writeRunMeta(location.directory, { ...readRunMeta(location), ...change });
}

function metaChange(
  field: MergeConflict["field"],
  value: string | null,
  { now }: StoreContext,
): Partial<RunMeta> {
  if (field === "name") return { runName: mustBe(value) };
  if (field === "status") return { status: statusOf(value) };
  if (field === "end_time") return { endTime: value === null || value === "null" ? null : timeOf(value) };
  if (field === "lifecycle_stage" && value === "active")
    return { lifecycleStage: "active", deletedTime: null };
  if (field === "lifecycle_stage" && value === "deleted")
    return { lifecycleStage: "deleted", deletedTime: now() };
  throw field === "input" || field === "metric" ? notHere(field) : notPossible(field, value);
}

function statusOf(value: string | null): RunStatus {
  const status = RUN_STATUSES.find((known) => known === value);
  if (status === undefined) throw notPossible("status", value);
  return status;
}

function timeOf(value: string): number | bigint {
  if (!/^(?:0|[1-9]\d{0,18})$/.test(value)) throw notPossible("end_time", value);
  const time = Number(value);
  return Number.isSafeInteger(time) ? time : BigInt(value);
}

function mustBe(text: string | null): string {
  if (text === null) throw notPossible("value", text);
  return text;
}

function notPossible(field: string, value: string | null): RunstoneError {
  const shown = value === null ? "nothing" : JSON.stringify(value.slice(0, 80));
  return new RunstoneError("INVALID_PARAMETER_VALUE", `the ${field} of a run cannot be set to ${shown}`, {
    hint: "Choose the value of one side, or one of the same kind.",
    data: { field },
  });
}

function notHere(field: string): RunstoneError {
  return new RunstoneError("UNSUPPORTED", `a conflict of this kind (${field}) cannot be settled by a value`, {
    hint: "Both sides keep theirs; rename it at one of them.",
    data: { field },
  });
}
