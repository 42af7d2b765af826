/**
 * Pushing runs to an MLflow server: what is new or changed here is sent, read back, and then called synced. What the
 * journal knows to be the same is not read, and costs no request.
 */
import pLimit from "p-limit";
import { type RunLocation, readRunInfo, type StoreContext } from "../../core/index.js";
import { ArtifactHashes, isSameMark, type LocalRunHead } from "../../core/transfer/index.js";
import { isRunstoneError, RunstoneError, type StringMap } from "../../store-format/index.js";
import { planRuns, type RunSelection, type RunTask } from "../engine/plan.js";
import { runPool } from "../engine/pool.js";
import type { OnSyncEvent } from "../engine/progress.js";
import {
  NOT_TRIED,
  NOTHING_MOVED,
  ReportBuilder,
  type RunOutcome,
  STOPPED,
  type SyncReport,
} from "../engine/report.js";
import type { HttpClient } from "../http/index.js";
import type { RemoteState, RemoteStateView } from "../state/index.js";
import { MlflowCalls, type Transport } from "./calls.js";
import { experimentNames, experimentTags } from "./experiment-names.js";
import { type ExperimentOptions, RemoteExperiments } from "./experiments.js";
import { chunksOf, findRemoteRuns } from "./find-runs.js";
import { HttpTransport } from "./http-transport.js";
import { LocalModels } from "./local-models.js";
import { forgetLost, isAny, noticeLosses } from "./lost-runs.js";
import { MovedRuns } from "./moved-runs.js";
import { pushRun, type SentRun } from "./push-run.js";
import type { LiveRuns, PushSession } from "./push-session.js";
import { PushedCatalog } from "./pushed-catalog.js";
import { RehearsalTransport } from "./rehearsal-transport.js";
import { RehearsedState } from "./rehearsed-state.js";
import { settleRun } from "./settle-run.js";
import { doubtPlace, forgetContent, type MadeRun, settleTwins } from "./twins.js";
import type { HashChoice } from "./verify-artifacts.js";
import { verifyRuns } from "./verify-runs.js";

export interface PushOptions extends RunSelection {
  /** Transfers at once. */
  readonly jobs: number;
  readonly withArtifacts: boolean;
  /** Runs that are deleted here are sent and deleted there. */
  readonly includeDeleted: boolean;
  /** The model registry, too: after the runs. */
  readonly withRegistry?: boolean;
  /** Looks at runs that the journal says are the same, too, and reads back every series before it sends. */
  readonly recheck?: boolean;
  readonly hash: HashChoice;
  readonly experiments: Omit<ExperimentOptions, "onNote">;
  /** Writes the receipt into the run's directory, too. */
  readonly commitReceipts: boolean;
  /** Runs that still run are not read back; give the same object to the pushes that follow. */
  readonly live?: LiveRuns;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnSyncEvent;
}

export interface PushParties {
  readonly context: StoreContext;
  readonly http: HttpClient;
  readonly state: RemoteState;
}

/** Runs whose reading back shares requests. */
const RUNS_A_VERIFICATION = 50;
/** After so many runs in a row without an answer, the rest is not tried. */
const MOST_UNREACHABLE = 3;
/** Ids in one sentence. */
const MOST_NAMED = 20;

/** Rejects only when nothing can be done at all; what fails of a run is in its outcome. */
export async function push(parties: PushParties, options: PushOptions): Promise<SyncReport> {
  return new Push(parties, options).run();
}

/** What a push would leave behind. */
export interface PushForesight extends SyncReport {
  /** Ids here of the runs that it would make there. */
  readonly created: ReadonlySet<string>;
}

/**
 * What a push would move, by the same steps: the server is asked what it has, and nothing is sent or kept. Only what the server
 * would refuse cannot be told. Rejects as {@link push}.
 */
export async function foreseePush(
  { state, ...parties }: Omit<PushParties, "state"> & { readonly state: RemoteStateView },
  options: PushOptions,
): Promise<PushForesight> {
  const push = new Push({ ...parties, state: new RehearsedState(state) }, options, true);
  return { ...(await push.run()), created: push.created };
}

class Push {
  readonly #options: PushOptions;
  readonly #session: PushSession;
  readonly #report = new ReportBuilder();
  readonly #begin: number;
  readonly #requestsBefore: number;
  readonly #transport: Transport;
  readonly #isRehearsal: boolean;
  readonly #stop = new AbortController();
  #sent: SentRun[] = [];
  readonly #made: MadeRun[] = [];
  readonly #begun = new Set<string>();
  #unchanged: ReadonlySet<string> = new Set();
  /** Runs that were there and are not. */
  #gone: ReadonlySet<string> = new Set();
  #unreachable = 0;

  constructor({ context, http, state }: PushParties, options: PushOptions, isRehearsal = false) {
    this.#options = options;
    this.#isRehearsal = isRehearsal;
    this.#begin = performance.now();
    const {
      signal,
      jobs,
      onEvent = () => undefined,
      withArtifacts,
      includeDeleted,
      recheck = false,
      hash,
    } = options;
    const server = new HttpTransport(http, signal);
    this.#transport = isRehearsal ? new RehearsalTransport(server) : server;
    const calls = new MlflowCalls(this.#transport);
    this.#requestsBefore = calls.requests;
    const onNote = (message: string): void => this.#note(message);
    this.#session = {
      ...{ context, calls, state, baseUrl: http.settings.url },
      experiments: new RemoteExperiments(calls, state, {
        tagsOf: (name) => experimentTags(context, name),
        ...options.experiments,
        onNote,
      }),
      counterparts: new Map(),
      moved: new MovedRuns(state),
      hashes: options.live?.hashes ?? new ArtifactHashes(),
      live: options.live,
      models: new LocalModels(context, options.onDamage ?? (() => undefined)),
      modelIds: new Map(),
      artifactLimit: pLimit(jobs),
      ...{ signal, withArtifacts, includeDeleted, recheck, hash, isRehearsal, onEvent, onNote },
      now: () => context.now(),
    };
  }

  async run(): Promise<SyncReport> {
    await this.#noticeLosses();
    const catalog = new PushedCatalog(this.#session, this.#transport, this.#options);
    await this.#withCatalog(() => catalog.before());
    const tasks = this.#plan();
    await this.#findCounterparts(tasks);
    const signal = anySignal([this.#stop.signal, this.#options.signal]);
    await runPool(tasks, { jobs: this.#options.jobs, signal, run: (task) => this.#runTask(task) });
    this.#tellUntried(tasks);
    await this.#verifySent();
    await this.#settleTwins(tasks);
    if (!signal.aborted) await this.#sendMoved();
    if (!signal.aborted) await this.#withCatalog(() => catalog.after());
    this.#report.addCatalog(catalog.result);
    this.#session.state.flush();
    if (!this.#isRehearsal) this.#tellSentAgain();
    return this.#report.finish({
      remote: this.#session.state.name,
      requests: this.#session.calls.requests - this.#requestsBefore,
      duration: performance.now() - this.#begin,
      interrupted: this.#isInterrupted,
    });
  }

  /** Somebody may have purged them on purpose: that looks the same as a loss. */
  #tellSentAgain(): void {
    const ids = [...this.#gone].filter((runId) => this.#report.isDone(runId));
    if (ids.length === 0) return;
    const more = ids.length > MOST_NAMED ? ` and ${ids.length - MOST_NAMED} more` : "";
    this.#note(`sent again, for they were gone there: ${ids.slice(0, MOST_NAMED).join(", ")}${more}`);
  }

  /** What stops it stops runs, too, and they tell why. */
  async #withCatalog(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#isInterrupted) return;
      if (!(error instanceof RunstoneError)) throw error;
      this.#report.lack(`experiments and models were not looked at: ${error.message}`);
    }
  }

  get #isInterrupted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** What the server had and lost is sent again. */
  async #noticeLosses(): Promise<void> {
    const { state } = this.#session;
    const deleted: string[] = [];
    const onDeleted = (runId: string): void => void deleted.push(runId);
    const lost = await this.#softly(() => noticeLosses({ ...this.#session, onDeleted }));
    if (lost === null) return;
    if (!isAny(lost)) return this.#followTwins(deleted);
    this.#gone = lost.gone;
    this.#note(`${forgetLost(state, lost)}; what it lacks is sent again`);
  }

  /** Of runs that were deleted there: another pusher may have kept another counterpart. */
  async #followTwins(deleted: readonly string[]): Promise<void> {
    const { calls, state, moved } = this.#session;
    for (const runId of deleted) {
      const { remoteExperimentId, remoteRunId } = state.marks(runId) ?? {};
      if (remoteExperimentId == null) continue;
      const found = await this.#softly(() => findRemoteRuns(calls, remoteExperimentId, [runId]));
      const [first] = found?.get(runId) ?? [];
      if (first === undefined || first.lifecycleStage !== "active" || first.remoteRunId === remoteRunId)
        continue;
      moved.move(runId, first.remoteRunId);
      this.#note(
        `run ${runId} was there twice: ${first.remoteRunId} stays, ${remoteRunId} was deleted there`,
      );
    }
  }

  /** The runs that have to be looked at. */
  #plan(): readonly RunTask[] {
    const { context, state, recheck } = this.#session;
    const { tasks, unchanged, excepted } = planRuns(context, state, { ...this.#options, recheck });
    this.#report.addUnchanged(unchanged.length);
    this.#report.addExcepted(excepted);
    this.#unchanged = new Set(unchanged);
    this.#session.onEvent({ type: "plan", runs: tasks.length, unchanged: unchanged.length });
    return tasks;
  }

  /** Looks in one search an experiment for runs that may be there though the journal does not say where. */
  async #findCounterparts(tasks: readonly RunTask[]): Promise<void> {
    const { counterparts } = this.#session;
    const names = experimentNames();
    const unknown = new Map<string, string[]>();
    for (const { head, state } of tasks) {
      if (state !== null && state.remoteRunId !== null) continue;
      if (!this.#session.includeDeleted && isDeleted(head.location)) continue;
      const name = names.nameOf(head.location);
      unknown.set(name, [...(unknown.get(name) ?? []), head.runId]);
    }
    for (const [name, ids] of unknown) {
      const found = await this.#softly(() => this.#search(name, ids));
      // When that failed, each run's own transfer searches: none is made that may be there.
      if (found !== null) for (const id of ids) counterparts.set(id, found.get(id) ?? []);
    }
  }

  async #search(name: string, originIds: readonly string[]): ReturnType<typeof findRemoteRuns> {
    const { calls, experiments } = this.#session;
    const experimentId = await experiments.find(name);
    return experimentId === null ? new Map() : findRemoteRuns(calls, experimentId, originIds);
  }

  async #runTask(planned: RunTask): Promise<void> {
    const { state, moved } = this.#session;
    // Its parent may have moved since it was planned.
    const task = moved.doubted.has(planned.id) ? { ...planned, state: state.run(planned.id) } : planned;
    this.#begun.add(task.id);
    if (!this.#session.includeDeleted && isDeleted(task.head.location))
      return this.#end(outcomeOf(task.head, { result: "skipped", reason: "it is deleted here" }));
    try {
      const result = await pushRun(this.#session, task);
      this.#unreachable = 0;
      if (result.kind === "over") return this.#end(result.outcome);
      if (this.#isRehearsal) return this.#foresee(result.sent);
      if (this.#isLive(result.sent)) return this.#end(runningOutcome(result.sent));
      this.#sent.push(result.sent);
      if (result.sent.isNew) this.#made.push(madeRun(result.sent));
      if (this.#sent.length >= RUNS_A_VERIFICATION) await this.#verifySent();
    } catch (error) {
      this.#failed(task, error);
    }
  }

  /** Runs that were made there. */
  get created(): ReadonlySet<string> {
    return new Set(this.#made.map(({ head }) => head.runId));
  }

  /** Nothing can be read back. */
  #foresee(sent: SentRun): void {
    if (sent.isNew) this.#made.push(madeRun(sent));
    const result = sent.conflicts.length > 0 ? "conflict" : "done";
    this.#end({ ...runningOutcome(sent), result });
  }

  #tellUntried(tasks: readonly RunTask[]): void {
    const reason = this.#isInterrupted ? STOPPED : NOT_TRIED;
    for (const { id, head } of tasks)
      if (!this.#begun.has(id)) this.#end(outcomeOf(head, { result: "skipped", reason }));
  }

  /** A run that turns out to be there twice is sent to the one that stays, and its children are told. */
  async #settleTwins(tasks: readonly RunTask[]): Promise<void> {
    if (this.#isRehearsal) return;
    for (const [experimentId, made] of byExperiment(this.#made)) {
      if (this.#isInterrupted) return this.#doubt(made);
      try {
        const moved = new Set(await settleTwins(this.#session, experimentId, made));
        for (const task of tasks.filter(({ id, after = "" }) => moved.has(id) || moved.has(after)))
          await this.#sendAgain(task);
        await this.#verifySent();
      } catch (error) {
        this.#doubt(made);
        for (const { head } of made) this.#failed({ head }, error);
      }
    }
  }

  /**
   * Runs that another counterpart was found of, and what names those there, whatever was asked for: as long as nothing of them
   * changed here that nobody asked to send. What fails of it is looked at by the next push.
   */
  async #sendMoved(): Promise<void> {
    const { context, state, moved } = this.#session;
    const runIds = [...moved.doubted.keys()].filter((runId) => !this.#begun.has(runId));
    if (runIds.length === 0) return;
    const { onDamage } = this.#options;
    const { tasks } = planRuns(context, state, { runIds, ...(onDamage === undefined ? {} : { onDamage }) });
    for (const task of tasks) {
      if (!isSameMark(moved.doubted.get(task.id) ?? null, task.head.mark)) continue;
      if (this.#unchanged.has(task.id)) this.#report.addUnchanged(-1);
      await this.#runTask(task);
    }
    await this.#verifySent();
  }

  async #sendAgain(task: RunTask): Promise<void> {
    const { state } = this.#session;
    forgetContent(this.#session, task.id);
    await this.#runTask({ ...task, state: state.run(task.id) });
  }

  #doubt(made: readonly MadeRun[]): void {
    for (const sent of made) doubtPlace(this.#session, sent);
  }

  /** Remembers what was sent; when the run has ended, it is read back as every run. */
  #isLive({ expected, watermarks, artifacts }: SentRun): boolean {
    const { live } = this.#session;
    if (live === undefined) return false;
    const { runId, document } = expected;
    if (document.info.status === "RUNNING") {
      live.watermarks.set(runId, watermarks);
      this.#keepArtifacts(runId, artifacts);
    } else live.watermarks.delete(runId);
    return document.info.status === "RUNNING";
  }

  /** The next round sends none of them again, nor over what others put in their place. */
  #keepArtifacts(runId: string, artifacts: StringMap): void {
    const { state } = this.#session;
    const known = state.run(runId);
    if (known !== null) state.save({ ...known, artifacts });
  }

  /** Reads back what was sent since the last time. */
  async #verifySent(): Promise<void> {
    const sent = this.#sent.splice(0);
    for (const group of chunksOf(sent, RUNS_A_VERIFICATION)) await this.#verify(group);
  }

  async #verify(sent: readonly SentRun[]): Promise<void> {
    const { calls, hash, baseUrl } = this.#session;
    let verified: Awaited<ReturnType<typeof verifyRuns>>;
    try {
      verified = await verifyRuns(
        calls,
        sent.map(({ expected }) => expected),
        { hash, baseUrl },
      );
    } catch (error) {
      for (const run of sent) this.#failed({ head: run.head }, error);
      return;
    }
    for (const run of sent) {
      const found = verified.get(run.expected.runId)!;
      if (found instanceof RunstoneError) this.#failed({ head: run.head }, found);
      else this.#end(settleRun(this.#session, run, { found, commitReceipts: this.#options.commitReceipts }));
    }
  }

  #failed({ head }: { readonly head: LocalRunHead }, error: unknown): void {
    if (this.#isInterrupted) return this.#end(outcomeOf(head, { result: "skipped", reason: STOPPED }));
    if (!(error instanceof RunstoneError)) throw error;
    this.#end(outcomeOf(head, { result: "failed", error }));
    if (isRunstoneError(error, "REMOTE_UNREACHABLE")) this.#unreachable += 1;
    // Everything else would fail the same way.
    if (this.#unreachable >= MOST_UNREACHABLE || isRunstoneError(error, "UNAUTHENTICATED"))
      this.#stop.abort();
  }

  #end(outcome: RunOutcome): void {
    this.#report.add(outcome);
    this.#session.onEvent({ type: "end", outcome });
  }

  #note(message: string): void {
    this.#report.note(message);
    this.#session.onEvent({ type: "note", message });
  }

  /** What only helps is done without when it fails: each run's own transfer meets the reason again. */
  async #softly<Value>(work: () => Promise<Value>): Promise<Value | null> {
    try {
      return await work();
    } catch (error) {
      if (isRunstoneError(error) || this.#isInterrupted) return null;
      throw error;
    }
  }
}

/** Without the record, so that a push of many runs does not keep them all. */
function madeRun({ head, expected }: SentRun): MadeRun {
  const { remoteRunId, remoteExperimentId } = expected;
  return { head, remoteRunId, remoteExperimentId };
}

function byExperiment(made: readonly MadeRun[]): ReadonlyMap<string, readonly MadeRun[]> {
  const groups = new Map<string, MadeRun[]>();
  for (const run of made) {
    const { remoteExperimentId } = run;
    groups.set(remoteExperimentId, [...(groups.get(remoteExperimentId) ?? []), run]);
  }
  return groups;
}

function isDeleted(location: RunLocation): boolean {
  try {
    return readRunInfo(location).lifecycleStage === "deleted";
  } catch (error) {
    if (isRunstoneError(error)) return false; // the run's own transfer tells what is wrong with it
    throw error;
  }
}

function runningOutcome({ expected, conflicts, exceptions, incomplete, moved }: SentRun): RunOutcome {
  const { runId, remoteRunId, document } = expected;
  const { runName } = document.info;
  return { runId, runName, remoteRunId, result: "running", ...{ conflicts, exceptions, incomplete, moved } };
}

/** For people: a run whose name cannot be read is called by its id. */
function nameIn(location: RunLocation): string {
  try {
    return readRunInfo(location).runName;
  } catch (error) {
    if (isRunstoneError(error)) return "";
    throw error;
  }
}

function outcomeOf(
  { runId, location }: LocalRunHead,
  how: Pick<RunOutcome, "result"> & { readonly reason?: string; readonly error?: RunstoneError },
): RunOutcome {
  return {
    runId,
    runName: nameIn(location),
    remoteRunId: null,
    ...how,
    conflicts: [],
    exceptions: [],
    incomplete: false,
    moved: NOTHING_MOVED,
  };
}

function anySignal(signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}
