/** The runs of the store a command works on, as a table to search. */
import { openRunTable, type Refresh } from "../../core/index/open-run-table.js";
import type { RunTable } from "../../core/search/run-table.js";
import { scanExperiments } from "../../core/store/read/experiments.js";
import type { Damage } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { findExperimentIds } from "./find-experiment.js";
import { type OpenPlace, openPlace, openPlaceTelling } from "./open-place.js";

/** `table` and `experimentNames` are read when they are first asked for. */
export interface OpenRuns {
  readonly place: OpenPlace;
  readonly table: RunTable;
  /** Every experiment that can be read, deleted ones included: name by id. */
  readonly experimentNames: ReadonlyMap<string, string>;
}

export interface OpenRunsOptions {
  /** Names or ids of experiments; none: every experiment. */
  readonly experiments?: readonly string[];
  /** Default: what the command line says, and `auto` when it says nothing. */
  readonly refresh?: Refresh;
  /** Default: the first few damages, and at the end their number, are told on stderr. */
  readonly onDamage?: (damage: Damage) => void;
}

/** Throws as {@link openPlace}, and RESOURCE_DOES_NOT_EXIST for an experiment that is not there. */
export function openRuns(context: CommandContext, options: OpenRunsOptions = {}): OpenRuns {
  const { experiments = [], refresh = context.refresh, onDamage } = options;
  const place = onDamage === undefined ? openPlace(context) : openPlaceTelling(context, onDamage);
  const experimentIds = findExperimentIds(place, experiments);
  return new LazyRuns(place, () =>
    openRunTable(place.context, {
      refresh,
      onDamage: place.onDamage,
      ...(experimentIds === undefined ? {} : { experimentIds }),
    }),
  );
}

class LazyRuns implements OpenRuns {
  readonly place: OpenPlace;
  readonly #open: () => RunTable;
  #table: RunTable | undefined;
  #names: ReadonlyMap<string, string> | undefined;

  constructor(place: OpenPlace, open: () => RunTable) {
    this.place = place;
    this.#open = open;
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
}
