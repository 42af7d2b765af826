/**
 * In a large store the files of settled runs are looked at slice by slice, so that what was changed in place is seen
 * within ten minutes, and no query pays for all of it while queries come regularly.
 */

const SLICES = 64;
const ROUND_MS = 10 * 60_000;

/** The slice of a run. */
export function sliceOf(runId: string): number {
  const { length } = runId;
  return (runId.charCodeAt(length - 1) * 31 + runId.charCodeAt(length - 2) * 7) & (SLICES - 1) || 0;
}

export function newSlices(now: number): number[] {
  return Array<number>(SLICES).fill(now);
}

/**
 * The slices that are due: those not looked at for ten minutes, and of the others, oldest first, the share of the time since
 * the last look. Times in the future (the clock was set back) are due, too.
 */
export function dueSlices(slices: readonly number[], lastLook: number, now: number): ReadonlySet<number> {
  const share = Math.ceil((SLICES * Math.max(0, now - lastLook)) / ROUND_MS);
  const byAge = slices.map((time, slice) => ({ time, slice })).sort((a, b) => a.time - b.time);
  const isOld = (time: number) => time > now || now - time >= ROUND_MS;
  return new Set(byAge.filter(({ time }, index) => index < share || isOld(time)).map(({ slice }) => slice));
}
