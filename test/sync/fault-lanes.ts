/** Many cases beside each other, each of which says what is wrong with it. */
import assert from "node:assert/strict";

/** Cases beside each other. */
const LANES = 2;

export interface Programme<Case> {
  /** What its size is printed under. */
  readonly title: string;
  readonly cases: readonly Case[];
  readonly nameOf: (one: Case) => string;
  /** Rejects with what is not as it must be. */
  readonly judge: (one: Case) => Promise<void>;
}

/** Rejects with every failure when there are some. */
export async function runProgramme<Case>({ title, cases, nameOf, judge }: Programme<Case>): Promise<void> {
  console.log(title);
  const failures: string[] = [];
  const pending = [...cases];
  const lane = async (): Promise<void> => {
    for (let next = pending.shift(); next !== undefined; next = pending.shift())
      try {
        await judge(next);
      } catch (error) {
        const failure = `${nameOf(next)}: ${(error as Error).stack}`;
        console.log(failure);
        failures.push(failure);
      }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  assert.deepEqual(failures, [], `${failures.length} of ${cases.length}`);
}

/** One of every `step` cases. */
export function everyNth<Case>(cases: readonly Case[], step: number): readonly Case[] {
  return cases.filter((_, index) => index % step === 0);
}
