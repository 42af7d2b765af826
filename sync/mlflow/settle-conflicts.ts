/**
 * Settling conflicts with a server: what was chosen becomes a change of one side since both were last equal, so that the push
 * and the pull that follow carry it as any other. When somebody changed it there again meanwhile, they find that.
 */
import { mustFindRun } from "../../core/index.js";
import {
  type Outcome,
  outcomeConflict,
  type RunDocument,
  readRunDocument,
  resolveConflict,
} from "../../core/transfer/index.js";
import { MAX_KEY_LENGTH, type Run, RunstoneError } from "../../store-format/index.js";
import { joinReports } from "../engine/join-reports.js";
import type { SyncReport } from "../engine/report.js";
import type { CommonRecord, RunState } from "../engine/run-state.js";
import { changedSince, settleArtifact, type TheirArtifact } from "../engine/settle-artifact.js";
import { commonBesides, NOTHING_KNOWN } from "../native/outcomes.js";
import { commonOf } from "../native/settle.js";
import type { Conflict } from "../state/index.js";
import { conflictTag, serializeConflict } from "./accepted-params.js";
import { artifactPlace } from "./artifact-place.js";
import { ArtifactSpool } from "./artifact-spool.js";
import { MlflowCalls } from "./calls.js";
import { HttpTransport } from "./http-transport.js";
import { joined } from "./list-remote-artifacts.js";
import { type PullOptions, pull } from "./pull.js";
import { type PushOptions, type PushParties, push } from "./push.js";
import { RUN_NAME_TAG } from "./wanted-record.js";

/** `accept`: a param stays as it is on both sides, and that is no conflict any more. */
export type ConflictTaking = "ours" | "theirs" | "accept" | { readonly value: string };

export interface ConflictsToSettle {
  readonly runId: string;
  readonly conflicts: readonly Conflict[];
  readonly take: ConflictTaking;
  readonly signal?: AbortSignal | undefined;
}

/** Settles them, and makes it so on both sides: first by a push, which takes no value of theirs, then by a pull. */
export async function resolveAtServer(
  parties: PushParties,
  settling: ConflictsToSettle,
  how: { readonly push: PushOptions; readonly pull: PullOptions },
): Promise<SyncReport> {
  const runIds = [settling.runId];
  await settleConflicts(parties, settling);
  const pushed = await push(parties, { ...how.push, runIds });
  return joinReports(pushed, await pull(parties, { ...how.pull, runIds }));
}

/**
 * A push and then a pull of the run make it so on both sides. Throws, before anything is changed, UNSUPPORTED for what cannot be
 * settled so; then INVALID_STATE when it has changed since the conflict was found, and as `resolveConflict`.
 */
async function settleConflicts(parties: PushParties, settling: ConflictsToSettle): Promise<void> {
  for (const conflict of settling.conflicts) assertPossible(conflict, settling.take);
  const { http, state: states, context } = parties;
  const { runId, signal, conflicts } = settling;
  const calls = new MlflowCalls(new HttpTransport(http, signal));
  const state = states.run(runId);
  const run = state?.remoteRunId == null ? null : await calls.getRun(state.remoteRunId);
  if (state === null || run === null) throw notThere(runId);
  const { document } = readRunDocument(context, mustFindRun(context, runId));
  const settlement = new Settlement(parties, { settling, calls, run, document, state });
  for (const conflict of conflicts) await settlement.settle(conflict);
  states.save(settlement.state);
}

interface Sides {
  readonly settling: ConflictsToSettle;
  readonly calls: MlflowCalls;
  readonly run: Run;
  readonly document: RunDocument;
  readonly state: RunState;
}

class Settlement {
  readonly #parties: PushParties;
  readonly #sides: Sides;
  readonly #tags: Record<string, string>;
  readonly #artifacts: Record<string, string>;
  #common: CommonRecord;

  constructor(parties: PushParties, sides: Sides) {
    this.#parties = parties;
    this.#sides = sides;
    const { state, document, settling } = sides;
    const known = state.common ?? commonBesides(commonOf(document), NOTHING_KNOWN, settling.conflicts);
    this.#tags = Object.assign(Object.create(null), known.tags);
    this.#artifacts = Object.assign(Object.create(null), state.artifacts);
    this.#common = known;
  }

  /** What both sides count as having had. Nothing of the run is taken for the same. */
  get state(): RunState {
    const common = { ...this.#common, tags: this.#tags };
    const { state } = this.#sides;
    return {
      ...{ ...state, common, artifacts: this.#artifacts },
      ...{ localMark: null, remoteMark: null, receipt: null },
    };
  }

  async settle(conflict: Conflict): Promise<void> {
    const { take } = this.#sides.settling;
    if (conflict.field === "param") return this.#param(conflict);
    if (conflict.field === "artifact") return this.#artifact(conflict);
    if (conflict.field === "status" || conflict.field === "end_time") this.#assertSameOutcome(conflict);
    if (typeof take === "object") await this.#set(conflict, take.value);
    this.#agreeOn(conflict, take === "theirs" ? "mine" : "theirs");
  }

  /** The side that counts as unchanged: the other one's value travels. */
  #agreeOn({ field, key, theirs }: Conflict, side: "mine" | "theirs"): void {
    const { document, run } = this.#sides;
    const info = side === "mine" ? document.info : run.info;
    if (field === "tag") this.#agreeOnTag(key!, side === "mine" ? (document.tags[key!] ?? null) : theirs);
    else if (field === "name") {
      this.#common = { ...this.#common, runName: info.runName };
      if (Object.hasOwn(document.tags, RUN_NAME_TAG)) this.#agreeOnTag(RUN_NAME_TAG, info.runName);
    } else if (field === "lifecycle_stage")
      this.#common = { ...this.#common, lifecycleStage: info.lifecycleStage };
    else this.#common = { ...this.#common, status: info.status, endTime: info.endTime };
  }

  #agreeOnTag(key: string, value: string | null): void {
    if (value === null) delete this.#tags[key];
    else this.#tags[key] = value;
  }

  #assertSameOutcome({ field, theirs }: Conflict): void {
    const { document, run } = this.#sides;
    const now: Outcome = run.info;
    const found = outcomeConflict(null, document.info, now);
    if (found.field !== field || found.theirs !== theirs) throw changedSince(field, "there");
  }

  async #param({ key, mine, theirs }: Conflict): Promise<void> {
    await this.#set({ field: "tag", key: conflictTag(key!) }, serializeConflict(mine, theirs));
    if (this.#sides.settling.take !== "accept") await this.#set({ field: "param", key }, theirs);
  }

  async #artifact(conflict: Conflict): Promise<void> {
    const { runId, take } = this.#sides.settling;
    const { context, state } = this.#parties;
    const spool = new ArtifactSpool(this.#sides.calls, state.directory);
    try {
      const theirs = await this.#theirs(spool, conflict.key!);
      await settleArtifact(context, { runId, conflict, theirs, take: take === "theirs" ? "theirs" : "ours" });
      this.#artifacts[conflict.key!] = theirs.head.sha256;
    } finally {
      spool.clear();
    }
  }

  async #theirs(spool: ArtifactSpool, path: string): Promise<TheirArtifact> {
    const { run, calls } = this.#sides;
    const { path: place, reason } = artifactPlace(run.info.artifactUri, this.#parties.http.settings.url);
    if (place === undefined) throw new RunstoneError("UNSUPPORTED", `artifacts are out of reach: ${reason}`);
    const end = path.lastIndexOf("/");
    const listed = await calls.listArtifacts(joined(place, path.slice(0, Math.max(0, end))));
    const found = listed.find((entry) => !entry.isDir && baseName(entry.path) === baseName(path));
    if (found === undefined) throw changedSince(path, "there");
    const { sha256, size, bytes } = await spool.download(joined(place, path), found.size ?? 0);
    return { head: { path, sha256, size }, source: () => bytes };
  }

  async #set({ field, key }: Pick<Conflict, "field" | "key">, value: string | null): Promise<void> {
    const { context } = this.#parties;
    const location = mustFindRun(context, this.#sides.settling.runId);
    await resolveConflict(context, location, { field, key }, { value });
  }
}

function assertPossible({ field, key, mine, theirs }: Conflict, take: ConflictTaking): void {
  if (field === "param") {
    if (conflictTag(key!).length > MAX_KEY_LENGTH) throw refused(`the key of the param '${key}' is too long`);
    const isTheirs = take === "theirs" || (typeof take === "object" && take.value === theirs);
    if (take !== "accept" && !isTheirs) throw immutable(key!);
    return;
  }
  if (take === "accept") throw refused(`only params can be accepted as different, and this is a ${field}`);
  if (field === "metric" || field === "input" || mine === null)
    if (field === "metric" || field === "input" || field === "artifact")
      throw refused(`a conflict of this kind (${field}) cannot be settled: rename it on one side`);
  if (field === "artifact" && typeof take === "object")
    throw refused("a conflict of artifacts cannot be settled by a value: --ours or --theirs");
}

function refused(message: string): RunstoneError {
  return new RunstoneError("UNSUPPORTED", message, { hint: "`--field` settles one conflict at a time." });
}

function immutable(key: string): RunstoneError {
  return new RunstoneError("UNSUPPORTED", `a server never changes a param: '${key}' stays there as it is`, {
    hint: `Take the value there (--theirs), or let both be (--accept): --field param:${key}`,
    data: { key },
  });
}

function notThere(runId: string): RunstoneError {
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} is not there`, {
    hint: "Push it.",
    data: { runId },
  });
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
