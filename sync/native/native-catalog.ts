/** Experiments before the runs of a native sync, and the model registry after them. */
import { NO_CATALOG } from "../engine/catalog-report.js";
import { CatalogSync } from "../engine/catalog-sync.js";
import { followNames } from "../engine/follow-names.js";
import { LocalCatalogSide } from "../engine/local-catalog-side.js";
import { namesOf } from "../mlflow/pushed-catalog.js";
import { ExperimentNaming } from "./experiment-naming.js";
import type { NativeOptions, NativeParties } from "./sync-session.js";

export class NativeCatalog {
  readonly #parties: NativeParties;
  readonly #options: NativeOptions;
  readonly #sync: CatalogSync | null;

  constructor(parties: NativeParties, options: NativeOptions) {
    this.#parties = parties;
    this.#options = options;
    const { context, remote, state } = parties;
    const { direction, includeDeleted, recheck = false, experimentNames, runIds } = options;
    const isSelected = runIds !== undefined;
    this.#sync =
      remote.catalog === null
        ? null
        : new CatalogSync(
            { local: new LocalCatalogSide(context), remote: remote.catalog, state },
            {
              ...{ direction, includeDeleted, recheck, asksWhenChanged: false },
              naming: new ExperimentNaming(options.experiments),
              experimentNames: experimentNames ?? namesOf(context, options),
              makesExperiments: !isSelected,
            },
          );
  }

  get result(): CatalogSync["result"] {
    if (this.#sync !== null) return this.#sync.result;
    const { program } = this.#parties.remote;
    const note = `the other side (${program}) is too old to tell of experiments and models: only runs were synced`;
    return { ...NOTHING, notes: [note] };
  }

  /** Names of experiments as the runs need them: one that has another name there keeps it. */
  async before(): Promise<ExperimentNaming> {
    const { experiments } = this.#options;
    const usual = new ExperimentNaming(experiments);
    const pairs = (await this.#sync?.experimentsBefore()) ?? [];
    followNames(this.#parties.state, pairs);
    const map = new Map(experiments.map);
    for (const { here, there } of pairs) if (usual.there(here) !== there) map.set(here, there);
    return new ExperimentNaming({ ...experiments, map });
  }

  async after(): Promise<void> {
    await this.#sync?.experimentsAfter();
    if (this.#options.withRegistry === true) await this.#sync?.registry();
  }
}

const NOTHING: CatalogSync["result"] = {
  counts: NO_CATALOG,
  ...{ conflicts: [], problems: [], notes: [] },
};
