/**
 * Takes what a child printed after its wrapper was killed: the spool outlives the wrapper. May run while the child still
 * prints, and again later; nothing is logged twice.
 */
import type { Integer, Metric } from "../../store-format/index.js";
import { isSameProcessAlive } from "../capture/process-identity.js";
import { followedStatIfExists, removeFile } from "../fs/index.js";
import { compileCapturePattern } from "./capture-pattern.js";
import type { RecordTarget } from "./run-records.js";
import { removeSpool, type Spool, STREAMS, type StreamName, spoolFile } from "./spool.js";
import { StepCounter } from "./step-counter.js";
import { logPathOf, readMark, StreamIntake } from "./stream-intake.js";

export interface RecoveryOptions {
  /** The run's `artifacts` directory. */
  readonly artifacts: string;
  readonly target: RecordTarget;
  readonly onBadLine?: (stream: StreamName, offset: number, reason: string) => void;
  readonly onFailure?: (error: unknown) => void;
}

export interface RecoveredConsole {
  /** The run has everything that was printed so far. */
  readonly complete: boolean;
  /** The child still runs: the spool is kept, for it may print more. */
  readonly childAlive: boolean;
}

/** Brings a spool into its run and removes it when the run has all of it and the child has ended. Throws typed errors. */
export async function recoverConsole(spool: Spool, options: RecoveryOptions): Promise<RecoveredConsole> {
  const { child } = spool.facts;
  const childAlive = child !== undefined && isSameProcessAlive(child);
  const done: boolean[] = [];
  for (const stream of STREAMS) done.push(await recoverStream(spool, stream, options));
  const complete = done.every((taken) => taken);
  if (complete && !childAlive) removeSpool(spool);
  return { complete, childAlive };
}

async function recoverStream(spool: Spool, stream: StreamName, options: RecoveryOptions): Promise<boolean> {
  const file = followedStatIfExists(spoolFile(spool, stream));
  if (file === null) return true;
  const mark = readMark(spool, stream);
  const printedAt = Number(file.mtimeNs / 1_000_000n);
  // Written anew from the beginning: what was redacted, and how far the log went, is then no question.
  removeFile(logPathOf(spool, stream, options.artifacts));
  const intake = new StreamIntake({
    spool,
    stream,
    artifacts: options.artifacts,
    patterns: spool.facts.capture.map(compileCapturePattern),
    target: options.target,
    steps: new StepCounter(mark?.steps),
    now: () => printedAt,
    replay: mark ?? { from: 0, to: 0, time: printedAt, steps: {} },
    onBadLine: options.onBadLine ?? (() => {}),
    onFailure: options.onFailure ?? (() => {}),
  });
  try {
    return await intake.finish();
  } finally {
    intake.close();
  }
}

/** Whether a run has a point, for {@link RecordTarget.hasPoint}; reads each key once per timestamp. */
export class KnownPoints {
  readonly #read: (key: string) => Iterable<{ timestamp: Integer; value: number; step: Integer }>;
  readonly #known = new Map<string, ReadonlySet<string>>();

  /** @param read all points of a key in the run */
  constructor(read: (key: string) => Iterable<{ timestamp: Integer; value: number; step: Integer }>) {
    this.#read = read;
  }

  has({ key, timestamp, step, value }: Metric): boolean {
    const place = `${timestamp} ${key}`;
    let known = this.#known.get(place);
    if (known === undefined) {
      known = new Set([...pointsAt(this.#read(key), timestamp)]);
      this.#known.set(place, known);
    }
    return known.has(`${step} ${value}`);
  }

  /** The run may have more points than when it was read. */
  forget(): void {
    this.#known.clear();
  }
}

function* pointsAt(
  points: Iterable<{ timestamp: Integer; value: number; step: Integer }>,
  timestamp: Integer,
): Generator<string> {
  for (const point of points) {
    if (String(point.timestamp) === String(timestamp)) yield `${point.step} ${point.value}`;
  }
}
