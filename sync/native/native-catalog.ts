/** Experiments before the runs of a native sync, logged models with them, and the model registry after them. */
import { RunstoneError } from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import { NO_CATALOG } from "../engine/catalog-report.js";
import { CatalogSync } from "../engine/catalog-sync.js";
import { followNames } from "../engine/follow-names.js";
import { ForeseenSide } from "../engine/foreseen-side.js";
import { LocalCatalogSide } from "../engine/local-catalog-side.js";
import { type CatalogSettling, type SettledField, settleCatalog } from "../engine/settle-catalog.js";
import { tracesNote } from "../engine/traces-note.js";
import { namesOf } from "../mlflow/pushed-catalog.js";
import { ExperimentNaming } from "./experiment-naming.js";
import { SideWithFiles } from "./side-with-files.js";
import type { NativeOptions, NativeParties } from "./sync-session.js";

const NONE_FAILED: ReadonlyMap<string, RunstoneError> = new Map();

export class NativeCatalog {
  readonly #parties: NativeParties;
  readonly #options: NativeOptions;
  readonly #sync: CatalogSync | null;
  readonly #notes = new Set<string>();
  /** Logged models that were looked at. */
  readonly #seen = new Set<string>();
  #naming: ExperimentNaming;

  /** `isRehearsal`: nothing is written on either side. */
  constructor(parties: NativeParties, options: NativeOptions, isRehearsal = false) {
    this.#parties = parties;
    this.#options = options;
    this.#naming = new ExperimentNaming(options.experiments);
    const { context, state, remote } = parties;
    const { direction, includeDeleted, recheck = false, experimentNames, runIds } = options;
    const sides = remote.catalog === null ? null : this.#sides(remote.catalog);
    this.#sync =
      sides === null
        ? null
        : new CatalogSync(
            { ...(isRehearsal ? foreseen(sides) : sides), state },
            {
              ...{ direction, includeDeleted, recheck, asksWhenChanged: false },
              naming: new ExperimentNaming(options.experiments),
              experimentNames: experimentNames ?? namesOf(context, options),
              makesExperiments: runIds === undefined,
              makesLoggedModels: options.withArtifacts,
            },
          );
  }

  #sides(there: CatalogSide): Sides {
    const { context, local, remote } = this.#parties;
    const here = new LocalCatalogSide(context);
    if (local.models === null || remote.models === null) return { local: here, remote: there };
    return {
      local: new SideWithFiles({
        ...{ catalog: here, models: local.models, other: remote.models },
        rename: (name) => this.#naming.here(name),
      }),
      remote: new SideWithFiles({
        ...{ catalog: there, models: remote.models, other: local.models },
        rename: (name) => this.#naming.there(name),
      }),
    };
  }

  get result(): CatalogSync["result"] {
    const { program } = this.#parties.remote;
    const result = this.#sync?.result ?? {
      ...NOTHING,
      notes: [
        `the other side (${program}) is too old to tell of experiments and models: only runs were synced`,
      ],
    };
    return { ...result, notes: [...result.notes, ...this.#notes] };
  }

  /** Names of experiments as the runs need them: one that has another name there keeps it. */
  async before(): Promise<ExperimentNaming> {
    const { experiments } = this.#options;
    const usual = new ExperimentNaming(experiments);
    const pairs = (await this.#sync?.experimentsBefore()) ?? [];
    followNames(this.#parties.state, pairs);
    const map = new Map(experiments.map);
    for (const { here, there } of pairs) if (usual.there(here) !== there) map.set(here, there);
    this.#naming = new ExperimentNaming({ ...experiments, map });
    return this.#naming;
  }

  /** What runs name travels with them. Returns those that could not be brought, by their ids. */
  async loggedModels(modelIds: Iterable<string>): Promise<ReadonlyMap<string, RunstoneError>> {
    const wanted = [...new Set(modelIds)].filter((id) => !this.#seen.has(id));
    if (wanted.length === 0 || !this.#tellsModels()) return NONE_FAILED;
    for (const id of wanted) this.#seen.add(id);
    return (await this.#sync?.loggedModels(wanted)) ?? NONE_FAILED;
  }

  async after(): Promise<void> {
    await this.#sync?.experimentsAfter();
    if (this.#options.withRegistry === true) {
      if (this.#tellsModels()) await this.#sync?.loggedModels(null);
      await this.#sync?.registry();
    }
    if (this.#options.direction !== "pull") this.#tell(tracesNote(this.#parties.context));
  }

  /** Throws as `settleCatalog`, UNSUPPORTED for a side that knows no catalog. */
  async settle(settling: CatalogSettling): Promise<readonly SettledField[]> {
    const { remote, state } = this.#parties;
    if (remote.catalog === null)
      throw new RunstoneError("UNSUPPORTED", `the other side (${remote.program}) knows no catalog`, {
        hint: "Install a newer runstone there.",
        data: {},
      });
    const sides = this.#sides(remote.catalog);
    const settled = await settleCatalog({ ...sides, state, naming: this.#naming }, settling);
    state.flush();
    return settled;
  }

  #tellsModels(): boolean {
    const { models, catalog, program } = this.#parties.remote;
    if (models !== null) return true;
    if (catalog !== null) this.#tell(`the other side (${program}) is too old to take logged models`);
    return false;
  }

  #tell(note: string | null): void {
    if (note !== null) this.#notes.add(note);
  }
}

function foreseen({ local, remote }: Sides): Sides {
  return { local: new ForeseenSide(local), remote: new ForeseenSide(remote) };
}

interface Sides {
  readonly local: CatalogSide;
  readonly remote: CatalogSide;
}

const NOTHING: CatalogSync["result"] = {
  counts: NO_CATALOG,
  ...{ conflicts: [], problems: [], notes: [] },
};
