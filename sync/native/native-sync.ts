/**
 * Push, pull and sync between the store here and a peer. Runs are looked at some hundred at a time: both sides tell what they
 * have, what differs is offered and kept, both tell again, and only what is then equal is called synced. A sync that is
 * broken off loses nothing but time: what has arrived is found equal by the next one.
 */
import { findRun, mustFindRun, readRunState } from "../../core/index.js";
import { readRunDocument } from "../../core/transfer/index.js";
import type { WireCheck, WireDocument } from "../../protocol/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { ReportBuilder, type RunOutcome, type SyncReport } from "../engine/report.js";
import type { RunState } from "../engine/run-state.js";
import type { Conflict } from "../state/index.js";
import { ExperimentNaming } from "./experiment-naming.js";
import { type Brought, type BroughtRun, bringRuns } from "./lanes.js";
import { NativeCatalog } from "./native-catalog.js";
import { commonBesides, gone, joinConflicts, notEqual, outcomeOf } from "./outcomes.js";
import { type Candidate, planNative } from "./plan.js";
import { commonOf, isAsCommon, isEqual, type Looked, stateOfEqual, stateOfPart } from "./settle.js";
import type { NativeOptions, NativeParties } from "./sync-session.js";

/** Runs that are looked at together: bounded memory, and progress that is kept. */
const RUNS_AT_ONCE = 256;

/** Rejects only when nothing can be done at all; what fails of a run is in its outcome. */
export async function syncNative(parties: NativeParties, options: NativeOptions): Promise<SyncReport> {
  const catalog = new NativeCatalog(parties, options);
  return new NativeSync(parties, options, catalog).run();
}

/** A run while it is worked on. */
interface Work {
  readonly candidate: Candidate;
  readonly state: RunState | null;
  local: WireCheck | null;
  remote: WireCheck | null;
  readonly brought: Brought[];
  conflicts: readonly Conflict[];
  document: WireDocument | null;
}

class NativeSync {
  readonly #parties: NativeParties;
  readonly #options: NativeOptions;
  readonly #report = new ReportBuilder();
  readonly #catalog: NativeCatalog;
  #naming: ExperimentNaming;
  readonly #begin = performance.now();
  readonly #requestsBefore: number;
  #fatal: RunstoneError | null = null;
  /** Runs that are over. */
  #ended = 0;

  constructor(parties: NativeParties, options: NativeOptions, catalog: NativeCatalog) {
    this.#catalog = catalog;
    this.#parties = parties;
    this.#options = options;
    this.#naming = new ExperimentNaming(options.experiments);
    this.#requestsBefore = parties.remote.requests;
  }

  async run(): Promise<SyncReport> {
    const { state, remote } = this.#parties;
    const candidates = await this.#plan();
    this.#naming = await this.#catalog.before();
    for (let at = 0; at < candidates.length && !this.#isOver; at += RUNS_AT_ONCE)
      await this.#syncSome(candidates.slice(at, at + RUNS_AT_ONCE));
    if (!this.#isOver) await this.#catalog.after();
    this.#report.addCatalog(this.#catalog.result);
    state.flush();
    if (this.#fatal !== null && this.#isNothingDone()) throw this.#fatal;
    return this.#report.finish({
      remote: state.name,
      requests: remote.requests - this.#requestsBefore,
      duration: performance.now() - this.#begin,
      interrupted: this.#isInterrupted,
    });
  }

  get #isInterrupted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  get #isOver(): boolean {
    return this.#isInterrupted || this.#fatal !== null;
  }

  #isNothingDone(): boolean {
    return this.#ended === 0;
  }

  async #plan(): Promise<readonly Candidate[]> {
    const { local, remote, state } = this.#parties;
    const { direction, recheck = false, live, onEvent } = this.#options;
    // The remote first: a far one works while the store here is read in one go.
    const [there, here] = await Promise.all([remote.heads(null), local.heads(null)]);
    if (!there.exists && direction === "pull")
      throw new RunstoneError("NOT_A_STORE", `the remote ${state.name} has no store yet`, {
        hint: `The first push makes it. Check the address: runstone remote show ${state.name}`,
        data: { remote: state.name },
      });
    const { candidates, unchanged } = planNative({
      local: this.#chosenHere(here.heads ?? []),
      remote: this.#chosenThere(there.heads ?? []),
      direction,
      recheck,
      marks: (runId) => (live?.has(runId) === true ? null : state.marks(runId)),
    });
    this.#report.addUnchanged(unchanged);
    onEvent?.({ type: "plan", runs: candidates.length, unchanged });
    return candidates;
  }

  #chosenHere<Head extends { readonly runId: string; readonly experimentId: string }>(
    heads: readonly Head[],
  ): readonly Head[] {
    const { runIds, experimentIds } = this.#options;
    const runs = runIds === undefined ? null : new Set(runIds);
    const experiments = experimentIds === undefined ? null : new Set(experimentIds);
    return heads.filter(
      ({ runId, experimentId }) => runs?.has(runId) !== false && experiments?.has(experimentId) !== false,
    );
  }

  /** Of experiments only the names are the same; they are told by the checks. */
  #chosenThere<Head extends { readonly runId: string }>(heads: readonly Head[]): readonly Head[] {
    const { runIds } = this.#options;
    const runs = runIds === undefined ? null : new Set(runIds);
    return heads.filter(({ runId }) => runs?.has(runId) !== false);
  }

  async #syncSome(candidates: readonly Candidate[]): Promise<void> {
    const works = new Map<string, Work>(
      candidates.map((candidate) => [
        candidate.runId,
        {
          ...{ candidate, state: this.#parties.state.run(candidate.runId) },
          ...{ local: null, remote: null, brought: [], conflicts: [], document: null },
        },
      ]),
    );
    try {
      await this.#check(works, [...works.keys()], true);
      this.#settleEqual(works);
      await this.#bring(works, "pull");
      await this.#bring(works, "push");
      await this.#settleBrought(works);
    } catch (error) {
      if (!(error instanceof RunstoneError)) throw error;
      this.#fatal ??= error;
      for (const { candidate } of works.values()) this.#failed(candidate.runId, error);
    }
  }

  /** Both sides tell what they have of these runs. A run that one side cannot read is over; at first also one that is left out. */
  async #check(works: Map<string, Work>, runIds: readonly string[], isFirst: boolean): Promise<void> {
    const has = (side: "local" | "remote"): string[] =>
      runIds.filter((id) => works.get(id)!.candidate[side] !== null || works.get(id)!.brought.length > 0);
    const { local, remote } = this.#parties;
    const look = async (side: "local" | "remote"): Promise<void> => {
      const ids = has(side);
      if (ids.length === 0) return;
      for await (const about of (side === "local" ? local : remote).check(ids)) {
        const work = works.get(about.runId);
        if (work === undefined) continue;
        if (about.error === undefined) work[side] = about;
        else if (isRunstoneError(about.error, "RESOURCE_DOES_NOT_EXIST")) work[side] = null;
        else this.#over(works, about.runId, outcomeOf(about.runId, { result: "failed", error: about.error }));
      }
    };
    await Promise.all([look("local"), look("remote")]);
    if (isFirst) for (const work of [...works.values()]) this.#leaveOut(works, work);
  }

  /** Runs of other experiments, and those that are deleted where they are. */
  #leaveOut(works: Map<string, Work>, { candidate: { runId }, local, remote }: Work): void {
    const { experimentIds, includeDeleted, direction } = this.#options;
    if (local === null && remote === null) return void works.delete(runId);
    if (local === null && experimentIds !== undefined && !this.#isChosenName(remote!.experimentName))
      return void works.delete(runId);
    if (includeDeleted) return;
    const from = direction === "pull" ? remote : (local ?? remote);
    const to = direction === "pull" ? local : local === null ? null : remote;
    if (from?.lifecycleStage === "deleted" && to?.lifecycleStage !== "deleted") {
      const where = from === local ? "here" : "there";
      this.#over(
        works,
        runId,
        outcomeOf(runId, { result: "skipped", reason: `it is deleted ${where} (--include-deleted)` }, from),
      );
    }
  }

  #isChosenName(theirName: string): boolean {
    const { experimentNames } = this.#options;
    return experimentNames === undefined || experimentNames.has(this.#naming.here(theirName));
  }

  /** What is the same on both sides though their marks are new. */
  #settleEqual(works: Map<string, Work>): void {
    for (const [runId, work] of works) {
      const { local, remote } = work;
      if (local === null || remote === null || !isEqual(local, remote) || this.#lacksBytes(work)) continue;
      this.#settle(works, runId, { ...work, local, remote });
    }
  }

  /** Bytes that one side has and the other was given only the names of. */
  #lacksBytes({ local, remote }: Work): boolean {
    const { withArtifacts, direction } = this.#options;
    if (!withArtifacts || direction === "pull" || local === null || remote === null) return false;
    return remote.absent > local.absent;
  }

  async #bring(works: Map<string, Work>, how: "push" | "pull"): Promise<void> {
    const ids = [...works.keys()].filter((runId) => this.#isDue(works.get(runId)!, how));
    if (ids.length === 0 || this.#isOver) return;
    const { local, remote } = this.#parties;
    const [from, to] = how === "push" ? [local, remote] : [remote, local];
    const { jobs, withArtifacts, signal, onEvent } = this.#options;
    const all = bringRuns({
      ...{ from, to, jobs, withArtifacts, signal },
      bringsBytes: how === "push",
      runIds: ids,
      base: (runId) => works.get(runId)?.state ?? null,
      rename: (name) => (how === "push" ? this.#naming.there(name) : this.#naming.here(name)),
      onBegin: (runId, runName) => onEvent?.({ type: "begin", runId, runName }),
    });
    for await (const brought of all) this.#noteBrought(works, brought, how);
  }

  #noteBrought(works: Map<string, Work>, brought: BroughtRun, how: "push" | "pull"): void {
    const { runId, error } = brought;
    const work = works.get(runId)!;
    if (error !== undefined) {
      if (isHopeless(error)) this.#fatal ??= error;
      return this.#over(
        works,
        runId,
        outcomeOf(runId, { result: "failed", error }, work.local ?? work.remote),
      );
    }
    work.brought.push(brought);
    work.document = brought.document;
    // The keeper's "mine" is the remote's when we push.
    const seen = brought.kept.conflicts.map((one) =>
      how === "pull" ? one : { ...one, mine: one.theirs, theirs: one.mine },
    );
    work.conflicts = joinConflicts(work.conflicts, seen);
    this.#options.onEvent?.({ type: "moved", runId, ...brought.moved });
  }

  #isDue({ candidate, local, remote, state }: Work, how: "push" | "pull"): boolean {
    const { direction } = this.#options;
    if (direction !== "both" && direction !== how) return false;
    const [from, to] = how === "push" ? [local, remote] : [remote, local];
    if (from === null) return false;
    if (to === null || this.#options.recheck === true) return true;
    const side = how === "push" ? candidate.local : candidate.remote;
    if (how === "push" && this.#options.withArtifacts && to.absent > from.absent) return true;
    return side !== "same" && !isAsCommon(from, state?.common ?? null);
  }

  /** Both sides tell again; what is equal is synced, what is not is named. */
  async #settleBrought(works: Map<string, Work>): Promise<void> {
    const before = new Map([...works].map(([runId, { local, remote }]) => [runId, { local, remote }]));
    await this.#check(works, [...works.keys()], false);
    for (const [runId, work] of works) {
      const { local, remote, brought, conflicts } = work;
      if (local === null || remote === null) {
        this.#over(works, runId, outcomeOf(runId, { result: "failed", error: gone(runId) }, local ?? remote));
        continue;
      }
      if (conflicts.length > 0) this.#conflict(works, runId, work);
      else if (isEqual(local, remote)) this.#settle(works, runId, { ...work, local, remote });
      else if (brought.length === 0 || this.#isSettledOneWay(work, before.get(runId)!))
        this.#settlePart(works, runId, { ...work, local, remote });
      else this.#over(works, runId, outcomeOf(runId, { result: "failed", error: notEqual(runId) }, local));
    }
  }

  /** After a push the remote may have more than is here, and after a pull the other way round; a live run grows meanwhile. */
  #isSettledOneWay({ local, brought }: Work, before: Pick<Work, "local" | "remote">): boolean {
    const { direction } = this.#options;
    const hasOther = direction === "push" ? before.remote !== null : before.local !== null;
    const isLive = local?.status === "RUNNING" || local?.status === "SCHEDULED";
    const isOlder = brought.some(({ document }) => document.recordDigest !== local?.recordDigest);
    return (direction !== "both" && hasOther) || isLive || isOlder;
  }

  #settle(works: Map<string, Work>, runId: string, work: Work & Pick<Looked, "local" | "remote">): void {
    const document = this.#documentOf(runId, work);
    if (document === null) return;
    const exceptions = work.brought.flatMap(({ notes }) => notes);
    const { withArtifacts } = this.#options;
    const state = stateOfEqual(
      { ...work, document, remoteExperimentId: work.remote.experimentId },
      { now: this.#parties.context.now(), withArtifacts, exceptions },
    );
    this.#save(state, []);
    this.#over(works, runId, this.#done(work, exceptions));
  }

  #done(work: Work, exceptions: readonly string[]): RunOutcome {
    const { runId } = work.candidate;
    if (this.#isLive(work))
      return { ...outcomeOf(runId, { result: "running" }, work.local, work.brought), exceptions };
    if (work.brought.length === 0) return outcomeOf(runId, { result: "unchanged" }, work.local);
    return { ...outcomeOf(runId, { result: "done" }, work.local, work.brought), exceptions };
  }

  /** Only for a sync that waits for the end of runs; a run whose owner is proven dead has ended. */
  #isLive({ candidate: { runId }, local }: Work): boolean {
    const { live } = this.#options;
    if (live === undefined || local?.status !== "RUNNING") return false;
    const location = findRun(this.#parties.context, runId);
    const isLive = location !== null && readRunState(location, local).state === "RUNNING";
    if (isLive) live.add(runId);
    else live.delete(runId);
    return isLive;
  }

  /** One side has all of the other, and more. */
  #settlePart(works: Map<string, Work>, runId: string, work: Work & Pick<Looked, "local" | "remote">): void {
    const document = work.document ?? this.#documentOf(runId, work);
    if (document === null) return;
    const { direction, withArtifacts } = this.#options;
    const exceptions = work.brought.flatMap(({ notes }) => notes);
    const state = stateOfPart(
      { ...work, document, remoteExperimentId: work.remote.experimentId },
      { direction, former: work.state, now: this.#parties.context.now(), withArtifacts, exceptions },
    );
    this.#save(state, []);
    this.#over(works, runId, this.#done(work, exceptions));
  }

  #conflict(works: Map<string, Work>, runId: string, work: Work): void {
    const { state, conflicts, remote, document } = work;
    const common = state?.common ?? null;
    const next: RunState = {
      runId,
      remoteRunId: runId,
      remoteExperimentId: remote?.experimentId ?? null,
      localMark: null,
      remoteMark: null,
      // What is not in conflict is the same on both sides now.
      common:
        document === null || common === null ? common : commonBesides(commonOf(document), common, conflicts),
      watermarks: {},
      artifacts: state?.artifacts ?? {},
      receipt: state?.receipt ?? null,
    };
    this.#save(next, conflicts);
    this.#over(works, runId, {
      ...outcomeOf(runId, { result: "conflict" }, work.local, work.brought),
      conflicts,
    });
  }

  #save(next: RunState, conflicts: readonly Conflict[]): void {
    const { state, context } = this.#parties;
    state.save(next);
    state.saveConflicts(next.runId, conflicts);
    if (next.receipt === null || conflicts.length > 0) return;
    const location = this.#options.commitReceipts ? findRun(context, next.runId) : null;
    state.writeReceipt(next, location?.directory ?? null);
  }

  /** The document of what both sides have: that which travelled, or read anew when it is not that any more. */
  #documentOf(runId: string, work: Work): WireDocument | null {
    const { document, local } = work;
    if (document !== null && document.recordDigest === local?.recordDigest) return document;
    try {
      return readRunDocument(this.#parties.context, mustFindRun(this.#parties.context, runId)).document;
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      this.#failed(runId, error);
      return null;
    }
  }

  #over(works: Map<string, Work>, runId: string, outcome: RunOutcome): void {
    works.delete(runId);
    this.#ended += 1;
    this.#report.add(outcome);
    this.#options.onEvent?.({ type: "end", outcome });
  }

  #failed(runId: string, error: RunstoneError): void {
    const outcome = outcomeOf(runId, { result: "failed", error });
    this.#report.add(outcome);
    this.#options.onEvent?.({ type: "end", outcome });
  }
}

/** Nothing that comes after can end otherwise. */
function isHopeless({ code }: RunstoneError): boolean {
  return (
    code === "REMOTE_UNREACHABLE" || code === "DISK_FULL" || code === "UNSUPPORTED" || code === "NOT_A_STORE"
  );
}
