import type { ExperimentPair } from "./catalog-parties.js";

/** What the journal tells of experiments by their names here. */
export interface NamedExperiments {
  experiment(name: string): string | null;
  saveExperiment(name: string, remoteId: string | null): void;
}

/** An experiment that was renamed here goes on to be the same one there. */
export function followNames(state: NamedExperiments, pairs: readonly ExperimentPair[]): void {
  for (const { before, here, remoteId } of pairs)
    if (before !== null && before !== here && state.experiment(before) === remoteId)
      state.saveExperiment(before, null);
  for (const { here, remoteId } of pairs)
    if (state.experiment(here) !== remoteId) state.saveExperiment(here, remoteId);
}
