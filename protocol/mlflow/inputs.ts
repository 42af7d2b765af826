import type { DatasetInput, ModelOutput, RunInputs } from "../../store-format/index.js";
import { listOrNothing } from "./experiment.js";
import type { Fields } from "./fields.js";
import type { JsonInput } from "./json.js";
import { parseKeyValues, serializeKeyValues } from "./key-values.js";

/** A `RunInputs` message; null is none. The wire has no id of a dataset: it is empty. */
export function parseInputs(fields: Fields | null): RunInputs {
  return {
    datasetInputs: fields?.list("dataset_inputs").map(parseDatasetInput) ?? [],
    modelInputs:
      fields?.list("model_inputs").map((input) => ({ modelId: input.requiredString("model_id") })) ?? [],
  };
}

export function parseDatasetInput(fields: Fields): DatasetInput {
  const dataset = fields.requiredNested("dataset");
  return {
    dataset: {
      datasetId: "",
      name: dataset.requiredString("name"),
      digest: dataset.requiredString("digest"),
      sourceType: dataset.string("source_type") ?? "",
      source: dataset.string("source") ?? "",
      schema: dataset.string("schema"),
      profile: dataset.string("profile"),
    },
    tags: parseKeyValues(fields.list("tags")),
  };
}

/** A `RunOutputs` message; null is none. */
export function parseOutputs(fields: Fields | null): readonly ModelOutput[] {
  const outputs = fields?.list("model_outputs") ?? [];
  return outputs.map((output) => ({
    modelId: output.requiredString("model_id"),
    step: output.integer("step") ?? 0,
  }));
}

type SentDatasetInput = Omit<DatasetInput, "dataset"> & {
  readonly dataset: Omit<DatasetInput["dataset"], "datasetId">;
};

export function serializeDatasetInput({ dataset, tags }: SentDatasetInput): JsonInput {
  return {
    dataset: {
      name: dataset.name,
      digest: dataset.digest,
      source_type: dataset.sourceType,
      source: dataset.source,
      schema: dataset.schema ?? undefined,
      profile: dataset.profile ?? undefined,
    },
    tags: listOrNothing(serializeKeyValues(tags)),
  };
}

export function serializeInputs(inputs: RunInputs): JsonInput {
  return {
    dataset_inputs: listOrNothing(inputs.datasetInputs.map(serializeDatasetInput)),
    model_inputs: listOrNothing(inputs.modelInputs.map(({ modelId }) => ({ model_id: modelId }))),
  };
}

export function serializeOutputs(outputs: readonly ModelOutput[]): JsonInput {
  return { model_outputs: listOrNothing(outputs.map(serializeModelOutput)) };
}

export function serializeModelOutput({ modelId, step }: ModelOutput): JsonInput {
  return { model_id: modelId, step };
}
