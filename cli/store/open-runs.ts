/** The runs of the store a command works on, as a table to search. */
import { openRunTable, type Refresh } from "../../core/index/open-run-table.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import type { OnDamage } from "../../core/store/read/damages.js";
import { scanExperiments } from "../../core/store/read/experiments.js";
import type { CommandContext } from "../context.js";
import { findExperimentIds } from "./find-experiment.js";
import { type OpenPlace, openPlace, openPlaceTelling } from "./open-place.js";

/** Runs to search, of one store or of several (open-stores.ts). `table` and `experimentNames` are read when they are first asked for. */
export interface OpenRuns {
  /** One at least, in their order. */
  readonly stores: readonly OpenedStore[];
  /** Whether several stores were given. */
  readonly severalStores: boolean;
  /** Damage of several stores is named with its store. */
  readonly onDamage: OnDamage;
  readonly table: RunTable;
  /** Every experiment that can be read, deleted ones included: name by id. */
  readonly experimentNames: ReadonlyMap<string, string>;
  /** The row of a run of the table; null for one that the table does not know (yet). */
  rowOf(run: RunRecord): number | null;
  /** Where a run is read from. */
  placeOf(run: Located): OpenPlace;
  /** What the stores are called that a run lies in; empty where only one is searched. */
  storesOf(run: RunRecord): readonly string[];
  /** The same for a row. */
  storesAt(row: number): readonly string[];
  /** By the experiments of the run's own store; undefined where the name cannot be read. */
  experimentNameOf(run: Located): string | undefined;
}

/** What tells where a run lies. */
export type Located = Pick<RunRecord, "experimentId" | "directory">;

/** The runs of one store. */
export interface StoreRuns extends OpenRuns {
  readonly place: OpenPlace;
  /** Those that were asked for; undefined: every one. */
  readonly experimentIds: readonly string[] | undefined;
}

export interface OpenedStore {
  /** What people call it; empty where it is the only one. */
  readonly label: string;
  readonly opened: StoreRuns;
}

export interface OpenRunsOptions {
  /** Names or ids of experiments; none: every experiment. */
  readonly experiments?: readonly string[];
  /** Default: what the command line says, and `auto` when it says nothing. */
  readonly refresh?: Refresh;
  /** Default: the first few damages, and at the end their number, are told on stderr. */
  readonly onDamage?: OnDamage;
}

/** Throws as {@link openPlace}, and RESOURCE_DOES_NOT_EXIST for an experiment that is not there. */
export function openRuns(context: CommandContext, options: OpenRunsOptions = {}): StoreRuns {
  const { experiments = [], refresh = context.refresh, onDamage } = options;
  const place = onDamage === undefined ? openPlace(context) : openPlaceTelling(context, onDamage);
  const experimentIds = findExperimentIds(place, experiments);
  return new LazyRuns(place, experimentIds, () =>
    openRunTable(place.context, {
      refresh,
      onDamage: place.onDamage,
      ...(experimentIds === undefined ? {} : { experimentIds }),
    }),
  );
}

class LazyRuns implements StoreRuns {
  readonly place: OpenPlace;
  readonly experimentIds: readonly string[] | undefined;
  readonly stores: readonly OpenedStore[];
  readonly severalStores = false;
  readonly #open: () => RunTable;
  #table: RunTable | undefined;
  #names: ReadonlyMap<string, string> | undefined;

  constructor(place: OpenPlace, experimentIds: readonly string[] | undefined, open: () => RunTable) {
    this.place = place;
    this.experimentIds = experimentIds;
    this.stores = [{ label: "", opened: this }];
    this.#open = open;
  }

  get onDamage(): OnDamage {
    return this.place.onDamage;
  }

  get table(): RunTable {
    this.#table ??= this.#open();
    return this.#table;
  }

  get experimentNames(): ReadonlyMap<string, string> {
    // Their damage was told when the runs were listed.
    const experiments = () => scanExperiments(this.place.context, () => undefined);
    this.#names ??= new Map(experiments().map(({ experimentId, name }) => [experimentId, name]));
    return this.#names;
  }

  rowOf({ runId }: RunRecord): number | null {
    return this.table.rowOf(runId);
  }

  placeOf(): OpenPlace {
    return this.place;
  }

  storesOf(): readonly string[] {
    return [];
  }

  storesAt(): readonly string[] {
    return [];
  }

  experimentNameOf({ experimentId }: Located): string | undefined {
    return this.experimentNames.get(experimentId);
  }
}
