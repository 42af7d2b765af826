/**
 * What a filter may cost. A text of a stranger must end in an answer or an error soon, however it is built; and a filter
 * of a few comparisons must be answered however large the store is. So the work is counted: of the first comparisons
 * only what goes beyond one look at each value, of all others everything.
 *
 * It is counted in steps of the evaluation, about a nanosecond each, and not measured in time: what is answered once is
 * answered again over the same values.
 */
import { RunstoneError } from "../../store-format/index.js";

/** Work that every filter may take. */
export const MAX_WORK = 30_000_000;
/** In large stores more: so many comparisons of numbers are answered, whatever the number of rows. */
export const ROW_LOOKS = 100;
/** So many comparisons and words may look at everything for nothing. */
export const FREE_TESTS = 3;

/** Each is about what it costs in nanoseconds. */
export const COST = {
  /** A row that is looked at. */
  row: 4,
  /** A row of a column that was not asked for before. */
  load: 5,
  /** A text that is compared with another. */
  equal: 15,
  /** A text that is tested in another way. */
  text: 30,
  /** A piece of a pattern that is looked for. */
  piece: 20,
  /** A character of a text that is searched for a piece of a pattern. */
  character: 1,
  /** A character that is read by itself, and each 32 characters of the piece that is looked for. */
  symbol: 7,
  word: 5,
  /** A place of a regular expression that a character can stand at. */
  place: 500,
} as const;

/** What tests of texts tell the cost of what they do to. */
export interface Meter {
  /** One look at each value: free in the first comparisons. Throws `INVALID_PARAMETER_VALUE` when it is too much. */
  look(cost: number): void;
  /** Throws `INVALID_PARAMETER_VALUE` when it is too much. */
  spend(cost: number): void;
}

export class SearchWork implements Meter {
  #left: number;
  #tests = 0;
  readonly #seen = new Set<string>();

  /** `rowCount`: of all rows that are searched. */
  constructor(rowCount: number) {
    this.#left = MAX_WORK + rowCount * ROW_LOOKS * COST.row;
  }

  /** A comparison or word begins. */
  begin(): void {
    this.#tests += 1;
  }

  /** Whether something of this name was not met before. */
  isNew(name: string): boolean {
    const { size } = this.#seen;
    return this.#seen.add(name).size > size;
  }

  look(cost: number): void {
    if (this.#tests > FREE_TESTS) this.spend(cost);
  }

  spend(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw tooMuchWork(this.#tests);
  }

  /** For tests of which every look was counted before. */
  withoutLooks(): Meter {
    return { look: () => {}, spend: (cost) => this.spend(cost) };
  }

  /** Whether something was refused. */
  get isSpent(): boolean {
    return this.#left < 0;
  }
}

function tooMuchWork(tests: number): RunstoneError {
  const tried = tests === 1 ? "its comparison" : `${tests} of its comparisons and words`;
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the filter costs too much over so many values: ${tried} took all that a filter may take`,
    {
      hint: `Write at most ${FREE_TESTS} comparisons with plain patterns, or name experiments; IN ('a', 'b') is one comparison.`,
      data: { subject: "filter", comparisons: tests },
    },
  );
}
