/** Params and tags on their way to a run there. What the server refuses costs that one only. */
import {
  isRunstoneError,
  MAX_BATCH_PARAMS,
  MAX_BATCH_TAGS,
  type RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import type { Moved } from "../engine/progress.js";
import type { MlflowCalls } from "./calls.js";
import { isRefusal } from "./failures.js";
import { firstBatches, type LogBatch } from "./metric-batches.js";

export interface ValueTarget {
  readonly calls: MlflowCalls;
  readonly remoteRunId: string;
  moved(moved: Moved): void;
  /** What the server takes never. */
  refuse(what: "param" | "tag", key: string, error: RunstoneError): void;
}

/** Values that did not arrive, by key. */
export interface RefusedValues {
  readonly params: Readonly<Record<string, RunstoneError>>;
  readonly tags: Readonly<Record<string, RunstoneError>>;
}

type Kind = "params" | "tags";

/** Can be repeated. A param that has another value there is refused with PARAM_CONFLICT. */
export async function sendValues(
  target: ValueTarget,
  params: StringMap,
  tags: StringMap,
): Promise<RefusedValues> {
  const refused = { params: emptyMap(), tags: emptyMap() };
  for (const batch of firstBatches(params, tags, [])) {
    if (await wasTaken(target, batch)) continue;
    for (const kind of ["params", "tags"] as const)
      for (const [key, value] of Object.entries(batch[kind]))
        await sendOne(target, { kind, key, value, refused });
  }
  for (const [key, error] of Object.entries(refused.tags)) target.refuse("tag", key, error);
  for (const [key, error] of Object.entries(refused.params))
    if (error.code !== "PARAM_CONFLICT") target.refuse("param", key, error);
  return refused;
}

/** Whether a run can be made with so many tags at once. */
export function fitsCreation(tags: StringMap): boolean {
  return Object.keys(tags).length <= Math.min(MAX_BATCH_TAGS, MAX_BATCH_PARAMS);
}

interface OneValue {
  readonly kind: Kind;
  readonly key: string;
  readonly value: string;
  readonly refused: Readonly<Record<Kind, Record<string, RunstoneError>>>;
}

async function sendOne(target: ValueTarget, { kind, key, value, refused }: OneValue): Promise<void> {
  try {
    await target.calls.logBatch(target.remoteRunId, { [kind]: { [key]: value } }, true);
    target.moved({ [kind]: 1 });
  } catch (error) {
    if (!isRefusal(error) && !isRunstoneError(error, "PARAM_CONFLICT")) throw error;
    refused[kind][key] = error as RunstoneError;
  }
}

async function wasTaken(target: ValueTarget, batch: LogBatch): Promise<boolean> {
  try {
    await target.calls.logBatch(target.remoteRunId, batch, true);
    target.moved({ params: Object.keys(batch.params).length, tags: Object.keys(batch.tags).length });
    return true;
  } catch (error) {
    if (isRefusal(error) || isRunstoneError(error, "PARAM_CONFLICT")) return false;
    throw error;
  }
}

function emptyMap(): Record<string, RunstoneError> {
  return Object.create(null);
}
