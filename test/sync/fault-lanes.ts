/** Many cases beside each other, each of which says what is wrong with it. */
import assert from "node:assert/strict";

/** Cases beside each other. */
const LANES = 2;
/** `RUNSTONE_SHARD=2/3`: of three processes that share the cases this is the second. */
const [SHARD = 1, SHARDS = 1] = (process.env.RUNSTONE_SHARD ?? "1/1").split("/").map(Number);
/** After so many cases it is said how far they are: a programme that is stopped has told something. */
const REPORTED = 100;

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
  const pending = spreadOut(cases).filter((_, index) => index % SHARDS === SHARD - 1);
  const countCase = countedCases(pending.length);
  const lane = async (): Promise<void> => {
    for (let next = pending.shift(); next !== undefined; next = pending.shift())
      try {
        await judge(next);
      } catch (error) {
        const failure = `${nameOf(next)}: ${(error as Error).stack}`;
        console.log(failure);
        failures.push(failure);
      } finally {
        countCase(failures.length);
      }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  assert.deepEqual(failures, [], `${failures.length} of them`);
}

/** All of them, far ones after each other: what a stopped programme has done is a sample of the whole. */
function spreadOut<Case>(cases: readonly Case[]): readonly Case[] {
  const { length } = cases;
  let step = Math.max(1, Math.round(length * 0.618));
  while (hasCommonFactor(step, length)) step += 1;
  return cases.map((_, index) => cases[(index * step) % length]!);
}

function hasCommonFactor(a: number, b: number): boolean {
  return b === 0 ? a > 1 : hasCommonFactor(b, a % b);
}

/** Prints how many of `total` cases are done and how many have failed, after every hundredth and the last. */
export function countedCases(total: number): (failed: number) => void {
  let done = 0;
  return (failed) => {
    done += 1;
    if (done % REPORTED === 0 || done === total) console.log(`${done} of ${total} cases, ${failed} failed`);
  };
}

/** One of every `step` cases. */
export function everyNth<Case>(cases: readonly Case[], step: number): readonly Case[] {
  return cases.filter((_, index) => index % step === 0);
}
