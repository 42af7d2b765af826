/** Which experiment of the server takes the runs of one here: the same name, or the one it is mapped to. */
import { type Experiment, isRunstoneError, RunstoneError, type StringMap } from "../../store-format/index.js";
import type { RemoteState } from "../state/index.js";
import type { MlflowCalls } from "./calls.js";

export interface ExperimentOptions {
  /** Name here -> name there. */
  readonly map: ReadonlyMap<string, string>;
  /** Put before every name that is not mapped. */
  readonly prefix: string;
  /** Experiments that are deleted there are restored; otherwise their runs fail. */
  readonly restore: boolean;
  /** Tags of an experiment here: it gets them there when it is made. Default: none. */
  readonly tagsOf?: (name: string) => StringMap;
  readonly onNote: (message: string) => void;
}

export interface RemoteExperiment {
  readonly experimentId: string;
  /** By this push: there is nothing in it yet. */
  readonly isNew: boolean;
}

export class RemoteExperiments {
  readonly #calls: MlflowCalls;
  readonly #state: RemoteState;
  readonly #options: ExperimentOptions;
  readonly #found = new Map<string, Promise<RemoteExperiment>>();

  constructor(calls: MlflowCalls, state: RemoteState, options: ExperimentOptions) {
    this.#calls = calls;
    this.#state = state;
    this.#options = options;
  }

  remoteName(name: string): string {
    return this.#options.map.get(name) ?? this.#options.prefix + name;
  }

  /** One that this push made before its runs. */
  made(name: string, experimentId: string): void {
    this.#found.set(name, Promise.resolve({ experimentId, isNew: true }));
  }

  /**
   * Makes it when there is none. Asked for several times, it is looked for once. Throws INVALID_STATE when it is deleted
   * there.
   */
  ensure(name: string): Promise<RemoteExperiment> {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const found = this.#ensure(name);
    this.#found.set(name, found);
    return found;
  }

  /** The id there of one that is there already, deleted or not; null when a push would make it. */
  async find(name: string): Promise<string | null> {
    return (await this.#look(name))?.experimentId ?? null;
  }

  async #ensure(name: string): Promise<RemoteExperiment> {
    const found = await this.#look(name);
    const made = found === null ? await this.#create(name) : { found, isNew: false };
    const { experimentId } = made.found;
    await this.#mustBeActive(made.found);
    if (this.#state.experiment(name) !== experimentId) this.#state.saveExperiment(name, experimentId);
    return { experimentId, isNew: made.isNew };
  }

  /** The one that took its runs before, even if it has another name now; else the one of the name. */
  async #look(name: string): Promise<Experiment | null> {
    const { map, onNote } = this.#options;
    const remoteName = this.remoteName(name);
    const knownId = this.#state.experiment(name);
    const known = knownId === null ? null : await this.#calls.getExperiment(knownId);
    if (known === null || (map.has(name) && known.name !== remoteName))
      return this.#calls.getExperimentByName(remoteName);
    if (known.name !== remoteName)
      onNote(`the experiment '${remoteName}' is called '${known.name}' there now`);
    return known;
  }

  async #create(name: string): Promise<{ readonly found: Experiment; readonly isNew: boolean }> {
    const remoteName = this.remoteName(name);
    let isNew = true;
    try {
      await this.#calls.createExperiment(remoteName, this.#options.tagsOf?.(name) ?? {});
    } catch (error) {
      // Somebody was faster, or the answer to a first try was lost.
      if (!isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")) throw error;
      isNew = false;
    }
    const found = await this.#calls.getExperimentByName(remoteName);
    if (found !== null) return { found, isNew };
    throw new RunstoneError(
      "REMOTE_FAILED",
      `the experiment '${remoteName}' was made there, but is not found`,
      {
        hint: "Push again.",
        data: { experiment: remoteName },
      },
    );
  }

  async #mustBeActive({ experimentId, name, lifecycleStage }: Experiment): Promise<void> {
    if (lifecycleStage === "active") return;
    if (!this.#options.restore) throw deletedThere(name);
    await this.#calls.restoreExperiment(experimentId);
    this.#options.onNote(`restored the experiment '${name}' there, with its runs`);
  }
}

function deletedThere(name: string): RunstoneError {
  return new RunstoneError("INVALID_STATE", `the experiment '${name}' is deleted at the remote`, {
    hint: `--restore restores it there with its runs; --map NAME=OTHER sends the runs to another one.`,
    data: { experiment: name },
  });
}
