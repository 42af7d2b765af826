/** Logged models that a run there uses or made, by their ids here. */
import { isModelId, type ModelOutput, type Run } from "../../store-format/index.js";
import type { PullSession } from "./pull-session.js";
import { MODEL_ORIGIN_TAG } from "./send-models.js";

export interface PulledModels {
  readonly inputs: readonly { readonly modelId: string }[];
  readonly outputs: readonly ModelOutput[];
}

/** One that was pushed has the id of its origin again, another one keeps the server's. */
export async function pulledModels(
  session: PullSession,
  { inputs, outputs }: Run,
  lack: (sentence: string) => void,
): Promise<PulledModels> {
  const ids = new Map<string, string | null>();
  for (const { modelId } of [...inputs.modelInputs, ...outputs])
    if (!ids.has(modelId)) ids.set(modelId, await localIdOf(session, modelId, lack));
  const steps = new Map<string, ModelOutput>();
  for (const { modelId, step } of outputs) {
    const id = ids.get(modelId) ?? null;
    if (id !== null && (steps.get(id)?.step ?? step) <= step) steps.set(id, { modelId: id, step });
  }
  const used = new Set(inputs.modelInputs.map(({ modelId }) => ids.get(modelId) ?? null));
  return {
    inputs: [...used].filter((id) => id !== null).map((modelId) => ({ modelId })),
    outputs: [...steps.values()],
  };
}

async function localIdOf(
  { calls }: PullSession,
  modelId: string,
  lack: (sentence: string) => void,
): Promise<string | null> {
  if (!isModelId(modelId)) {
    lack(`The server names a logged model ${JSON.stringify(modelId.slice(0, 80))}, which is no id.`);
    return null;
  }
  const model = await calls.getLoggedModel(modelId);
  const origin = model?.tags[MODEL_ORIGIN_TAG];
  return origin !== undefined && isModelId(origin) ? origin : modelId;
}
