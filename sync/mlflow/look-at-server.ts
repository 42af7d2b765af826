/** What is new, changed and gone at a server: one search for experiments, and one request for a thousand runs. */
import type { Experiment } from "../../store-format/index.js";
import {
  goneThere,
  isDeletedHere,
  type LookOptions,
  type LookParties,
  type RemoteLook,
  type RunThere,
} from "../engine/remote-look.js";
import type { HttpClient } from "../http/index.js";
import { MlflowCalls } from "./calls.js";
import { HttpTransport } from "./http-transport.js";
import { type PullTask, planPull } from "./pull-plan.js";
import { experimentsToPull } from "./pulled-experiments.js";

/** Writes nothing. Throws what the server says. */
export async function lookAtServer(
  parties: LookParties & { readonly http: HttpClient },
  options: LookOptions,
): Promise<RemoteLook> {
  const { state, http } = parties;
  const calls = new MlflowCalls(new HttpTransport(http, options.signal));
  const listed: Experiment[] = [];
  for await (const experiment of calls.searchExperiments()) listed.push(experiment);
  const chosen = experimentsToPull(state, listed, {
    naming: options.experiments,
    names: options.experimentNames,
    includeDeleted: false,
  });
  const plan = await planPull(
    { ...parties, calls },
    {
      experimentIds: chosen.map(({ remoteId }) => remoteId),
      withArtifacts: options.withArtifacts,
      recheck: false,
    },
  );
  const seen = new Set(plan.localIds.values());
  const changed = plan.tasks.flatMap((task) => runThere(parties, task));
  return { runs: [...changed, ...goneThere(parties, options, seen)], seen, requests: calls.requests };
}

function runThere({ context }: LookParties, task: PullTask): readonly RunThere[] {
  const { id: runId, runName, lifecycleStage, isHere } = task;
  if (lifecycleStage === "active") return [{ runId, runName, change: isHere ? "changed" : "new" }];
  return isHere && !isDeletedHere(context, runId) ? [{ runId, runName, change: "gone" }] : [];
}
