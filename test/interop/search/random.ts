/** Choices drawn from a seeded source of numbers. */
export class Random {
  readonly #next: () => number;

  constructor(next: () => number) {
    this.#next = next;
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** An integer from 0, below the limit. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}
