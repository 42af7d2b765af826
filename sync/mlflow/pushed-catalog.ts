/** Experiments before the runs of a push, and the model registry after them. */
import { findExperiment, findRun, readExperimentMeta } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { CatalogSync } from "../engine/catalog-sync.js";
import { followNames } from "../engine/follow-names.js";
import { LocalCatalogSide } from "../engine/local-catalog-side.js";
import { tracesNote } from "../engine/traces-note.js";
import { ExperimentNaming } from "../native/experiment-naming.js";
import type { Transport } from "./calls.js";
import { ForeseenAtServer, MlflowCatalogSide } from "./catalog-side.js";
import type { PushOptions } from "./push.js";
import type { PushSession } from "./push-session.js";
import { sourceThere } from "./version-sources.js";

export class PushedCatalog {
  readonly #session: PushSession;
  readonly #remote: MlflowCatalogSide;
  readonly #sync: CatalogSync;
  readonly #withRegistry: boolean;

  constructor(session: PushSession, transport: Transport, options: PushOptions) {
    const { context, calls, state, includeDeleted, recheck, isRehearsal } = session;
    this.#session = session;
    this.#withRegistry = options.withRegistry === true;
    this.#remote = new MlflowCatalogSide({
      ...{ transport, calls },
      sourceThere: (entry) => sourceThere(session, entry),
    });
    const foreseen = new ForeseenAtServer(this.#remote);
    this.#sync = new CatalogSync(
      { local: new LocalCatalogSide(context), remote: isRehearsal ? foreseen : this.#remote, state },
      {
        ...{ direction: "push", includeDeleted, recheck, asksWhenChanged: true },
        naming: new ExperimentNaming(options.experiments),
        experimentNames: namesOf(context, options),
        makesExperiments: options.runIds === undefined,
        makesLoggedModels: false,
      },
    );
  }

  get result(): CatalogSync["result"] {
    const { result } = this.#sync;
    const traces = tracesNote(this.#session.context);
    return traces === null ? result : { ...result, notes: [...result.notes, traces] };
  }

  async before(): Promise<void> {
    const { experiments, state } = this.#session;
    const pairs = await this.#sync.experimentsBefore();
    followNames(state, pairs);
    for (const { here, remoteId } of pairs)
      if (this.#remote.fresh.has(remoteId)) experiments.made(here, remoteId);
  }

  async after(): Promise<void> {
    await this.#sync.experimentsAfter();
    if (this.#withRegistry) await this.#sync.registry();
  }
}

/** Names of the experiments that a choice of runs and experiments speaks of; undefined: every one. */
export function namesOf(
  context: StoreContext,
  {
    runIds,
    experimentIds,
  }: { readonly runIds?: readonly string[]; readonly experimentIds?: readonly string[] },
): ReadonlySet<string> | undefined {
  if (runIds === undefined && experimentIds === undefined) return undefined;
  const ids = new Set(experimentIds ?? []);
  for (const runId of runIds ?? []) {
    const run = findRun(context, runId);
    if (run !== null) ids.add(run.experimentId);
  }
  const names = [...ids].flatMap((id) => {
    const location = findExperiment(context, id);
    return location === null ? [] : [readExperimentMeta(location).name];
  });
  return new Set(names);
}
