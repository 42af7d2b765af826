/** Datasets, and what runs used and made. */

import { dirname } from "node:path";
import {
  type Dataset,
  type DatasetInput,
  type InputMeta,
  type ModelInput,
  type ModelOutput,
  type OutputMeta,
  parseDatasetMeta,
  parseInputMeta,
  parseOutputMeta,
  type RunInputs,
} from "../../../store-format/index.js";
import { type OnDamage, report } from "./damages.js";
import { directoriesOf } from "./entries.js";
import { inside, isSafeName, type Located, type RunLocation } from "./located.js";
import { readMetaReporting } from "./meta-file.js";

const DATASET = { parse: parseDatasetMeta, damage: { damaged: "dataset_meta_damaged" } } as const;
const INPUT = {
  parse: parseInputMeta,
  damage: { damaged: "input_meta_damaged", missing: "input_meta_damaged" },
} as const;
const OUTPUT = {
  parse: parseOutputMeta,
  damage: { damaged: "output_meta_damaged", missing: "output_meta_damaged" },
} as const;

/** Datasets of an experiment, by id. */
export function readDatasets(experiment: Located, onDamage: OnDamage): Dataset[] {
  return directoriesOf(inside(experiment, "datasets"), onDamage).flatMap((id) => {
    const dataset = readDataset(experiment, id, onDamage);
    return dataset === null ? [] : [dataset];
  });
}

/** One dataset of an experiment; null when it is absent, or damaged (reported). */
export function readDataset(experiment: Located, datasetId: string, onDamage: OnDamage): Dataset | null {
  if (!isSafeName(datasetId)) return null;
  const meta = readMetaReporting(inside(inside(experiment, "datasets"), datasetId), DATASET, onDamage);
  return meta === null ? null : { datasetId, ...meta };
}

/** An entry of `inputs/`, with the dataset it names. */
export interface InputEntry {
  readonly inputId: string;
  readonly meta: InputMeta;
  /** Null for a model, and for a dataset that is not there. */
  readonly dataset: Dataset | null;
}

/** An entry of `outputs/`. */
export interface OutputEntry {
  readonly outputId: string;
  readonly meta: OutputMeta;
}

export function readInputEntries(location: RunLocation, onDamage: OnDamage): InputEntry[] {
  const folder = inside(location, "inputs");
  const experiment = experimentOf(location);
  const entries: InputEntry[] = [];
  for (const inputId of directoriesOf(folder, onDamage)) {
    const input = inside(folder, inputId);
    const meta = readMetaReporting(input, INPUT, onDamage);
    if (meta === null) continue;
    const isDataset = meta.sourceType === "DATASET";
    const dataset = isDataset ? readDataset(experiment, meta.sourceId, () => {}) : null;
    if (isDataset && dataset === null) {
      report(onDamage, input, "dataset_missing", {
        reason: `names the dataset ${meta.sourceId}, which is not there`,
      });
    }
    entries.push({ inputId, meta, dataset });
  }
  return entries;
}

export function readOutputEntries(location: RunLocation, onDamage: OnDamage): OutputEntry[] {
  const folder = inside(location, "outputs");
  return directoriesOf(folder, onDamage).flatMap((outputId) => {
    const meta = readMetaReporting(inside(folder, outputId), OUTPUT, onDamage);
    return meta === null ? [] : [{ outputId, meta }];
  });
}

/** What a run used. An input whose dataset is missing is reported and left out. */
export function readInputs(location: RunLocation, onDamage: OnDamage): RunInputs {
  const datasetInputs: DatasetInput[] = [];
  const modelInputs: ModelInput[] = [];
  for (const { meta, dataset } of readInputEntries(location, onDamage)) {
    if (dataset !== null) datasetInputs.push({ dataset, tags: meta.tags });
    else if (meta.sourceType !== "DATASET") modelInputs.push({ modelId: meta.sourceId });
  }
  return { datasetInputs, modelInputs };
}

/** The logged models that a run made. */
export function readOutputs(location: RunLocation, onDamage: OnDamage): ModelOutput[] {
  return readOutputEntries(location, onDamage).map(({ meta }) => ({
    modelId: meta.destinationId,
    step: meta.step,
  }));
}

/** The experiment's directory, as seen from a run. */
export function experimentOf(location: RunLocation): Located {
  const { experimentId } = location;
  const path = location.place === "root" ? experimentId : `.trash/${experimentId}`;
  return { directory: dirname(location.directory), path, experimentId };
}
