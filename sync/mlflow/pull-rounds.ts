/** The runs of a pull, some at a time: points of several are asked for together, and what fails of one stops no other. */
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { runPool } from "../engine/pool.js";
import type { OnSyncEvent } from "../engine/progress.js";
import { NOTHING_MOVED, type ReportBuilder, type RunOutcome, STOPPED } from "../engine/report.js";
import type { MlflowCalls } from "./calls.js";
import { chunksOf } from "./find-runs.js";
import type { PulledHistories } from "./pull-histories.js";
import type { PullTask } from "./pull-plan.js";

export interface PullRoundsOptions {
  readonly calls: MlflowCalls;
  readonly histories: PulledHistories;
  readonly report: ReportBuilder;
  readonly jobs: number;
  readonly includeDeleted: boolean;
  /** Ids here of runs that have less there than they had: nothing is taken of them. */
  readonly less: ReadonlySet<string>;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: OnSyncEvent;
  one(task: PullTask): Promise<RunOutcome>;
}

/** Runs whose points are asked for together. */
const RUNS_AT_ONCE = 64;
/** After so many runs in a row without an answer, the rest is not tried. */
const MOST_UNREACHABLE = 3;

const HAS_LESS = "it has less there than it had";

export class PullRounds {
  readonly #options: PullRoundsOptions;
  readonly #stop = new AbortController();
  #unreachable = 0;

  constructor(options: PullRoundsOptions) {
    this.#options = options;
  }

  /** Whether runs were not tried. */
  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async run(tasks: readonly PullTask[]): Promise<void> {
    const { jobs, signal } = this.#options;
    const stop = AbortSignal.any(signal === undefined ? [this.#stop.signal] : [this.#stop.signal, signal]);
    for (const some of chunksOf(tasks, RUNS_AT_ONCE)) {
      if (stop.aborted) return;
      const wanted = some.filter((task) => !this.#isLeftOut(task));
      await this.#readAhead(wanted);
      await runPool(wanted, { jobs, signal: stop, run: (task) => this.#one(task) });
    }
  }

  get #isInterrupted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** A run that is deleted there and was never here is nobody's loss. */
  #isLeftOut({ lifecycleStage, isHere }: PullTask): boolean {
    return lifecycleStage === "deleted" && !isHere && !this.#options.includeDeleted;
  }

  async #readAhead(tasks: readonly PullTask[]): Promise<void> {
    const [first] = tasks;
    if (first === undefined || tasks.length < 2) return;
    const ids = tasks.map(({ remoteRunId }) => `'${remoteRunId}'`);
    const runs = [];
    try {
      const found = this.#options.calls.searchRuns({
        experimentIds: [...new Set(tasks.map(({ remoteExperimentId }) => remoteExperimentId))],
        filter: `attributes.run_id IN (${ids.join(",")})`,
        maxResults: RUNS_AT_ONCE,
        view: "all",
      });
      for await (const run of found) runs.push(run);
    } catch (error) {
      // Each run's own transfer meets the reason again.
      if (isRunstoneError(error) || this.#isInterrupted) return;
      throw error;
    }
    await this.#options.histories.readAhead(runs);
  }

  async #one(task: PullTask): Promise<void> {
    const { less, one } = this.#options;
    if (less.has(task.id)) return this.#end({ ...outcomeOf(task), result: "skipped", reason: HAS_LESS });
    try {
      this.#end(await one(task));
      this.#unreachable = 0;
    } catch (error) {
      this.#failed(task, error);
    }
  }

  #failed(task: PullTask, error: unknown): void {
    const outcome = outcomeOf(task);
    if (this.#isInterrupted) return this.#end({ ...outcome, result: "skipped", reason: STOPPED });
    if (!(error instanceof RunstoneError)) throw error;
    this.#end({ ...outcome, result: "failed", error });
    if (isRunstoneError(error, "REMOTE_UNREACHABLE")) this.#unreachable += 1;
    // Everything else would fail the same way.
    const isHopeless = isRunstoneError(error, "UNAUTHENTICATED") || isRunstoneError(error, "DISK_FULL");
    if (isHopeless || this.#unreachable >= MOST_UNREACHABLE) this.#stop.abort();
  }

  #end(outcome: RunOutcome): void {
    this.#options.report.add(outcome);
    this.#options.onEvent({ type: "end", outcome });
  }
}

function outcomeOf({ id, remoteRunId }: PullTask): Omit<RunOutcome, "result"> {
  return {
    ...{ runId: id, runName: "", remoteRunId, conflicts: [], exceptions: [] },
    ...{ incomplete: false, moved: NOTHING_MOVED },
  };
}
