/** What is to be told of one run's push: conflicts, what is not there as it is here, and how much was moved. */
import type { Moved } from "../engine/progress.js";
import { digestOf, type Refusal, Refusals } from "../engine/refusals.js";
import { addMoved, NOTHING_MOVED } from "../engine/report.js";
import type { Conflict, ConflictField } from "../state/index.js";

/** Fields that somebody changed there on purpose, or that are in conflict. */
export type LeftAlone = "runName" | "status" | "endTime" | "lifecycleStage";

export class TransferNotes {
  readonly conflicts: Conflict[] = [];
  readonly exceptions: string[] = [];
  readonly leftAlone = new Set<LeftAlone>();
  readonly #onMoved: (moved: Moved) => void;
  readonly #refused = new Refusals();
  #moved = NOTHING_MOVED;

  constructor(onMoved: (moved: Moved) => void) {
    this.#onMoved = onMoved;
  }

  get moved(): Required<Moved> {
    return this.#moved;
  }

  /** Something of the run is not there. */
  get incomplete(): boolean {
    return this.#refused.list.length > 0;
  }

  /** What of the run is not there. */
  get refused(): Refusals {
    return this.#refused;
  }

  conflict(
    field: ConflictField,
    key: string | null,
    sides: { readonly base: unknown; readonly mine: unknown; readonly theirs: unknown },
  ): void {
    const { base, mine, theirs } = sides;
    this.conflicts.push({ field, key, base: textOf(base), mine: textOf(mine), theirs: textOf(theirs) });
  }

  /** Something of the run is there in another form. */
  except(sentence: string): void {
    this.exceptions.push(sentence);
  }

  /** Something of the run is not there, for a reason that is not the server's or not that thing's alone. */
  lack(sentence: string): void {
    this.refuse({ what: "other", key: digestOf(sentence), sha256: "", sentence });
  }

  /** Something of the run is not there, and will not be as long as it is as it is. */
  refuse(refusal: Refusal): void {
    if (!this.exceptions.includes(refusal.sentence)) this.exceptions.push(refusal.sentence);
    this.#refused.add(refusal);
  }

  move(moved: Moved): void {
    this.#moved = addMoved(this.#moved, moved);
    this.#onMoved(moved);
  }
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
