/**
 * Push, pull and sync between the store here and a peer. Runs are looked at some hundred at a time: both sides tell what they
 * have, what differs is offered and kept, both tell again, and only what is then equal is called synced. A sync that is
 * broken off loses nothing but time: what has arrived is found equal by the next one.
 */
import { findRun, mustFindRun, readRunState } from "../../core/index.js";
import { readRunDocument } from "../../core/transfer/index.js";
import type { WireDocument } from "../../protocol/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { ReportBuilder, type RunOutcome, type SyncReport } from "../engine/report.js";
import type { RunState } from "../engine/run-state.js";
import type { Conflict } from "../state/index.js";
import { type Brought, type BroughtRun, bringRuns } from "./lanes.js";
import { NativeCatalog } from "./native-catalog.js";
import { commonBesides, gone, joinConflicts, notEqual, outcomeOf, seenFromHere } from "./outcomes.js";
import type { Candidate } from "./plan.js";
import { commonOf, isEqual, type Looked, stateOfEqual, stateOfPart } from "./settle.js";
import { idsOf, type LookedIds, Survey, type Surveyed } from "./survey.js";
import type { NativeOptions, NativeParties } from "./sync-session.js";

/** Runs that are looked at together: bounded memory, and progress that is kept. */
const RUNS_AT_ONCE = 256;

/** Rejects only when nothing can be done at all; what fails of a run is in its outcome. */
export async function syncNative(parties: NativeParties, options: NativeOptions): Promise<SyncReport> {
  const catalog = new NativeCatalog(parties, options);
  return new NativeSync(parties, options, catalog).run();
}

/** A run while it is worked on. */
interface Work extends Surveyed {
  readonly brought: Brought[];
  conflicts: readonly Conflict[];
  document: WireDocument | null;
}

class NativeSync {
  readonly #parties: NativeParties;
  readonly #options: NativeOptions;
  readonly #report = new ReportBuilder();
  readonly #catalog: NativeCatalog;
  readonly #survey: Survey;
  readonly #begin = performance.now();
  readonly #requestsBefore: number;
  #fatal: RunstoneError | null = null;
  /** Runs that are over. */
  #ended = 0;

  constructor(parties: NativeParties, options: NativeOptions, catalog: NativeCatalog) {
    this.#catalog = catalog;
    this.#parties = parties;
    this.#options = options;
    this.#survey = new Survey(parties, options);
    this.#requestsBefore = parties.remote.requests;
  }

  async run(): Promise<SyncReport> {
    const { state, remote } = this.#parties;
    const { candidates, unchanged } = await this.#survey.plan();
    this.#report.addUnchanged(unchanged);
    this.#survey.naming = await this.#catalog.before();
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
      await this.#look(works, { ...idsOf(works.values()), brief: true });
      this.#leaveOut(works);
      await this.#bringModels(works, this.#equalOf(works));
      this.#settleEqual(works);
      await this.#bring(works, "pull");
      await this.#bring(works, "push");
      await this.#bringModels(
        works,
        [...works.values()].filter(({ brought }) => brought.length > 0),
      );
      await this.#settleBrought(works);
    } catch (error) {
      if (!(error instanceof RunstoneError)) throw error;
      this.#fatal ??= error;
      for (const { candidate } of works.values()) this.#failed(candidate.runId, error);
    }
  }

  /** A run that one side cannot read is over. */
  async #look(works: Map<string, Work>, ids: LookedIds): Promise<void> {
    for (const outcome of await this.#survey.look(works, ids)) this.#over(works, outcome.runId, outcome);
  }

  #leaveOut(works: Map<string, Work>): void {
    for (const [runId, work] of [...works]) {
      const left = this.#survey.leavesOut(work);
      if (left === true) works.delete(runId);
      else if (left !== false) this.#over(works, runId, left);
    }
  }

  /** What is the same on both sides though their marks are new. */
  #equalOf(works: Map<string, Work>): Work[] {
    return [...works.values()].filter(
      (work) => work.local !== null && work.remote !== null && this.#survey.isSettled(work),
    );
  }

  #settleEqual(works: Map<string, Work>): void {
    for (const work of this.#equalOf(works)) {
      const { local, remote, candidate } = work;
      this.#settle(works, candidate.runId, { ...work, local: local!, remote: remote! });
    }
  }

  /** The logged models that runs name, before the runs are called synced: one that fails fails its runs. */
  async #bringModels(works: Map<string, Work>, some: readonly Work[]): Promise<void> {
    const { withArtifacts } = this.#options;
    if (!withArtifacts || some.length === 0) return;
    const named = new Map<string, readonly string[]>();
    for (const work of some) {
      const { runId } = work.candidate;
      work.document ??= this.#documentOf(runId, work);
      if (work.document !== null) named.set(runId, modelsNamedBy(work.document));
    }
    const failed = await this.#catalog.loggedModels([...named.values()].flat());
    for (const [runId, modelIds] of named) {
      const error = modelIds.map((id) => failed.get(id)).find((each) => each !== undefined);
      const work = works.get(runId);
      if (error !== undefined && work !== undefined)
        this.#over(works, runId, outcomeOf(runId, { result: "failed", error }, work.local ?? work.remote));
    }
  }

  async #bring(works: Map<string, Work>, how: "push" | "pull"): Promise<void> {
    const ids = [...works.keys()].filter((runId) => this.#survey.isDue(works.get(runId)!, how));
    if (ids.length === 0 || this.#isOver) return;
    const { local, remote } = this.#parties;
    const [from, to] = how === "push" ? [local, remote] : [remote, local];
    const { jobs, withArtifacts, signal, onEvent } = this.#options;
    const all = bringRuns({
      ...{ from, to, jobs, withArtifacts, signal },
      bringsBytes: how === "push",
      runIds: ids,
      base: (runId) => works.get(runId)?.state ?? null,
      rename: (name) => (how === "push" ? this.#survey.naming.there(name) : this.#survey.naming.here(name)),
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
    work.conflicts = joinConflicts(work.conflicts, seenFromHere(brought.kept.conflicts, how));
    this.#options.onEvent?.({ type: "moved", runId, ...brought.moved });
  }

  /** Both sides tell again; what is equal is synced, what is not is named. */
  async #settleBrought(works: Map<string, Work>): Promise<void> {
    const before = new Map([...works].map(([runId, { local, remote }]) => [runId, { local, remote }]));
    await this.#look(works, idsAfter(works.values()));
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

/** What was brought to a side is there now, too. */
function idsAfter(works: Iterable<Work>): LookedIds {
  const all = [...works];
  const has = (side: "local" | "remote"): string[] =>
    all
      .filter(({ candidate, brought }) => candidate[side] !== null || brought.length > 0)
      .map(({ candidate: { runId } }) => runId);
  return { local: has("local"), remote: has("remote") };
}

function modelsNamedBy({ inputs, outputs }: WireDocument): readonly string[] {
  return [...inputs.modelInputs, ...outputs].map(({ modelId }) => modelId);
}

/** Nothing that comes after can end otherwise. */
function isHopeless({ code }: RunstoneError): boolean {
  return (
    code === "REMOTE_UNREACHABLE" || code === "DISK_FULL" || code === "UNSUPPORTED" || code === "NOT_A_STORE"
  );
}
