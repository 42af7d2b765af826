/** A dry run of a native sync: both sides are asked as the sync asks them, and what it would report is told. */
import { ReportBuilder, type RunOutcome, type SyncReport } from "../engine/report.js";
import type { Conflict } from "../state/index.js";
import { type Foreseen, foreseeRuns } from "./foresee-runs.js";
import { joinConflicts, outcomeOf, seenFromHere } from "./outcomes.js";
import type { Candidate } from "./plan.js";
import { idsOf, Survey, type Surveyed, type SurveyParties } from "./survey.js";
import type { NativeOptions } from "./sync-session.js";

/** Runs that are looked at together. */
const RUNS_AT_ONCE = 256;

interface Work extends Surveyed {
  readonly foreseen: Foreseen[];
  conflicts: readonly Conflict[];
}

export interface Foresight extends SyncReport {
  /** Runs that one side would get as new. */
  readonly created: ReadonlySet<string>;
}

/**
 * The report that `syncNative` would give now, if nothing changes meanwhile; a note says so where bytes may be fewer. Writes
 * nothing at either side. Throws as it does.
 */
export async function foreseeNative(parties: SurveyParties, options: NativeOptions): Promise<Foresight> {
  return new NativeForesight(parties, options).run();
}

class NativeForesight {
  readonly #parties: SurveyParties;
  readonly #options: NativeOptions;
  readonly #survey: Survey;
  readonly #report = new ReportBuilder();
  /** Contents whose bytes would go, by where to. */
  readonly #sent = new Set<string>();
  readonly #created = new Set<string>();

  constructor(parties: SurveyParties, options: NativeOptions) {
    this.#parties = parties;
    this.#options = options;
    this.#survey = new Survey(parties, options);
  }

  async run(): Promise<Foresight> {
    const { state, remote } = this.#parties;
    const begin = performance.now();
    const before = remote.requests;
    const { candidates, unchanged } = await this.#survey.plan();
    this.#report.addUnchanged(unchanged);
    for (let at = 0; at < candidates.length && !this.#isInterrupted; at += RUNS_AT_ONCE)
      await this.#foreseeSome(candidates.slice(at, at + RUNS_AT_ONCE));
    const report = this.#report.finish({
      remote: state.name,
      requests: remote.requests - before,
      duration: performance.now() - begin,
      interrupted: this.#isInterrupted,
    });
    return { ...report, created: this.#created };
  }

  get #isInterrupted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  async #foreseeSome(candidates: readonly Candidate[]): Promise<void> {
    const works = new Map<string, Work>(candidates.map((one) => [one.runId, this.#workOf(one)]));
    for (const outcome of await this.#survey.look(works, idsOf(works.values()))) this.#over(works, outcome);
    for (const work of [...works.values()]) this.#leaveOut(works, work);
    await this.#foresee(works, "pull");
    await this.#foresee(works, "push");
    for (const work of [...works.values()]) this.#over(works, outcomeNow(work));
  }

  #workOf(candidate: Candidate): Work {
    const state = this.#parties.state.run(candidate.runId);
    return { candidate, state, local: null, remote: null, foreseen: [], conflicts: [] };
  }

  #leaveOut(works: Map<string, Work>, work: Work): void {
    const left = this.#survey.leavesOut(work);
    if (left === true) works.delete(work.candidate.runId);
    else if (left !== false) this.#over(works, left);
    else if (this.#survey.isSettled(work)) this.#over(works, outcomeNow(work));
  }

  async #foresee(works: Map<string, Work>, how: "push" | "pull"): Promise<void> {
    const { local, remote } = this.#parties;
    const [from, to] = how === "push" ? [local, remote] : [remote, local];
    const keeper = how === "push" ? "remote" : "local";
    const all = foreseeRuns({
      ...{ from, to, withArtifacts: this.#options.withArtifacts, bringsBytes: how === "push" },
      runIds: [...works.keys()].filter((runId) => this.#survey.isDue(works.get(runId)!, how)),
      base: (runId) => works.get(runId)?.state ?? null,
      isThere: (runId) => works.get(runId)?.[keeper] != null,
    });
    for await (const one of all) {
      const work = works.get(one.runId)!;
      if (one.error !== undefined) {
        this.#over(
          works,
          outcomeOf(one.runId, { result: "failed", error: one.error }, work.local ?? work.remote),
        );
        continue;
      }
      work.foreseen.push(one);
      if (work[keeper] === null) this.#created.add(one.runId);
      work.conflicts = joinConflicts(work.conflicts, seenFromHere(one.conflicts, how));
      this.#noteShared(one, how);
    }
  }

  /** What is brought once may serve the next run, too; which of them come together shows only then. */
  #noteShared({ sent }: Foreseen, how: string): void {
    for (const { sha256 } of sent) {
      const name = `${how} ${sha256}`;
      if (this.#sent.has(name))
        this.#report.note("Some artifacts have the same bytes, which may go once: fewer bytes may be moved.");
      this.#sent.add(name);
    }
  }

  #over(works: Map<string, Work>, outcome: RunOutcome): void {
    works.delete(outcome.runId);
    this.#report.add(outcome);
  }
}

function outcomeNow({ candidate: { runId }, local, remote, foreseen, conflicts }: Work): RunOutcome {
  const result = conflicts.length > 0 ? "conflict" : foreseen.length > 0 ? "done" : "unchanged";
  return { ...outcomeOf(runId, { result }, local ?? remote, foreseen), conflicts };
}
