/** Timing: medians of several runs, and ratios of two things measured in turn, so that a drift of the machine cancels out. */
import { spawnSync } from "node:child_process";

export interface Sample {
  /** Milliseconds. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarize(times: readonly number[]): Sample {
  const sorted = [...times].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

export interface Pair {
  readonly subject: Sample;
  readonly baseline: Sample;
  /** Median of the ratios, subject by baseline, run by run. */
  readonly ratio: number;
}

/** Runs baseline and subject in turn; one warm-up of each is not counted. Each returns its own time in ms. */
export async function inTurn(
  subject: () => number | Promise<number>,
  baseline: () => number | Promise<number>,
  rounds = 7,
): Promise<Pair> {
  await baseline();
  await subject();
  const times: { subject: number; baseline: number }[] = [];
  for (let round = 0; round < rounds; round += 1)
    times.push({ baseline: await baseline(), subject: await subject() });
  return {
    subject: summarize(times.map((time) => time.subject)),
    baseline: summarize(times.map((time) => time.baseline)),
    ratio: summarize(times.map((time) => time.subject / time.baseline)).median,
  };
}

/** Milliseconds that `call` takes. */
export async function timed(call: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Milliseconds of a whole process; throws when it fails. */
export function timeCommand(command: string, args: readonly string[], options: CommandOptions = {}): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { ...options, env: options.env ?? cleanEnvironment() });
  const time = performance.now() - start;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${String(stderr)}`);
  return time;
}

/** Extra certificates are parsed at every start of Node 20: they would hide what is measured. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const {
    NODE_EXTRA_CA_CERTS: _certificates,
    RUNSTONE_STORE: _store,
    RUNSTONE_RUN_ID: _run,
    ...rest
  } = process.env;
  return rest;
}
