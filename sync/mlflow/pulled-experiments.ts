/** Which experiment here takes the runs of one there: the reverse of what a push does. */
import type { StoreContext } from "../../core/store/context.js";
import { receivingExperiment } from "../../core/transfer/index.js";
import { type Experiment, isRunstoneError, type StringMap } from "../../store-format/index.js";
import { ExperimentNaming } from "../native/experiment-naming.js";
import type { RemoteState, RemoteStateView } from "../state/index.js";

export interface PulledExperimentOptions {
  readonly naming: { readonly map: ReadonlyMap<string, string>; readonly prefix: string };
  /** Names here; default: every one. */
  readonly names?: ReadonlySet<string> | undefined;
  /** Also experiments that are deleted there. */
  readonly includeDeleted: boolean;
}

export interface PulledExperiment {
  readonly remoteId: string;
  /** Its name here. */
  readonly name: string;
  readonly tags: StringMap;
}

export class PulledExperiments {
  readonly #context: StoreContext;
  readonly #state: RemoteState;
  readonly #chosen = new Map<string, PulledExperiment>();
  /** Ids here by name. */
  readonly #made = new Map<string, string>();

  constructor(context: StoreContext, state: RemoteState) {
    this.#context = context;
    this.#state = state;
  }

  /** Ids there of those that are looked at. */
  get remoteIds(): readonly string[] {
    return [...this.#chosen.keys()];
  }

  find(all: readonly Experiment[], options: PulledExperimentOptions): void {
    for (const experiment of experimentsToPull(this.#state, all, options))
      this.#chosen.set(experiment.remoteId, experiment);
  }

  get(remoteId: string): PulledExperiment | undefined {
    return this.#chosen.get(remoteId);
  }

  /** The id here; made when there is none. Throws INVALID_STATE when it is deleted here, INVALID_PARAMETER_VALUE. */
  ensure({ remoteId, name, tags }: PulledExperiment): string {
    const made = this.#made.get(name);
    if (made !== undefined) return made;
    const id = this.#receive(name, tags);
    this.#made.set(name, id);
    if (this.#state.experiment(name) === null) this.#state.saveExperiment(name, remoteId);
    return id;
  }

  /** A tag that cannot be kept here costs the tags, not the runs. */
  #receive(name: string, tags: StringMap): string {
    try {
      return receivingExperiment(this.#context, { name, tags });
    } catch (error) {
      if (!isRunstoneError(error, "INVALID_PARAMETER_VALUE")) throw error;
      return receivingExperiment(this.#context, { name });
    }
  }
}

/**
 * Which of them there are looked at. One whose runs a push from here would send to another experiment (with a prefix or a map:
 * one that has another name) is none of ours.
 */
export function experimentsToPull(
  state: RemoteStateView,
  all: readonly Experiment[],
  options: PulledExperimentOptions,
): readonly PulledExperiment[] {
  const naming = new ExperimentNaming(options.naming);
  const known = new Map([...state.experiments()].map(([name, id]) => [id, name]));
  return all.flatMap((experiment) => {
    const { experimentId: remoteId, tags, lifecycleStage } = experiment;
    if (lifecycleStage === "deleted" && !options.includeDeleted) return [];
    const name = nameOf(experiment, naming, known.get(remoteId), options.naming.map);
    return name === null || options.names?.has(name) === false ? [] : [{ remoteId, name, tags }];
  });
}

function nameOf(
  { name }: Experiment,
  naming: ExperimentNaming,
  known: string | undefined,
  map: ReadonlyMap<string, string>,
): string | null {
  // One that was renamed there since is still the same.
  if (known !== undefined && !map.has(known)) return known;
  const here = naming.here(name);
  return naming.there(here) === name ? here : null;
}
