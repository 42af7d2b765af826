/** One run on its way to the server: each step can be repeated, the last ones are status and deletion. */
import {
  type LocalRunHead,
  openArtifact,
  type RunDocument,
  readRunDocument,
  readRunHead,
} from "../../core/transfer/index.js";
import type { Metric, Point, Run, StringMap } from "../../store-format/index.js";
import { ARTIFACTS_OUT_OF_REACH, absentParent, isAsSynced, lacksParent } from "../engine/compare-state.js";
import { changeOf, mergeTags } from "../engine/merge-tags.js";
import type { RunTask } from "../engine/plan.js";
import type { Moved } from "../engine/progress.js";
import { addMoved, NOTHING_MOVED, type RunOutcome } from "../engine/report.js";
import type { RunState } from "../engine/run-state.js";
import type { Conflict, ConflictField } from "../state/index.js";
import { artifactPlace } from "./artifact-place.js";
import { createRemoteRun } from "./create-run.js";
import { LONG_VALUES_PATH } from "./cut-values.js";
import { findRemoteRun } from "./find-runs.js";
import { outgoingLongValues } from "./long-values.js";
import type { PushSession } from "./push-session.js";
import { type OutgoingFile, sendArtifacts } from "./send-artifacts.js";
import { sendInputs } from "./send-inputs.js";
import { sendModelPoints, sendModels } from "./send-models.js";
import { PointSender, type Watermarks } from "./send-points.js";
import { sendValues } from "./send-values.js";
import { deleteTwins } from "./twins.js";
import type { ExpectedRun } from "./verify-runs.js";
import { parentOf, type WantedRecord, wantedRecord, wantedTags } from "./wanted-record.js";

/** A run whose transfer is over; it is not synced before it was read back. */
export interface SentRun {
  readonly head: LocalRunHead;
  readonly expected: ExpectedRun;
  readonly watermarks: Watermarks;
  readonly artifacts: StringMap;
  readonly conflicts: readonly Conflict[];
  readonly exceptions: readonly string[];
  readonly incomplete: boolean;
  readonly moved: Required<Moved>;
  /** It was made by this push. */
  readonly isNew: boolean;
}

export type PushResult =
  | { readonly kind: "over"; readonly outcome: RunOutcome }
  | { readonly kind: "sent"; readonly sent: SentRun };

const ARTIFACTS_LEFT_OUT = "Artifacts were left out.";

/** Throws `RunstoneError`; what was sent until then stays, and is found again. */
export function pushRun(session: PushSession, task: RunTask): Promise<PushResult> {
  return new RunPush(session, task).push();
}

/** The run there, and what is known of it. */
interface Counterpart {
  readonly run: Run;
  /** It surely has nothing but what its making brought. */
  readonly isFresh: boolean;
  readonly isNew: boolean;
  /** Tags that its making brought. */
  readonly tags: StringMap;
}

class RunPush {
  readonly #session: PushSession;
  readonly #task: RunTask;
  readonly #conflicts: Conflict[] = [];
  readonly #exceptions: string[] = [];
  readonly #leftAlone = new Set<"runName" | "status" | "endTime" | "lifecycleStage">();
  #moved = NOTHING_MOVED;
  #incomplete = false;

  constructor(session: PushSession, task: RunTask) {
    this.#session = session;
    this.#task = task;
  }

  async push(): Promise<PushResult> {
    const { context, hashes, onEvent, withArtifacts } = this.#session;
    const { location } = this.#task.head;
    const head = readRunHead(context, location);
    if (head === null) return this.#over("", { result: "skipped", reason: "it is gone here" });
    const { document, damages, changing } = readRunDocument(context, location, { hashes });
    const { runName, lifecycleStage } = document.info;
    const state = this.#knownState(document);
    if (!this.#session.recheck && isAsSynced(document, state, withArtifacts)) {
      if (state !== null && changing.length === 0 && !isWithoutParent(document, state))
        this.#session.state.save({ ...state, localMark: head.mark });
      return this.#over(runName, { result: "unchanged" });
    }
    if (lifecycleStage === "deleted" && !this.#session.includeDeleted)
      return this.#over(runName, { result: "skipped", reason: "it is deleted here" });
    onEvent({ type: "begin", runId: head.runId, runName });
    for (const { path, reason } of damages.filter(({ severity }) => severity === "lost"))
      this.#lack(`${path}: ${reason.replace(/\.$/, "")}.`);
    for (const path of changing) this.#lack(`The artifact '${path}' was being written.`);
    return this.#transfer(head, document, state);
  }

  /** When the parent has come there since, what was agreed on without it does not count. */
  #knownState(document: RunDocument): RunState | null {
    const { state } = this.#task;
    if (state === null || !isWithoutParent(document, state)) return state;
    const hasCome = this.#parentThere(document.tags) !== null;
    return hasCome ? { ...state, common: null, receipt: null } : state;
  }

  async #transfer(head: LocalRunHead, document: RunDocument, state: RunState | null): Promise<PushResult> {
    const { experimentId } = await this.#session.experiments.ensure(document.experimentName);
    const parentId = this.#parentId(document.tags);
    const wanted = wantedRecord(document, parentId);
    this.#exceptions.push(...wanted.exceptions);
    const there = await this.#counterpart({ experimentId, wanted, state });
    if (there.run.info.lifecycleStage === "deleted" && !(await this.#mayWrite(there.run, document, state)))
      return this.#over(document.info.runName, { result: "skipped", reason: "it is deleted there" });
    const base = state?.remoteRunId === there.run.info.runId ? state : null;
    this.#begin(base, there.run);
    const tags = await this.#sendRecord({ document, wanted, there, base, parentId });
    const sender = await this.#sendPoints({ document, params: wanted.params, there, base });
    const datasets = await sendInputs(this.#session.calls, {
      document,
      run: there.run,
      except: (text) => this.#lack(text),
    });
    const modelIds = await this.#sendModels(document, there.run);
    const sent = await this.#sendFiles(document, wanted, there.run, base);
    await this.#finish({ document, wanted, there, base });
    const keys = keysOf(document).filter((key) => !sender.refused.has(key));
    const expected: ExpectedRun = {
      runId: document.info.runId,
      location: head.location,
      document,
      remoteRunId: there.run.info.runId,
      remoteExperimentId: there.run.info.experimentId,
      wanted,
      ...tags,
      leftAlone: this.#leftAlone,
      keys,
      keysWithNan: sender.keysWithNan,
      modelIds: new Map([...modelIds].filter(([, remoteId]) => remoteId !== null)),
      datasetInputs: datasets,
      artifacts: expectedArtifacts(document, wanted, sent),
    };
    return {
      kind: "sent",
      sent: {
        ...{ head, expected, watermarks: sender.watermarks, artifacts: sent },
        conflicts: this.#conflicts,
        exceptions: this.#exceptions,
        incomplete: this.#incomplete,
        moved: this.#moved,
        isNew: there.isNew,
      },
    };
  }

  /** The id there of the parent; its transfer began before this one's. */
  #parentId(tags: StringMap): string | null {
    const parent = parentOf(tags);
    const parentId = this.#parentThere(tags);
    if (parent !== null && parentId === null) this.#exceptions.push(absentParent(parent));
    return parentId;
  }

  #parentThere(tags: StringMap): string | null {
    const parent = parentOf(tags);
    return parent === null ? null : (this.#session.state.run(parent)?.remoteRunId ?? null);
  }

  async #counterpart(options: {
    readonly experimentId: string;
    readonly wanted: WantedRecord;
    readonly state: RunState | null;
  }): Promise<Counterpart> {
    const { calls, counterparts } = this.#session;
    const { experimentId, wanted, state } = options;
    const originId = this.#task.head.runId;
    const known = state?.remoteRunId ?? null;
    const run = known === null ? null : await calls.getRun(known);
    if (run !== null && run.info.experimentId === experimentId && run.info.lifecycleStage === "active")
      return { run, isFresh: false, isNew: false, tags: {} };
    const refs = counterparts.get(originId) ?? (await findRemoteRun(calls, experimentId, originId));
    await deleteTwins(this.#session, originId, refs);
    const found = refs[0] === undefined ? run : await calls.getRun(refs[0].remoteRunId);
    if (found !== null) return { run: found, isFresh: false, isNew: false, tags: {} };
    return this.#create(experimentId, wanted);
  }

  async #create(experimentId: string, wanted: WantedRecord): Promise<Counterpart> {
    const { calls, state, now, signal } = this.#session;
    const originId = this.#task.head.runId;
    await state.saveDurably(emptyState(originId, experimentId));
    const created = await createRemoteRun(calls, { originId, experimentId, wanted, now, signal });
    this.#move({ tags: Object.keys(created.tags).length });
    return { ...created, isNew: true };
  }

  /** A run that is deleted there: brought back when it was we who deleted it and it is active here again. */
  async #mayWrite(run: Run, document: RunDocument, state: RunState | null): Promise<boolean> {
    if (document.info.lifecycleStage === "deleted") {
      // It is where it belongs, but what it lacks can only be written while it is active.
      await this.#session.calls.restoreRun(run.info.runId);
      return true;
    }
    if (state?.common?.lifecycleStage !== "deleted") return false;
    await this.#session.calls.restoreRun(run.info.runId);
    return true;
  }

  /** From here on the run there may differ from what the journal knows until it was read back. */
  #begin(base: RunState | null, { info }: Run): void {
    const before = base ?? emptyState(this.#task.head.runId, info.experimentId);
    this.#session.state.save({
      ...before,
      remoteRunId: info.runId,
      remoteExperimentId: info.experimentId,
      localMark: null,
      receipt: null,
    });
  }

  /** Params and tags, but for params of a fresh run, which go along with its points. */
  async #sendRecord(options: {
    readonly document: RunDocument;
    readonly wanted: WantedRecord;
    readonly there: Counterpart;
    readonly base: RunState | null;
    readonly parentId: string | null;
  }): Promise<{ readonly params: StringMap; readonly tags: StringMap }> {
    const { wanted, there } = options;
    const params = this.#paramsToSend(wanted.params, there);
    const tags = await this.#tagsToSend(options);
    const refused = await sendValues(this.#target(there.run), there.isFresh ? {} : params.send, tags.send);
    return {
      params: without(without(wanted.params, params.inConflict), new Set(Object.keys(refused.params))),
      tags: without(tags.expect, new Set(Object.keys(refused.tags))),
    };
  }

  #paramsToSend(
    wanted: StringMap,
    { run }: Counterpart,
  ): { readonly send: StringMap; readonly inConflict: ReadonlySet<string> } {
    const send: Record<string, string> = Object.create(null);
    const inConflict = new Set<string>();
    for (const [key, mine] of Object.entries(wanted)) {
      const theirs = Object.hasOwn(run.params, key) ? run.params[key]! : null;
      if (theirs === null) send[key] = mine;
      else if (theirs !== mine) {
        inConflict.add(key);
        this.#conflict("param", key, { base: null, mine, theirs });
      }
    }
    return { send, inConflict };
  }

  async #tagsToSend(options: {
    readonly document: RunDocument;
    readonly wanted: WantedRecord;
    readonly there: Counterpart;
    readonly base: RunState | null;
    readonly parentId: string | null;
  }): Promise<{ readonly send: StringMap; readonly expect: StringMap }> {
    const { document, wanted, there, base, parentId } = options;
    const send: Record<string, string> = Object.create(null);
    const expect: Record<string, string> = Object.assign(Object.create(null), wanted.tags);
    const common = base?.common ?? null;
    const before = common === null ? null : wantedTags(common.tags, document, parentId);
    for (const { key, change } of mergeTags(before, wanted.tags, { ...there.run.tags, ...there.tags })) {
      const isOurs = key.startsWith("runstone.") || (common === null && this.#isOurs(there));
      if (change.kind === "send") {
        if (change.value !== null) send[key] = change.value;
        else await this.#session.calls.deleteTag(there.run.info.runId, key);
      } else if (change.kind === "conflict" && isOurs && change.mine !== null) send[key] = change.mine;
      else if (Object.hasOwn(expect, key)) {
        delete expect[key];
        if (change.kind === "conflict") this.#conflict("tag", key, change);
      }
    }
    return { send, expect };
  }

  /** A transfer of ours that did not come to its end: nobody else changed it on purpose. */
  #isOurs({ isNew }: Counterpart): boolean {
    return isNew || this.#task.state !== null;
  }

  async #sendPoints(options: {
    readonly document: RunDocument;
    /** They go along with the points of a fresh run. */
    readonly params: StringMap;
    readonly there: Counterpart;
    readonly base: RunState | null;
  }): Promise<PointSender> {
    const { document, params, there, base } = options;
    const sender = new PointSender({
      ...this.#target(there.run),
      location: this.#task.head.location,
      link: (key, point) => this.#link(key, point),
    });
    const keys = keysOf(document);
    const sentBefore = this.#session.live?.watermarks.get(document.info.runId);
    if (sentBefore !== undefined) await sender.sendNew({}, keys, sentBefore);
    else if (there.isFresh) {
      if (!(await sender.sendNew(params, keys, {}))) await sendValues(this.#target(there.run), params, {});
    } else if (base?.receipt != null && !this.#session.recheck)
      await sender.sendNew({}, keys, base.watermarks);
    else for (const key of keys) await sender.sendDifference(key);
    return sender;
  }

  /** Where things are sent, and who is told of them. */
  #target({ info }: Run) {
    return {
      calls: this.#session.calls,
      remoteRunId: info.runId,
      moved: (moved: Moved) => this.#move(moved),
      except: (text: string) => this.#lack(text),
    };
  }

  #link(key: string, { timestamp, value, step }: Point): Metric {
    return { key, timestamp, value, step };
  }

  async #sendModels(document: RunDocument, run: Run): Promise<ReadonlyMap<string, string | null>> {
    const { models, artifactLimit, signal } = this.#session;
    const target = { ...this.#target(run), limit: artifactLimit, signal };
    const sending = { session: this.#session, models, document, run, target };
    const ids = await sendModels(sending);
    await sendModelPoints(sending, ids);
    return ids;
  }

  async #sendFiles(
    document: RunDocument,
    wanted: WantedRecord,
    run: Run,
    base: RunState | null,
  ): Promise<StringMap> {
    const { withArtifacts, artifactLimit, signal, baseUrl, context, recheck } = this.#session;
    const known = base?.artifacts ?? {};
    const location = this.#task.head.location;
    const files: OutgoingFile[] = document.artifacts
      .filter(({ path, sha256 }) => recheck || known[path] !== sha256)
      .map((artifact) => ({ ...artifact, open: () => openArtifact(context, location, artifact) }));
    const long = wanted.longValues === null ? null : outgoingLongValues(wanted.longValues);
    if (long !== null && (recheck || known[long.path] !== long.sha256)) files.push(long);
    if (files.length === 0) return known;
    if (!withArtifacts) {
      this.#exceptions.push(ARTIFACTS_LEFT_OUT);
      return known;
    }
    const { path: place, reason } = artifactPlace(run.info.artifactUri, baseUrl);
    if (place === undefined) {
      this.#lack(`${ARTIFACTS_OUT_OF_REACH}${reason}.`);
      return known;
    }
    const target = { ...this.#target(run), place, limit: artifactLimit, signal };
    return { ...known, ...(await sendArtifacts(target, files)) };
  }

  /** Name, status and end time when all else is there; deletion last of all. */
  async #finish(options: {
    readonly document: RunDocument;
    readonly wanted: WantedRecord;
    readonly there: Counterpart;
    readonly base: RunState | null;
  }): Promise<void> {
    const { wanted, there, base } = options;
    const { calls } = this.#session;
    const { info } = there.run;
    const common = base?.common ?? null;
    const isOurs = common === null;
    const runName = this.#settle("runName", "name", isOurs ? info.runName : common.runName, {
      mine: wanted.runName,
      theirs: info.runName,
    });
    const status = this.#settle("status", "status", isOurs ? info.status : common.status, {
      mine: wanted.status,
      theirs: info.status,
    });
    const endTime = this.#settle("endTime", "end_time", isOurs ? info.endTime : common.endTime, {
      mine: wanted.endTime,
      theirs: info.endTime,
    });
    if (runName !== null || status !== null || endTime !== null)
      await calls.updateRun(info.runId, {
        runName: runName ?? undefined,
        status: status ?? undefined,
        endTime: endTime ?? undefined,
      });
    if (wanted.lifecycleStage === "deleted") await calls.deleteRun(info.runId);
  }

  /** What is to be set there; null: nothing. */
  #settle<Value extends string | number | bigint>(
    name: "runName" | "status" | "endTime",
    field: ConflictField,
    base: Value | null,
    { mine, theirs }: { readonly mine: Value | null; readonly theirs: Value | null },
  ): Value | null {
    const change = changeOf(base, mine, theirs);
    if (change.kind === "send") return change.value;
    if (change.kind === "same") return null;
    this.#leftAlone.add(name);
    if (change.kind === "conflict") this.#conflict(field, null, change);
    return null;
  }

  #conflict(
    field: ConflictField,
    key: string | null,
    sides: { readonly base: unknown; readonly mine: unknown; readonly theirs: unknown },
  ): void {
    const { base, mine, theirs } = sides;
    this.#conflicts.push({ field, key, base: textOf(base), mine: textOf(mine), theirs: textOf(theirs) });
  }

  /** Something of the run is not there. */
  #lack(sentence: string): void {
    this.#exceptions.push(sentence);
    this.#incomplete = true;
  }

  #move(moved: Moved): void {
    this.#moved = addMoved(this.#moved, moved);
    this.#session.onEvent({ type: "moved", runId: this.#task.head.runId, ...moved });
  }

  #over(runName: string, how: Pick<RunOutcome, "result"> & { readonly reason?: string }): PushResult {
    const outcome: RunOutcome = {
      runId: this.#task.head.runId,
      runName,
      remoteRunId: this.#task.state?.remoteRunId ?? null,
      ...how,
      conflicts: [],
      exceptions: [],
      incomplete: false,
      moved: NOTHING_MOVED,
    };
    return { kind: "over", outcome };
  }
}

export function emptyState(runId: string, remoteExperimentId: string): RunState {
  return {
    runId,
    remoteRunId: null,
    remoteExperimentId,
    localMark: null,
    remoteMark: null,
    common: null,
    watermarks: {},
    artifacts: {},
    receipt: null,
  };
}

function keysOf({ series }: RunDocument): readonly string[] {
  return [...new Set(series.map(({ key }) => key))];
}

function expectedArtifacts(
  document: RunDocument,
  { longValues }: WantedRecord,
  sent: StringMap,
): ExpectedRun["artifacts"] {
  const own = document.artifacts.filter(({ path, sha256 }) => sent[path] === sha256);
  const long = longValues === null ? null : outgoingLongValues(longValues);
  return long !== null && sent[LONG_VALUES_PATH] === long.sha256 ? [...own, long] : own;
}

function without(map: StringMap, keys: ReadonlySet<string>): StringMap {
  const kept: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(map)) if (!keys.has(key)) kept[key] = value;
  return kept;
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function isWithoutParent({ tags }: RunDocument, { receipt }: RunState): boolean {
  return lacksParent(parentOf(tags), receipt?.exceptions ?? []);
}
