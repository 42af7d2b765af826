/** What the server is to hold of a run: its record as far as the server can hold it. */
import type { RunDocument } from "../../core/transfer/run-document.js";
import {
  type Integer,
  type LifecycleStage,
  MLFLOW_MAX_PARAM_VALUE_LENGTH,
  MLFLOW_MAX_TAG_VALUE_LENGTH,
  type RunStatus,
  type StringMap,
} from "../../store-format/index.js";
import { acceptedParams } from "./accepted-params.js";
import { cutTag, cutText, isTooLong, LONG_VALUES_PATH } from "./cut-values.js";
import { ORIGIN_TAG } from "./find-runs.js";

export const RUN_NAME_TAG = "mlflow.runName";
export const PARENT_TAG = "mlflow.parentRunId";
/** Holds the parent's id here, when the parent is not there. */
export const LOCAL_PARENT_TAG = "runstone.parent_run_id";
/** Set on runs that have no name: a server gives every run one. */
export const UNNAMED_TAG = "runstone.unnamed";

export interface LongValues {
  readonly params: StringMap;
  readonly tags: StringMap;
}

export interface WantedRecord {
  readonly runName: string;
  readonly userId: string;
  readonly startTime: Integer | null;
  readonly endTime: Integer | null;
  readonly status: RunStatus;
  readonly lifecycleStage: LifecycleStage;
  readonly params: StringMap;
  /** Key -> the other value that counts as right there. */
  readonly acceptedParams: StringMap;
  /** Without `mlflow.runName`, which is the name. */
  readonly tags: StringMap;
  /** Whole values of those that are cut; null: none is. */
  readonly longValues: LongValues | null;
  /** What is not there as it is here: one sentence each. */
  readonly exceptions: readonly string[];
}

/**
 * `parentId`: the id there of the run's parent; null: it has none, or it is not there. `besides`: tags that tell what the
 * server cannot hold otherwise ({@link oddPointTags}).
 */
export function wantedRecord(
  document: RunDocument,
  parentId: string | null,
  besides: StringMap = {},
): WantedRecord {
  const { info } = document;
  const params = cutAll(document.params, (_, value) => cutText(value, MLFLOW_MAX_PARAM_VALUE_LENGTH));
  const tags = cutTags(document.tags);
  const isUnnamed = info.runName === "";
  const exceptions = [...params.exceptions("param"), ...tags.exceptions("tag")];
  if (isUnnamed) exceptions.push("It has no name here; there it is called by its id.");
  if (info.startTime === null) exceptions.push("It has no start time here; there it is 0.");
  return {
    runName: isUnnamed ? info.runId : info.runName,
    userId: info.userId,
    ...{ startTime: info.startTime, endTime: info.endTime, status: info.status },
    lifecycleStage: info.lifecycleStage,
    params: params.values,
    acceptedParams: acceptedParams(document),
    tags: { ...remoteTags(tags.values, document, parentId), ...besides },
    longValues: longValuesOf(params.whole, tags.whole),
    exceptions,
  };
}

/** The tags of an earlier state of the run as they were sent then: what three-way merging starts from. */
export function wantedTags(tags: StringMap, document: RunDocument, parentId: string | null): StringMap {
  return remoteTags(cutTags(tags).values, document, parentId);
}

/** The run's parent here; null when it has none. */
export function parentOf(tags: StringMap): string | null {
  return tags[PARENT_TAG] ?? null;
}

export function serializeLongValues(values: LongValues): Uint8Array {
  return Buffer.from(`${JSON.stringify(values, null, 2)}\n`);
}

function remoteTags(tags: StringMap, { info }: RunDocument, parentId: string | null): StringMap {
  const remote: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(tags)) if (key !== RUN_NAME_TAG) remote[key] = value;
  // What was pulled from elsewhere keeps the id of its origin.
  remote[ORIGIN_TAG] ??= info.runId;
  const parent = parentOf(tags);
  if (parent !== null) {
    remote[LOCAL_PARENT_TAG] = parent;
    if (parentId === null) delete remote[PARENT_TAG];
    else remote[PARENT_TAG] = parentId;
  }
  if (info.runName === "") remote[UNNAMED_TAG] = "true";
  return remote;
}

function cutTags(tags: StringMap): Cut {
  return cutAll(tags, (key, value) =>
    isTooLong(value, MLFLOW_MAX_TAG_VALUE_LENGTH) ? cutTag(key, value, MLFLOW_MAX_TAG_VALUE_LENGTH) : value,
  );
}

interface Cut {
  readonly values: StringMap;
  readonly whole: StringMap;
  exceptions(what: string): readonly string[];
}

function cutAll(values: StringMap, cut: (key: string, value: string) => string): Cut {
  const kept: Record<string, string> = Object.create(null);
  const whole: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(values)) {
    kept[key] = cut(key, value);
    if (kept[key] !== value) whole[key] = value;
  }
  const exceptions = (what: string): readonly string[] =>
    Object.keys(whole).map((key) => `The ${what} '${key}' is cut there; ${LONG_VALUES_PATH} has it whole.`);
  return { values: kept, whole, exceptions };
}

function longValuesOf(params: StringMap, tags: StringMap): LongValues | null {
  return Object.keys(params).length + Object.keys(tags).length === 0 ? null : { params, tags };
}
