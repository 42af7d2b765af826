/** The experiment a new run goes to: the one named, RUNSTONE_EXPERIMENT, or the workspace's default. Made when missing. */
import type { TrackingStore } from "../../core/interfaces.js";
import { readConfig } from "../../core/store/open-context.js";
import { type Experiment, isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import type { OpenStore } from "./open-store.js";

export async function experimentForNewRun(
  context: CommandContext,
  opened: OpenStore,
  named: string | undefined,
): Promise<Experiment> {
  const { workspace } = opened.store.context;
  const name =
    named ?? (context.env.RUNSTONE_EXPERIMENT || undefined) ?? readConfig(workspace).defaultExperiment;
  return findOrCreateExperiment(opened, name);
}

/** Two processes may create it at once: the one that comes second takes the other's. */
export async function findOrCreateExperiment(
  {
    store,
  }: { readonly store: Pick<TrackingStore, "getExperimentByName" | "listExperiments" | "createExperiment"> },
  name: string,
): Promise<Experiment> {
  const found = await store.getExperimentByName(name);
  if (found !== null) return found;
  const byId = (await store.listExperiments("active")).find(({ experimentId }) => experimentId === name);
  if (byId !== undefined) return byId;
  try {
    return await store.createExperiment({ name });
  } catch (error) {
    const raced = isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")
      ? await store.getExperimentByName(name)
      : null;
    if (raced === null) throw error;
    return raced;
  }
}
