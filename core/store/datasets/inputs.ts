/**
 * What a run used and made: directories in `inputs/` and `outputs/`, which appear complete by rename, because MLflow
 * fails on anything else there. Every call can be repeated.
 */
import { dirname, join } from "node:path";
import {
  checkPoint,
  codePointLength,
  encodeText,
  inputIdPreimage,
  isModelId,
  MAX_INPUT_TAG_KEY_LENGTH,
  MAX_INPUT_TAG_VALUE_LENGTH,
  type ModelOutput,
  parseInputMeta,
  parseOutputMeta,
  RunstoneError,
  type StringMap,
  serializeDatasetMeta,
  serializeInputMeta,
  serializeOutputMeta,
} from "../../../store-format/index.js";
import {
  assertNoLinkBetween,
  claimDirectory,
  publishDirectory,
  replaceFile,
  writeNewFile,
} from "../../fs/index.js";
import type { NewDatasetInput, NewInputs } from "../../interfaces.js";
import type { StoreContext } from "../context.js";
import { META } from "../layout.js";
import { inside, type RunLocation } from "../read/located.js";
import { readMeta } from "../read/meta-file.js";
import { checkDataset, datasetId, md5, writeDataset } from "./datasets.js";

/** A run and the experiment directory that holds its datasets. */
export interface RunPlace extends Pick<RunLocation, "directory" | "path" | "runId"> {
  readonly experimentDirectory: string;
}

/** Writes datasets, then the run's inputs that point at them. Tags of an input that is there are merged, the new ones win. */
export function writeInputs(context: StoreContext, run: RunPlace, inputs: NewInputs): void {
  for (const input of inputs.datasets ?? []) checkDatasetInput(input);
  for (const modelId of inputs.modelIds ?? []) checkModelId(modelId);
  for (const { dataset, tags } of inputs.datasets ?? []) {
    const sourceId = writeDataset(context, run.experimentDirectory, dataset);
    writeInput(context, run, { sourceType: "DATASET", sourceId, tags: tags ?? {} });
  }
  for (const sourceId of inputs.modelIds ?? [])
    writeInput(context, run, { sourceType: "MODEL", sourceId, tags: {} });
}

/** Writes the logged models that the run made; one that is there gets the new step. */
export function writeOutputs(context: StoreContext, run: RunPlace, outputs: readonly ModelOutput[]): void {
  for (const output of outputs) checkOutput(output);
  for (const output of outputs) writeOutput(context, run, output);
}

/** A file that is written with its directory. */
export interface RecordFile {
  /** `/` between components. */
  readonly path: string;
  readonly text: string;
}

/** The dataset records of inputs, by path below their experiment. Throws INVALID_PARAMETER_VALUE. */
export function datasetFiles(inputs: NewInputs): RecordFile[] {
  return (inputs.datasets ?? []).map(({ dataset }) => {
    checkDataset(dataset);
    const path = `datasets/${datasetId(dataset.name, dataset.digest)}/${META}`;
    return { path, text: serializeDatasetMeta(dataset) };
  });
}

/** The files of a run's inputs and outputs, by path below the run; the last one of a path counts. Throws INVALID_PARAMETER_VALUE. */
export function inputAndOutputFiles(
  runId: string,
  inputs: NewInputs,
  outputs: readonly ModelOutput[],
): RecordFile[] {
  for (const input of inputs.datasets ?? []) checkDatasetInput(input);
  for (const modelId of inputs.modelIds ?? []) checkModelId(modelId);
  for (const output of outputs) checkOutput(output);
  const pathOf = (sourceId: string): string => `inputs/${md5(inputIdPreimage(sourceId, runId))}/${META}`;
  const datasets = (inputs.datasets ?? []).map(({ dataset, tags }) => {
    const sourceId = datasetId(dataset.name, dataset.digest);
    return { path: pathOf(sourceId), text: inputText({ sourceType: "DATASET", sourceId, tags: tags ?? {} }) };
  });
  const models = (inputs.modelIds ?? []).map((sourceId) => ({
    path: pathOf(sourceId),
    text: inputText({ sourceType: "MODEL", sourceId, tags: {} }),
  }));
  const made = outputs.map((output) => ({
    path: `outputs/${output.modelId}/${META}`,
    text: outputText(output),
  }));
  return [...datasets, ...models, ...made];
}

interface Input {
  readonly sourceType: "DATASET" | "MODEL";
  readonly sourceId: string;
  readonly tags: StringMap;
}

function writeInput(context: StoreContext, run: RunPlace, input: Input): void {
  const name = md5(inputIdPreimage(input.sourceId, run.runId));
  if (publishMeta(context, run, `inputs/${name}`, inputText(input))) return;
  const before = readMeta(inside(run, `inputs/${name}`), parseInputMeta);
  const tags: StringMap = Object.assign(Object.create(null), before.tags, input.tags);
  const after = inputText({ ...input, tags });
  if (after !== inputText({ ...input, tags: before.tags })) replaceMeta(run, `inputs/${name}`, after);
}

/** MLflow writes the source's id as the destination's, too. */
function inputText({ sourceType, sourceId, tags }: Input): string {
  return serializeInputMeta({ sourceType, sourceId, destinationType: "RUN", destinationId: sourceId, tags });
}

function writeOutput(context: StoreContext, run: RunPlace, output: ModelOutput): void {
  const name = `outputs/${output.modelId}`;
  if (publishMeta(context, run, name, outputText(output))) return;
  const before = readMeta(inside(run, name), parseOutputMeta);
  if (before.step !== output.step) replaceMeta(run, name, outputText(output));
}

function outputText({ modelId, step }: ModelOutput): string {
  return serializeOutputMeta({
    sourceType: "RUN_OUTPUT",
    sourceId: modelId,
    destinationType: "MODEL_OUTPUT",
    destinationId: modelId,
    step,
    tags: {},
  });
}

function publishMeta(context: StoreContext, run: RunPlace, name: string, text: string): boolean {
  const directory = join(run.directory, name);
  claimDirectory(dirname(directory));
  return publishDirectory(context.root, directory, (draft) =>
    writeNewFile(join(draft, META), encodeText(text), true),
  );
}

function replaceMeta(run: RunPlace, name: string, text: string): void {
  const path = join(run.directory, name, META);
  assertNoLinkBetween(run.directory, path);
  replaceFile(path, encodeText(text), { temporaryIn: run.directory, sync: true });
}

function checkDatasetInput({ dataset, tags }: NewDatasetInput): void {
  checkDataset(dataset);
  for (const [key, value] of Object.entries(tags ?? {})) checkInputTag(key, value);
}

function checkInputTag(key: string, value: unknown): void {
  const keyLength = codePointLength(key);
  const fits = keyLength > 0 && keyLength <= MAX_INPUT_TAG_KEY_LENGTH;
  if (fits && typeof value === "string" && codePointLength(value) <= MAX_INPUT_TAG_VALUE_LENGTH) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the tag ${JSON.stringify(key)} of a dataset cannot be kept`,
    {
      hint: `Keys have 1 to ${MAX_INPUT_TAG_KEY_LENGTH} characters, values are texts of at most ${MAX_INPUT_TAG_VALUE_LENGTH}.`,
      data: { key },
    },
  );
}

function checkOutput({ modelId, step }: ModelOutput): void {
  checkModelId(modelId);
  checkPoint({ timestamp: 0, value: 0, step });
}

function checkModelId(modelId: string): void {
  if (isModelId(modelId)) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${JSON.stringify(modelId)} cannot be the id of a logged model`,
    {
      hint: "Ids of logged models are m- and 32 hex digits.",
      data: { modelId },
    },
  );
}
