/** Runs whose counterpart there is another one now: what names the old one there is looked at again. */
import type { RemoteState } from "../state/index.js";
import { parentOf } from "./wanted-record.js";

export class MovedRuns {
  readonly #state: RemoteState;
  readonly #doubted = new Map<string, string | null>();
  /** By the parent's id here; null: not asked for yet. */
  #children: ReadonlyMap<string, readonly string[]> | null = null;

  constructor(state: RemoteState) {
    this.#state = state;
  }

  /** Ids here of the runs that are to be looked at -> the mark that they had here. */
  get doubted(): ReadonlyMap<string, string | null> {
    return this.#doubted;
  }

  /** What is known of the run's content spoke of its former counterpart. */
  move(runId: string, remoteRunId: string): void {
    this.doubtChildren(runId);
    const known = this.#state.run(runId);
    if (known === null) return;
    this.#note(runId, known.localMark);
    const nothing = { localMark: null, receipt: null, watermarks: {}, artifacts: {}, common: null };
    this.#state.save({ ...known, ...nothing, remoteRunId });
  }

  /** Before the state tells another counterpart of the run: a process that is killed in between has lost no child. */
  doubtChildren(runId: string): void {
    this.#children ??= childrenByParent(this.#state);
    for (const childId of this.#children.get(runId) ?? []) {
      const known = this.#state.run(childId);
      if (known === null || known.receipt === null) continue;
      this.#note(childId, known.localMark);
      this.#state.save({ ...known, localMark: null, receipt: null });
    }
  }

  #note(runId: string, mark: string | null): void {
    if (!this.#doubted.has(runId)) this.#doubted.set(runId, mark);
  }
}

/** Of runs that were seen to be there. */
function childrenByParent(state: RemoteState): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>();
  for (const runId of [...state.runIds()]) {
    const parent = parentOf(state.run(runId)?.common?.tags ?? {});
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), runId]);
  }
  return children;
}
