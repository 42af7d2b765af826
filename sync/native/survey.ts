/** What a sync finds before it moves anything: which runs it has to look at, and what both sides have of them. */
import type { WireCheck } from "../../protocol/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { RunOutcome } from "../engine/report.js";
import type { RunState } from "../engine/run-state.js";
import type { RemoteStateView } from "../state/index.js";
import { ExperimentNaming } from "./experiment-naming.js";
import { outcomeOf } from "./outcomes.js";
import type { Peer } from "./peer.js";
import { type Candidate, type NativePlan, planNative } from "./plan.js";
import { isAsCommon, isEqual } from "./settle.js";
import type { NativeOptions } from "./sync-session.js";

export interface SurveyParties {
  /** The store here. */
  readonly local: Peer;
  readonly remote: Peer;
  readonly state: RemoteStateView;
}

/** A run that is looked at. */
export interface Surveyed {
  readonly candidate: Candidate;
  readonly state: RunState | null;
  /** null: not there, or not looked at. */
  local: WireCheck | null;
  remote: WireCheck | null;
}

export class Survey {
  /** Changes when the sides have agreed on names. */
  naming: ExperimentNaming;
  readonly #parties: SurveyParties;
  readonly #options: NativeOptions;

  constructor(parties: SurveyParties, options: NativeOptions) {
    this.#parties = parties;
    this.#options = options;
    this.naming = new ExperimentNaming(options.experiments);
  }

  /** Throws NOT_A_STORE for a pull from a remote without a store, and what keeps a side from answering. */
  async plan(): Promise<NativePlan> {
    const { local, remote, state } = this.#parties;
    const { direction, recheck = false, live, onEvent } = this.#options;
    // The remote first: a far one works while the store here is read in one go.
    const [there, here] = await Promise.all([remote.heads(null), local.heads(null)]);
    if (!there.exists && direction === "pull")
      throw new RunstoneError("NOT_A_STORE", `the remote ${state.name} has no store yet`, {
        hint: `The first push makes it. Check the address: runstone remote show ${state.name}`,
        data: { remote: state.name },
      });
    const plan = planNative({
      local: this.#chosenHere(here.heads ?? []),
      remote: this.#chosenThere(there.heads ?? []),
      direction,
      recheck,
      marks: (runId) => (live?.has(runId) === true ? null : state.marks(runId)),
    });
    onEvent?.({ type: "plan", runs: plan.candidates.length, unchanged: plan.unchanged });
    return plan;
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

  /** Both sides tell what they have of these runs; returns those that a side cannot read. */
  async look(works: ReadonlyMap<string, Surveyed>, ids: LookedIds): Promise<readonly RunOutcome[]> {
    const failed: RunOutcome[] = [];
    const look = async (side: "local" | "remote"): Promise<void> => {
      // Of a run that the other side lacks all of it goes there, and is looked at when it has arrived.
      const brief = new Set(ids.brief === true ? ids[side].filter((id) => isAlone(works.get(id)!)) : []);
      await note(side, [...brief], true);
      await note(side, brief.size === 0 ? ids[side] : ids[side].filter((id) => !brief.has(id)), false);
    };
    const note = async (
      side: "local" | "remote",
      runIds: readonly string[],
      brief: boolean,
    ): Promise<void> => {
      if (runIds.length === 0) return;
      for await (const about of this.#parties[side].check(runIds, { brief })) {
        const work = works.get(about.runId);
        if (work === undefined) continue;
        if (about.error === undefined) work[side] = about;
        else if (isRunstoneError(about.error, "RESOURCE_DOES_NOT_EXIST")) work[side] = null;
        else failed.push(outcomeOf(about.runId, { result: "failed", error: about.error }));
      }
    };
    await Promise.all([look("local"), look("remote")]);
    return failed;
  }

  /** Whether the run is none of this sync's; an outcome where the user is told so. */
  leavesOut({ candidate: { runId }, local, remote }: Surveyed): boolean | RunOutcome {
    const { includeDeleted, direction } = this.#options;
    if (local === null && remote === null) return true;
    if (!this.#isOfChosen(local, remote)) return true;
    if (includeDeleted) return false;
    const from = direction === "pull" ? remote : (local ?? remote);
    const to = direction === "pull" ? local : local === null ? null : remote;
    if (from?.lifecycleStage !== "deleted" || to?.lifecycleStage === "deleted") return false;
    const where = from === local ? "here" : "there";
    return outcomeOf(
      runId,
      { result: "skipped", reason: `it is deleted ${where} (--include-deleted)` },
      from,
    );
  }

  /** By the name of its experiment here. */
  #isOfChosen(local: WireCheck | null, remote: WireCheck | null): boolean {
    const { experimentNames } = this.#options;
    if (experimentNames === undefined) return true;
    return experimentNames.has(local?.experimentName ?? this.naming.here(remote!.experimentName));
  }

  /** Whether nothing has to go either way. */
  isSettled({ local, remote }: Surveyed): boolean {
    return local !== null && remote !== null && isEqual(local, remote) && !this.#lacksBytes(local, remote);
  }

  /** Bytes that one side has and the other was given only the names of. */
  #lacksBytes(local: WireCheck, remote: WireCheck): boolean {
    const { withArtifacts, direction } = this.#options;
    return withArtifacts && direction !== "pull" && remote.absent > local.absent;
  }

  /** Whether the run goes this way. */
  isDue({ candidate, local, remote, state }: Surveyed, how: "push" | "pull"): boolean {
    const { direction } = this.#options;
    if (direction !== "both" && direction !== how) return false;
    const [from, to] = how === "push" ? [local, remote] : [remote, local];
    if (from === null) return false;
    if (to === null || this.#options.recheck === true) return true;
    const side = how === "push" ? candidate.local : candidate.remote;
    if (how === "push" && this.#options.withArtifacts && to.absent > from.absent) return true;
    return side !== "same" && !isAsCommon(from, state?.common ?? null);
  }
}

/** Ids of the runs that each side is asked about. */
export interface LookedIds {
  readonly local: readonly string[];
  readonly remote: readonly string[];
  /** Of a run that one side lacks only what its meta.yaml says is wanted. */
  readonly brief?: boolean;
}

function isAlone({ candidate: { local, remote } }: Surveyed): boolean {
  return local === null || remote === null;
}

/** Of runs that nothing was brought of yet: each side is asked about those it has. */
export function idsOf(works: Iterable<Surveyed>): LookedIds {
  const all = [...works].map(({ candidate }) => candidate);
  const has = (side: "local" | "remote"): string[] =>
    all.filter((candidate) => candidate[side] !== null).map(({ runId }) => runId);
  return { local: has("local"), remote: has("remote") };
}
