/** What the push of a sync does to experiments and models after its pull; nothing is written. */
import { findLoggedModel, findRun } from "../../core/index.js";
import { pathInRun } from "../../core/transfer/index.js";
import type { CatalogEntry } from "../../store-format/index.js";
import type { CatalogResult } from "../engine/catalog-parties.js";
import { CatalogSync } from "../engine/catalog-sync.js";
import { ExperimentNaming } from "../native/experiment-naming.js";
import { MlflowCalls } from "./calls.js";
import { ForeseenVersions, MlflowCatalogSide, type SourceThere } from "./catalog-side.js";
import type { CatalogAfter, ForeseeParties } from "./foresee-pull.js";
import { HttpTransport } from "./http-transport.js";
import type { PushOptions } from "./push.js";
import { namesOf } from "./pushed-catalog.js";
import { isAddress } from "./version-sources.js";

export type PushedCatalogOptions = Pick<
  PushOptions,
  "runIds" | "experimentIds" | "includeDeleted" | "withRegistry" | "experiments" | "signal"
>;

export async function foreseePushedCatalog(
  { context, http }: ForeseeParties,
  { local, state }: CatalogAfter,
  options: PushedCatalogOptions,
): Promise<CatalogResult> {
  const transport = new HttpTransport(http, options.signal);
  const sourceThere = async (entry: CatalogEntry): Promise<SourceThere | null> =>
    hasSource({ context, state }, options, entry) ? { source: entry.facts.source ?? "" } : null;
  const remote = new MlflowCatalogSide({ transport, calls: new MlflowCalls(transport), sourceThere });
  const { includeDeleted, experiments, runIds } = options;
  const sync = new CatalogSync(
    { local, remote: new ForeseenVersions(remote), state },
    {
      ...{ direction: "push", includeDeleted, recheck: false, asksWhenChanged: true },
      naming: new ExperimentNaming(experiments),
      experimentNames: namesOf(context, options),
      ...{ makesExperiments: runIds === undefined, makesLoggedModels: false },
    },
  );
  await sync.experimentsBefore();
  await sync.experimentsAfter();
  if (options.withRegistry === true) await sync.registry();
  return sync.result;
}

/** Whether what a version was made of is there after the push: a run that is here goes. */
function hasSource(
  { context, state }: Pick<ForeseeParties, "context"> & Pick<CatalogAfter, "state">,
  { runIds }: PushedCatalogOptions,
  { facts: { modelId, runId, source } }: CatalogEntry,
): boolean {
  const isThere = (id: string | null): boolean =>
    id !== null && (state.run(id)?.remoteRunId != null || (goes(id) && findRun(context, id) !== null));
  const goes = (id: string): boolean => runIds === undefined || runIds.includes(id);
  if (modelId !== null && findLoggedModel(context, modelId) !== null) return true;
  const path = runId === null || source === null ? null : pathInRun(source, runId);
  if (path !== null) return isThere(runId);
  return modelId === null && source !== null && isAddress(source) && (runId === null || isThere(runId));
}
