/** Datasets that a run used, on their way to the run there. Can be repeated. */
import type { RunDocument } from "../../core/transfer/index.js";
import { MAX_LOGGED_DATASETS } from "../../protocol/mlflow/index.js";
import { type DatasetInput, MAX_BATCH_BYTES, type Run } from "../../store-format/index.js";
import type { MlflowCalls } from "./calls.js";
import { isRefusal } from "./failures.js";

export interface InputTarget {
  readonly document: RunDocument;
  readonly run: Run;
  /** One sentence on what cannot be there. */
  except(sentence: string): void;
}

/** Returns the inputs that must be there now. */
export async function sendInputs(
  calls: MlflowCalls,
  { document, run, except }: InputTarget,
): Promise<readonly DatasetInput[]> {
  const there = new Set(run.inputs.datasetInputs.map(identityOf));
  const inputs = distinct(document.inputs.datasetInputs);
  const missing = inputs.filter((input) => !there.has(identityOf(input)));
  const refused = new Set<DatasetInput>();
  for (const group of groupsOf(missing))
    for (const part of await sendGroup(calls, run.info.runId, group)) {
      refused.add(part.input);
      except(`The server refuses the dataset '${part.input.dataset.name}': ${part.message}.`);
    }
  return inputs.filter((input) => !refused.has(input));
}

interface Refused {
  readonly input: DatasetInput;
  readonly message: string;
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
    if (datasets.length === 1) return [{ input: datasets[0]!, message: error.message }];
    const refused: Refused[] = [];
    for (const input of datasets) refused.push(...(await sendGroup(calls, runId, [input])));
    return refused;
  }
}

/** A server knows a dataset by name and digest. */
function identityOf({ dataset }: DatasetInput): string {
  return `${dataset.name}\n${dataset.digest}`;
}

function distinct(inputs: readonly DatasetInput[]): readonly DatasetInput[] {
  return [...new Map(inputs.map((input) => [identityOf(input), input])).values()];
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
