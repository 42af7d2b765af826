/** Experiments before the runs of a pull, and the model registry after them. */
import type { StoreContext } from "../../core/store/context.js";
import type { CatalogEntry, Experiment } from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import { CatalogSync } from "../engine/catalog-sync.js";
import { followNames } from "../engine/follow-names.js";
import { ForeseenSide } from "../engine/foreseen-side.js";
import { LocalCatalogSide } from "../engine/local-catalog-side.js";
import { ExperimentNaming } from "../native/experiment-naming.js";
import type { RemoteState } from "../state/index.js";
import type { MlflowCalls, Transport } from "./calls.js";
import { MlflowCatalogSide } from "./catalog-side.js";
import type { PullOptions } from "./pull.js";
import type { PullSession } from "./pull-session.js";
import { namesOf } from "./pushed-catalog.js";
import { asHere } from "./version-sources.js";

interface CatalogParties {
  readonly context: StoreContext;
  readonly state: RemoteState;
  readonly calls: MlflowCalls;
  readonly transport: Transport;
}

export class PulledCatalog {
  readonly #state: RemoteState;
  readonly #versions: VersionsAsHere;
  readonly #local: CatalogSide;
  readonly #sync: CatalogSync;
  readonly #withRegistry: boolean;

  constructor(
    { context, state, calls, transport }: CatalogParties,
    options: PullOptions & { readonly listed: readonly Experiment[]; readonly isRehearsal?: boolean },
  ) {
    const { includeDeleted, recheck = false, words, runIds, listed } = options;
    this.#state = state;
    this.#withRegistry = options.withRegistry === true;
    this.#versions = new VersionsAsHere(context);
    this.#local = options.isRehearsal === true ? new ForeseenSide(this.#versions) : this.#versions;
    const names =
      words === undefined ? (options.experimentNames ?? namesOf(context, options)) : new Set<string>();
    this.#sync = new CatalogSync(
      { local: this.#local, remote: new MlflowCatalogSide({ transport, calls, experiments: listed }), state },
      {
        ...{ direction: "pull", includeDeleted, recheck, asksWhenChanged: false },
        naming: new ExperimentNaming(options.experiments),
        experimentNames: names,
        makesExperiments: words === undefined && runIds === undefined,
        makesLoggedModels: false,
      },
    );
  }

  /** What is here as the pull leaves it. */
  get local(): CatalogSide {
    return this.#local;
  }

  get result(): CatalogSync["result"] {
    return this.#sync.result;
  }

  async before(): Promise<void> {
    followNames(this.#state, await this.#sync.experimentsBefore());
  }

  /** `session`: null when nothing is written. */
  async after(session: PullSession | null): Promise<void> {
    await this.#sync.experimentsAfter();
    this.#versions.session = session;
    if (this.#withRegistry) await this.#sync.registry();
  }
}

/** The catalog here, which takes versions with what they mean by what that is called here. */
class VersionsAsHere extends LocalCatalogSide {
  session: PullSession | null = null;

  override async make(entry: CatalogEntry): Promise<CatalogEntry> {
    const isVersion = entry.kind === "model_version" && this.session !== null;
    return super.make(isVersion ? await asHere(this.session!, entry) : entry);
  }
}
