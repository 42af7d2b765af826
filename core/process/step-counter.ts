/** Steps of points that bring none: the points of each key are counted, from the step after the last one known. */
import type { Integer } from "../../store-format/index.js";

export class StepCounter {
  readonly #next: Map<string, number>;

  /** @param next the next step of each key that has points already */
  constructor(next: Readonly<Record<string, number>> = {}) {
    this.#next = new Map(Object.entries(next));
  }

  /** The step of the next point of `key`: the one given, else the one after the last. */
  stepOf(key: string, given: Integer | undefined): Integer {
    const step = given ?? this.#next.get(key) ?? 0;
    if (typeof step === "number") this.#next.set(key, step + 1);
    return step;
  }

  /** The state as a plain object, to start another counter from. */
  toRecord(): Record<string, number> {
    return Object.fromEntries(this.#next);
  }
}
