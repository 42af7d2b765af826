/** Datasets that a run used, on their way to the run there. Can be repeated. */
import type { RunDocument } from "../../core/transfer/index.js";
import { MAX_LOGGED_DATASETS } from "../../protocol/mlflow/index.js";
import {
  type DatasetInput,
  MAX_BATCH_BYTES,
  type Run,
  type RunstoneError,
} from "../../store-format/index.js";
import type { Refusals } from "../engine/refusals.js";
import type { MlflowCalls } from "./calls.js";
import { isRefusal } from "./failures.js";
import { datasetKey } from "./run-contents.js";

export interface InputTarget {
  readonly document: RunDocument;
  readonly run: Run;
  /** What was refused before, and is not asked again. */
  readonly refused: Refusals;
  /** What the server takes never. */
  refuse(what: "dataset", key: string, error: RunstoneError): void;
}

/** Returns the inputs that must be there now. */
export async function sendInputs(
  calls: MlflowCalls,
  { document, run, refused, refuse }: InputTarget,
): Promise<readonly DatasetInput[]> {
  const there = new Set(run.inputs.datasetInputs.map(datasetKey));
  const isRefused = (input: DatasetInput): boolean =>
    refused.of("dataset", datasetKey(input), "") !== undefined;
  const inputs = distinct(document.inputs.datasetInputs).filter((input) => !isRefused(input));
  const missing = inputs.filter((input) => !there.has(datasetKey(input)));
  const left = new Set<DatasetInput>();
  for (const group of groupsOf(missing))
    for (const part of await sendGroup(calls, run.info.runId, group)) {
      left.add(part.input);
      refuse("dataset", datasetKey(part.input), part.error);
    }
  return inputs.filter((input) => !left.has(input));
}

interface Refused {
  readonly input: DatasetInput;
  readonly error: RunstoneError;
}

async function sendGroup(
  calls: MlflowCalls,
  runId: string,
  datasets: readonly DatasetInput[],
): Promise<readonly Refused[]> {
  try {
    await calls.logInputs(runId, { datasets });
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (datasets.length === 1) return [{ input: datasets[0]!, error }];
    const refused: Refused[] = [];
    for (const input of datasets) refused.push(...(await sendGroup(calls, runId, [input])));
    return refused;
  }
}

function distinct(inputs: readonly DatasetInput[]): readonly DatasetInput[] {
  return [...new Map(inputs.map((input) => [datasetKey(input), input])).values()];
}

function* groupsOf(inputs: readonly DatasetInput[]): Generator<readonly DatasetInput[]> {
  let group: DatasetInput[] = [];
  let bytes = 0;
  for (const input of inputs) {
    const size = Buffer.byteLength(JSON.stringify(input));
    if (group.length > 0 && (bytes + size > MAX_BATCH_BYTES || group.length >= MAX_LOGGED_DATASETS)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(input);
    bytes += size;
  }
  if (group.length > 0) yield group;
}
