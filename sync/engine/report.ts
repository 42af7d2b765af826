/** What became of each run, and the sums: what a sync leaves behind when it ends, whole or in part. */
import type { RunstoneError } from "../../store-format/index.js";
import type { Conflict } from "../state/index.js";
import type { CatalogResult } from "./catalog-parties.js";
import { addCatalog, type CatalogConflict, type CatalogCounts, NO_CATALOG } from "./catalog-report.js";
import type { Moved } from "./progress.js";

/**
 * `done`: the other side was seen to hold it. `unchanged`: nothing was to do. `skipped`: it was left out for a reason.
 * `conflict`: all but what is in conflict is done. `running`: sent as far as it
 * was, and not read back, because it still runs (a push that goes on until it ends). `failed`: `error` says why; what was sent stays and is not sent again.
 */
export type RunResult = "done" | "unchanged" | "skipped" | "conflict" | "failed" | "running";

export interface RunOutcome {
  readonly runId: string;
  readonly runName: string;
  readonly remoteRunId: string | null;
  readonly result: RunResult;
  /** Of a run that was skipped. */
  readonly reason?: string;
  /** Of a run that failed. */
  readonly error?: RunstoneError;
  readonly conflicts: readonly Conflict[];
  /** What could not be sent as it is, one sentence each. */
  readonly exceptions: readonly string[];
  /** Synced with exceptions: something of the run is not there, and a repeat does not bring it as long as both sides are as they are. */
  readonly incomplete: boolean;
  readonly moved: Required<Moved>;
}

export interface SyncReport {
  readonly remote: string;
  /** Every run that was looked at closely; those whose mark had not changed are only counted. */
  readonly outcomes: readonly RunOutcome[];
  readonly counts: Readonly<Record<RunResult, number>>;
  /** Ids of the runs that are synced with exceptions, also of those that had not changed: their receipts say what is not there. */
  readonly excepted: readonly string[];
  readonly moved: Required<Moved>;
  /** What concerns no run alone. */
  readonly notes: readonly string[];
  /** Experiments, models and versions that were made or changed on either side. */
  readonly catalog: CatalogCounts;
  readonly catalogConflicts: readonly CatalogConflict[];
  /** Requests that went out, repeats included. */
  readonly requests: number;
  /** Milliseconds. */
  readonly duration: number;
  /** The user stopped it. */
  readonly interrupted: boolean;
  /** Something that concerns no run alone is missing at the other side; a note says what. */
  readonly incomplete: boolean;
}

/** Reasons of runs whose turn did not come. */
export const NOT_TRIED = "not tried, because others failed";
export const STOPPED = "stopped";

export const NOTHING_MOVED: Required<Moved> = { params: 0, tags: 0, points: 0, artifacts: 0, bytes: 0 };

export function addMoved(a: Required<Moved>, b: Moved): Required<Moved> {
  return {
    params: a.params + (b.params ?? 0),
    tags: a.tags + (b.tags ?? 0),
    points: a.points + (b.points ?? 0),
    artifacts: a.artifacts + (b.artifacts ?? 0),
    bytes: a.bytes + (b.bytes ?? 0),
  };
}

/** Whether something that was asked for is missing at the other side. */
export function isPartial(report: SyncReport): boolean {
  const { counts, outcomes, excepted, catalogConflicts } = report;
  if (report.interrupted || report.incomplete || catalogConflicts.length > 0) return true;
  if (excepted.length > 0) return true;
  return counts.failed > 0 || counts.conflict > 0 || outcomes.some(({ incomplete }) => incomplete);
}

/** Gathers outcomes into a report. */
export class ReportBuilder {
  readonly #outcomes = new Map<string, RunOutcome>();
  readonly #notes: string[] = [];
  readonly #excepted = new Set<string>();
  readonly #counts: Record<RunResult, number> = {
    ...{ done: 0, unchanged: 0, skipped: 0 },
    ...{ conflict: 0, failed: 0, running: 0 },
  };
  #moved = NOTHING_MOVED;
  #incomplete = false;
  #catalog = NO_CATALOG;
  readonly #catalogConflicts: CatalogConflict[] = [];

  addCatalog({ counts, conflicts, problems, notes }: CatalogResult): void {
    this.#catalog = addCatalog(this.#catalog, counts);
    this.#catalogConflicts.push(...conflicts);
    for (const problem of problems) this.lack(problem);
    for (const note of notes) this.note(note);
  }

  /** The last outcome of a run counts. */
  add(outcome: RunOutcome): void {
    const before = this.#outcomes.get(outcome.runId);
    if (before !== undefined) this.#counts[before.result] -= 1;
    this.#outcomes.set(outcome.runId, outcome);
    this.#counts[outcome.result] += 1;
    this.#moved = addMoved(this.#moved, outcome.moved);
    if (outcome.incomplete && outcome.result !== "failed") this.#excepted.add(outcome.runId);
    else this.#excepted.delete(outcome.runId);
  }

  /** Runs that are synced with exceptions and were not looked at. */
  addExcepted(runIds: Iterable<string>): void {
    for (const runId of runIds) this.#excepted.add(runId);
  }

  isDone(runId: string): boolean {
    return this.#outcomes.get(runId)?.result === "done";
  }

  /** Runs of which nothing had to be read. */
  addUnchanged(count: number): void {
    this.#counts.unchanged += count;
  }

  /** A note on something that is missing at the other side and is no run's. */
  lack(message: string): void {
    this.#incomplete = true;
    this.note(message);
  }

  /** The same note is kept once. */
  note(message: string): void {
    if (!this.#notes.includes(message)) this.#notes.push(message);
  }

  finish(rest: Pick<SyncReport, "remote" | "requests" | "duration" | "interrupted">): SyncReport {
    const { remote, requests, duration, interrupted } = rest;
    return {
      remote,
      outcomes: [...this.#outcomes.values()],
      counts: { ...this.#counts },
      excepted: [...this.#excepted],
      moved: this.#moved,
      notes: this.#notes,
      ...{ catalog: this.#catalog, catalogConflicts: this.#catalogConflicts },
      ...{ requests, duration, interrupted, incomplete: this.#incomplete },
    };
  }
}
