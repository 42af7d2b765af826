/**
 * Pulling runs from an MLflow server: what is new or changed there is read whole and taken, or merged. What a search tells of a
 * run as it did the last time costs its share of that search and nothing more.
 */
import pLimit from "p-limit";
import { ArtifactHashes } from "../../core/transfer/index.js";
import { type Experiment, RunstoneError } from "../../store-format/index.js";
import type { OnSyncEvent } from "../engine/progress.js";
import { ReportBuilder, type SyncReport } from "../engine/report.js";
import { ArtifactSpool, clearSpool } from "./artifact-spool.js";
import { MlflowCalls } from "./calls.js";
import { HttpTransport } from "./http-transport.js";
import { LocalModels } from "./local-models.js";
import { forgetLost, isAny, noticeLosses } from "./lost-runs.js";
import { MovedRuns } from "./moved-runs.js";
import { PulledHistories } from "./pull-histories.js";
import { type PullPlan, planPull } from "./pull-plan.js";
import { PullRounds } from "./pull-rounds.js";
import { pullRun } from "./pull-run.js";
import type { PullSession } from "./pull-session.js";
import { PulledCatalog } from "./pulled-catalog.js";
import { PulledExperiments } from "./pulled-experiments.js";
import type { PushParties } from "./push.js";

export interface PullOptions {
  /** Transfers at once. */
  readonly jobs: number;
  readonly withArtifacts: boolean;
  /** Runs that are deleted there are brought as deleted ones, and deleted here. */
  readonly includeDeleted: boolean;
  /** The model registry, too: after the runs. */
  readonly withRegistry?: boolean;
  /** Looks at runs that a search tells the same of, too. */
  readonly recheck?: boolean;
  /** Beginnings of ids of runs, here or there: only these, and whatever the journal says. */
  readonly words?: readonly string[];
  /** Ids here: only these. */
  readonly runIds?: readonly string[];
  /** Names here of experiments: only these. */
  readonly experimentNames?: ReadonlySet<string>;
  /** Name here -> name there, and what is put before the names that are not mapped. */
  readonly experiments: { readonly map: ReadonlyMap<string, string>; readonly prefix: string };
  /** By path: only these artifacts; what is left out comes with a later pull. */
  readonly isWantedArtifact?: (path: string) => boolean;
  readonly commitReceipts: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnSyncEvent;
}

/** Rejects when the server cannot be asked at all; what fails of a run is in its outcome. */
export async function pull(parties: PushParties, options: PullOptions): Promise<SyncReport> {
  return new Pull(parties, options).run();
}

class Pull {
  readonly #parties: PushParties;
  readonly #options: PullOptions;
  readonly #transport: HttpTransport;
  readonly #calls: MlflowCalls;
  readonly #report = new ReportBuilder();
  /** Ids here of runs that have less there than they had. */
  readonly #less = new Set<string>();

  constructor(parties: PushParties, options: PullOptions) {
    this.#parties = parties;
    this.#options = options;
    this.#transport = new HttpTransport(parties.http, options.signal);
    this.#calls = new MlflowCalls(this.#transport);
  }

  async run(): Promise<SyncReport> {
    const begin = performance.now();
    const before = this.#calls.requests;
    const { state } = this.#parties;
    clearSpool(state.directory);
    try {
      await this.#pullEverything();
    } catch (error) {
      // What a stop cuts off is no failure.
      if (!this.#isInterrupted) throw error;
    }
    state.flush();
    return this.#report.finish({
      remote: state.name,
      requests: this.#calls.requests - before,
      duration: performance.now() - begin,
      interrupted: this.#isInterrupted,
    });
  }

  /** Of a run that has less there than it had nothing is taken: it is older than what is here. */
  async #noticeLosses(): Promise<void> {
    const { state } = this.#parties;
    const lost = await noticeLosses({ ...this.#parties, calls: this.#calls });
    if (!isAny(lost)) return;
    for (const runId of lost.less) this.#less.add(runId);
    this.#note(`${forgetLost(state, lost)}; a push sends again what it lacks`);
  }

  async #pullEverything(): Promise<void> {
    const all = [];
    for await (const experiment of this.#calls.searchExperiments()) all.push(experiment);
    await this.#noticeLosses();
    const catalog = new PulledCatalog(
      { ...this.#parties, calls: this.#calls, transport: this.#transport },
      { ...this.#options, listed: all },
    );
    await catalog.before();
    const experiments = this.#experiments(all);
    const plan = await this.#plan(experiments);
    const session = this.#session(experiments, plan);
    const rounds = this.#rounds(session);
    await rounds.run(plan.tasks);
    if (!this.#isInterrupted && !rounds.isStopped) await this.#afterRuns(catalog, session);
    this.#report.addCatalog(catalog.result);
  }

  get #isInterrupted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #experiments(all: readonly Experiment[]): PulledExperiments {
    const { experiments: naming, experimentNames: names, includeDeleted } = this.#options;
    const experiments = new PulledExperiments(this.#parties.context, this.#parties.state);
    experiments.find(all, { naming, names, includeDeleted });
    return experiments;
  }

  async #afterRuns(catalog: PulledCatalog, session: PullSession): Promise<void> {
    try {
      await catalog.after(session);
    } catch (error) {
      if (this.#isInterrupted) return;
      if (!(error instanceof RunstoneError)) throw error;
      this.#report.lack(`models were not looked at: ${error.message}`);
    }
  }

  async #plan(experiments: PulledExperiments): Promise<PullPlan> {
    const { withArtifacts, recheck = false, words, runIds } = this.#options;
    const plan = await planPull(
      { ...this.#parties, calls: this.#calls },
      { experimentIds: experiments.remoteIds, withArtifacts, recheck, words, runIds },
    );
    this.#report.addUnchanged(plan.unchanged);
    this.#tell({ type: "plan", runs: plan.tasks.length, unchanged: plan.unchanged });
    if (plan.twins > 0)
      this.#note(`${plan.twins} runs there are copies of runs that others there stand for: left out`);
    return plan;
  }

  #session(experiments: PulledExperiments, { localIds }: PullPlan): PullSession {
    const { context, http, state } = this.#parties;
    const { signal, jobs, withArtifacts, includeDeleted, recheck, words, commitReceipts } = this.#options;
    return {
      ...{ context, state, experiments, localIds, calls: this.#calls, baseUrl: http.settings.url },
      histories: new PulledHistories(this.#calls),
      moved: new MovedRuns(state),
      hashes: new ArtifactHashes(),
      models: new LocalModels(context, () => undefined),
      artifactLimit: pLimit(jobs),
      ...{ signal, withArtifacts, includeDeleted, commitReceipts },
      isWantedArtifact: this.#options.isWantedArtifact,
      recheck: recheck === true || words !== undefined,
      newSpool: () => new ArtifactSpool(this.#calls, state.directory),
      onEvent: (event) => this.#tell(event),
      now: () => context.now(),
    };
  }

  #rounds(session: PullSession): PullRounds {
    const { jobs, includeDeleted, signal } = this.#options;
    return new PullRounds({
      ...{ calls: this.#calls, histories: session.histories, report: this.#report, less: this.#less },
      ...{ jobs, includeDeleted, signal, onEvent: session.onEvent },
      one: (task) => pullRun(session, task),
    });
  }

  #note(message: string): void {
    this.#report.note(message);
    this.#tell({ type: "note", message });
  }

  #tell(event: Parameters<OnSyncEvent>[0]): void {
    this.#options.onEvent?.(event);
  }
}
