/** Reading back what a native remote holds: both sides tell, every sealed file there is hashed, and what differs is named. */

import { mustFindRun } from "../../core/index.js";
import { readRunDocument } from "../../core/transfer/index.js";
import type { WireCheck } from "../../protocol/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { ReportBuilder, type SyncReport } from "../engine/report.js";
import { outcomeOf } from "./outcomes.js";
import { isEqual, stateOfEqual } from "./settle.js";
import type { NativeOptions, NativeParties } from "./sync-session.js";

export type VerifyNativeOptions = Pick<
  NativeOptions,
  "runIds" | "experimentIds" | "withArtifacts" | "includeDeleted" | "signal" | "onEvent"
> & {
  /** False: the seals there are believed. */
  readonly deep: boolean;
};

const RUNS_AT_ONCE = 64;

/** Of every run here that was chosen. Rejects only when nothing can be asked. */
export async function verifyNative(
  parties: NativeParties,
  options: VerifyNativeOptions,
): Promise<SyncReport> {
  return new NativeVerification(parties, options).run();
}

class NativeVerification {
  readonly #parties: NativeParties;
  readonly #options: VerifyNativeOptions;
  readonly #report = new ReportBuilder();

  constructor(parties: NativeParties, options: VerifyNativeOptions) {
    this.#parties = parties;
    this.#options = options;
  }

  async run(): Promise<SyncReport> {
    const begin = performance.now();
    const { remote, state } = this.#parties;
    const before = remote.requests;
    const ids = await this.#chosen();
    this.#options.onEvent?.({ type: "plan", runs: ids.length, unchanged: 0 });
    for (let at = 0; at < ids.length && !this.#isInterrupted; at += RUNS_AT_ONCE)
      await this.#verify(ids.slice(at, at + RUNS_AT_ONCE));
    state.flush();
    return this.#report.finish({
      remote: state.name,
      requests: remote.requests - before,
      duration: performance.now() - begin,
      interrupted: this.#isInterrupted,
    });
  }

  get #isInterrupted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  async #chosen(): Promise<readonly string[]> {
    const { runIds, experimentIds } = this.#options;
    const runs = runIds === undefined ? null : new Set(runIds);
    const experiments = experimentIds === undefined ? null : new Set(experimentIds);
    const heads = (await this.#parties.local.heads(null)).heads ?? [];
    return heads
      .filter(
        ({ runId, experimentId }) => runs?.has(runId) !== false && experiments?.has(experimentId) !== false,
      )
      .map(({ runId }) => runId);
  }

  async #verify(runIds: readonly string[]): Promise<void> {
    const { local, remote } = this.#parties;
    const here = new Map<string, WireCheck>();
    for await (const about of local.check(runIds)) {
      if (about.error === undefined) here.set(about.runId, about);
      else this.#fail(about.runId, about.error);
    }
    const asked = [...here.keys()].filter((id) => this.#isMeant(here.get(id)!));
    if (asked.length === 0) return;
    for await (const about of remote.check(asked, { deep: this.#options.deep })) {
      const own = here.get(about.runId)!;
      if (about.error === undefined) this.#compare(own, about);
      else
        this.#fail(
          about.runId,
          isRunstoneError(about.error, "RESOURCE_DOES_NOT_EXIST") ? notThere(own) : about.error,
          own,
        );
    }
  }

  /** Runs that are deleted here are no business of a remote that was not told so. */
  #isMeant({ lifecycleStage }: WireCheck): boolean {
    return this.#options.includeDeleted || lifecycleStage === "active";
  }

  #compare(own: WireCheck, theirs: WireCheck): void {
    const { withArtifacts } = this.#options;
    const differences = differencesOf(own, theirs, withArtifacts);
    if (differences.length > 0) return this.#fail(own.runId, differs(own, differences), own);
    this.#save(own, theirs);
    const outcome = outcomeOf(own.runId, { result: "done" }, own);
    this.#report.add(outcome);
    this.#options.onEvent?.({ type: "end", outcome });
  }

  #save(local: WireCheck, remote: WireCheck): void {
    const { context, state } = this.#parties;
    const { document } = readRunDocument(context, mustFindRun(context, local.runId));
    if (!isEqual(local, remote) || document.recordDigest !== local.recordDigest) return;
    const looked = { document, local, remote, remoteExperimentId: remote.experimentId };
    const { withArtifacts } = this.#options;
    const next = stateOfEqual(looked, { now: context.now(), withArtifacts, exceptions: [] });
    state.save(next);
    state.writeReceipt(next, null);
  }

  #fail(runId: string, error: RunstoneError, own: WireCheck | null = null): void {
    const outcome = outcomeOf(runId, { result: "failed", error }, own);
    this.#report.add(outcome);
    this.#options.onEvent?.({ type: "end", outcome });
  }
}

function differencesOf(own: WireCheck, theirs: WireCheck, withArtifacts: boolean): string[] {
  const found: string[] = [];
  if (own.recordDigest !== theirs.recordDigest) found.push("its params, tags, points, inputs or artifacts");
  for (const field of ["runName", "status", "endTime", "lifecycleStage"] as const)
    if (own[field] !== theirs[field]) found.push(`${field} (${own[field]} here, ${theirs[field]} there)`);
  if (withArtifacts && theirs.absent > own.absent)
    found.push(`the bytes of ${theirs.absent} artifacts, which are missing there`);
  return found;
}

function differs({ runId }: WireCheck, differences: readonly string[]): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", `run ${runId} is not equal there: ${differences.join(", ")}`, {
    hint: "`runstone sync` brings both together; `runstone verify --fix` sends what is missing.",
    data: { runId, differences },
  });
}

function notThere({ runId }: WireCheck): RunstoneError {
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} is not there`, {
    hint: "Push it.",
    data: { runId },
  });
}
