/** Inputs and outputs as unions. */
import { dirname } from "node:path";
import type { DatasetInput, ModelOutput, StringMap } from "../../store-format/index.js";
import type { NewDatasetInput } from "../interfaces.js";
import { writeInputs, writeOutputs } from "../store/datasets/index.js";
import type { Merge } from "./merge-run.js";
import type { MergeView } from "./merge-view.js";

/** The number of inputs and outputs written. Of two steps of an output the later one counts. */
export function mergeInputs(merge: Merge): number {
  const { context, location } = merge;
  const place = { ...location, experimentDirectory: dirname(location.directory) };
  const datasets = missingDatasets(merge);
  const modelIds = missingModels(merge);
  const outputs = newerOutputs(merge);
  writeInputs(context, place, { datasets, modelIds });
  writeOutputs(context, place, outputs);
  return datasets.length + modelIds.length + outputs.length;
}

/** What is to be written of their datasets. One that differs is a conflict. */
export function missingDatasets(merge: MergeView): NewDatasetInput[] {
  return merge.document.inputs.datasetInputs.flatMap((theirs) => missingOf(merge, theirs));
}

/** Ids of models that they used and that are no inputs here. */
export function missingModels({ mine, document }: MergeView): string[] {
  const models = new Set(mine.inputs.modelInputs.map(({ modelId }) => modelId));
  return document.inputs.modelInputs.map(({ modelId }) => modelId).filter((modelId) => !models.has(modelId));
}

/** Those that are not here, or whose step is an earlier one here. */
export function newerOutputs({ mine, document }: MergeView): readonly ModelOutput[] {
  return document.outputs.filter((theirs) => isNewer(mine.outputs, theirs));
}

function isNewer(mine: readonly ModelOutput[], theirs: ModelOutput): boolean {
  const same = mine.filter(({ modelId }) => modelId === theirs.modelId);
  return same.every(({ step }) => step < theirs.step);
}

/** What is to be written of an input: all of it, tags that are missing here, or nothing. */
function missingOf(merge: MergeView, theirs: DatasetInput): NewDatasetInput[] {
  const ours = merge.mine.inputs.datasetInputs.find(({ dataset }) => isSameDataset(dataset, theirs.dataset));
  if (ours === undefined) return [theirs];
  const fields = ["sourceType", "source", "schema", "profile"] as const;
  const differs = fields.find((field) => ours.dataset[field] !== theirs.dataset[field]);
  if (differs !== undefined)
    conflictOf(merge, theirs, { mine: ours.dataset[differs], theirs: theirs.dataset[differs] });
  const tags: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(theirs.tags)) {
    const own = ours.tags[key];
    if (own === undefined) tags[key] = value;
    else if (own !== value) conflictOf(merge, theirs, { mine: own, theirs: value });
  }
  return Object.keys(tags).length === 0 ? [] : [{ dataset: ours.dataset, tags: tags as StringMap }];
}

function isSameDataset(a: DatasetInput["dataset"], b: DatasetInput["dataset"]): boolean {
  return a.name === b.name && a.digest === b.digest;
}

function conflictOf(
  merge: MergeView,
  { dataset }: DatasetInput,
  sides: { readonly mine: string | null; readonly theirs: string | null },
): void {
  merge.conflict({ field: "input", key: `${dataset.name} ${dataset.digest}`, base: null, ...sides });
}
