/** The output of the child on its way: spool files, from there to the terminal and into the run. */
import { closeSync } from "node:fs";
import type { CapturePattern } from "../../core/process/capture-pattern.js";
import type { RecordTarget } from "../../core/process/run-records.js";
import {
  noteChild,
  openSpoolFile,
  removeSpool,
  type Spool,
  STREAMS,
  type StreamName,
  spoolFile,
} from "../../core/process/spool.js";
import { SpoolFollower } from "../../core/process/spool-follower.js";
import { SpoolWatch } from "../../core/process/spool-watch.js";
import type { StepCounter } from "../../core/process/step-counter.js";
import { StreamIntake } from "../../core/process/stream-intake.js";
import type { Problems } from "./problems.js";
import { TerminalSink } from "./terminal-sink.js";

export interface ChildConsoleOptions {
  readonly spool: Spool;
  /** The run's `artifacts` directory. */
  readonly artifacts: string;
  readonly patterns: readonly CapturePattern[];
  readonly target: RecordTarget;
  readonly steps: StepCounter;
  readonly now: () => number;
  readonly problems: Problems;
  /** This run is the command of another `runstone run`, which must not take our run lines for its own. */
  readonly nested: boolean;
}

const DESCRIPTORS: Readonly<Record<StreamName, number>> = { stdout: 1, stderr: 2 };

export class ChildConsole {
  readonly #options: ChildConsoleOptions;
  readonly #sinks: readonly TerminalSink[];
  readonly #terminals: readonly SpoolFollower[];
  readonly #intakes: readonly StreamIntake[];
  readonly #watch: SpoolWatch;
  #descriptors: Readonly<Record<StreamName, number>> | null;
  #spool: Spool;

  constructor(options: ChildConsoleOptions) {
    this.#options = options;
    this.#spool = options.spool;
    const { spool } = options;
    this.#descriptors = { stdout: openSpoolFile(spool, "stdout"), stderr: openSpoolFile(spool, "stderr") };
    this.#sinks = STREAMS.map((stream) => new TerminalSink(DESCRIPTORS[stream], options.nested));
    this.#terminals = STREAMS.map(
      (stream, index) => new SpoolFollower(spoolFile(spool, stream), this.#sinks[index]!),
    );
    this.#intakes = STREAMS.map((stream) => this.#newIntake(stream));
    this.#watch = new SpoolWatch(
      STREAMS.map((stream) => spoolFile(spool, stream)),
      () => this.#wake(),
    );
  }

  /** Where the output lies until the run has it. */
  get place(): string {
    return this.#spool.path;
  }

  /** What the child gets as standard output and error. */
  get descriptors(): Readonly<Record<StreamName, number>> {
    if (this.#descriptors === null) throw new Error("the child has its descriptors already");
    return this.#descriptors;
  }

  /** The child has its descriptors: ours are closed, and recovery learns whom to ask. */
  handedOver(child: { readonly pid: number; readonly start: string | null } | null): void {
    if (this.#descriptors !== null) for (const fd of Object.values(this.#descriptors)) closeSync(fd);
    this.#descriptors = null;
    if (child === null) return;
    this.#options.problems.guard("the spool", () => {
      this.#spool = noteChild(this.#spool, child);
    });
  }

  /** Everything printed so far is in the run. False: it could not be; the spool is kept. */
  async finish(): Promise<boolean> {
    this.#watch.close();
    const done = await Promise.all(this.#intakes.map((intake) => intake.finish()));
    for (const intake of this.#intakes) intake.close();
    return done.every((taken) => taken);
  }

  /** How many values were removed from the logs. */
  get redacted(): number {
    const counts = this.#intakes.flatMap((intake) => Object.values(intake.redactions));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Waits until the terminal, or the program behind our pipe, has taken everything. */
  async drainTerminal(): Promise<void> {
    await Promise.all(this.#terminals.map((terminal) => terminal.finish()));
    for (const sink of this.#sinks) {
      sink.takeEnd();
      await sink.settle();
    }
    for (const terminal of this.#terminals) terminal.close();
  }

  removeSpool(): void {
    this.#options.problems.guard("the spool", () => removeSpool(this.#spool));
  }

  #wake(): void {
    for (const terminal of this.#terminals) terminal.wake();
    for (const intake of this.#intakes) intake.wake();
  }

  #newIntake(stream: StreamName): StreamIntake {
    const { artifacts, patterns, target, steps, now, problems, spool } = this.#options;
    return new StreamIntake({
      spool,
      stream,
      artifacts,
      patterns,
      target,
      steps,
      now,
      onBadLine: (_, offset, reason) => problems.add(`${stream}, byte ${offset}: ${reason}`),
      onFailure: (error) => problems.addError("logging", error),
    });
  }
}
