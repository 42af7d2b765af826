/** One run on its way to the server: each step can be repeated, the last ones are status and deletion. */
import {
  type LocalRunHead,
  type RunDocument,
  readRunDocument,
  readRunHead,
} from "../../core/transfer/index.js";
import type { Metric, Point, Run, RunstoneError, StringMap } from "../../store-format/index.js";
import { absentParent, isAsSynced, lacksParent } from "../engine/compare-state.js";
import type { RunTask } from "../engine/plan.js";
import type { Moved } from "../engine/progress.js";
import { hasExceptions, type Refusal, Refusals, type RefusedThing } from "../engine/refusals.js";
import { NOTHING_MOVED, type RunOutcome } from "../engine/report.js";
import { emptyState, type RunState } from "../engine/run-state.js";
import type { Conflict } from "../state/index.js";
import { type Counterpart, findOrMakeCounterpart, mayWrite } from "./counterpart.js";
import type { ExpectedRun } from "./expected-run.js";
import { finishRun } from "./finish-run.js";
import { oddPointTags } from "./odd-points.js";
import type { PushSession } from "./push-session.js";
import { paramsToSend, tagsToSend } from "./record-to-send.js";
import { RunContents } from "./run-contents.js";
import { expectedArtifacts, sendFiles } from "./send-files.js";
import { sendInputs } from "./send-inputs.js";
import { sendModelPoints, sendModels } from "./send-models.js";
import { PointSender, type Watermarks } from "./send-points.js";
import { sendValues } from "./send-values.js";
import { settleParent } from "./settle-parent.js";
import { TransferNotes } from "./transfer-notes.js";
import { parentOf, type WantedRecord, wantedRecord } from "./wanted-record.js";

/** A run whose transfer is over; it is not synced before it was read back. */
export interface SentRun {
  readonly head: LocalRunHead;
  readonly expected: ExpectedRun;
  readonly watermarks: Watermarks;
  readonly artifacts: StringMap;
  readonly conflicts: readonly Conflict[];
  readonly exceptions: readonly string[];
  readonly incomplete: boolean;
  /** What is not there. */
  readonly refused: readonly Refusal[];
  readonly moved: Required<Moved>;
  /** It was made by this push. */
  readonly isNew: boolean;
}

interface PushOver {
  readonly kind: "over";
  readonly outcome: RunOutcome;
}

export type PushResult = PushOver | { readonly kind: "sent"; readonly sent: SentRun };

/** Throws `RunstoneError`; what was sent until then stays, and is found again. */
export function pushRun(session: PushSession, task: RunTask): Promise<PushResult> {
  return new RunPush(session, task).push();
}

/** What one transfer works with. */
interface Transfer {
  readonly document: RunDocument;
  readonly wanted: WantedRecord;
  readonly there: Counterpart;
  /** The journal's state of this very run there; null: it knows none. */
  readonly base: RunState | null;
  readonly parentId: string | null;
  /** The parent that the run there names was set by a push. */
  readonly isParentOurs: boolean;
  readonly contents: RunContents;
  /** What that run there refused before, and is as it was. */
  readonly refused: Refusals;
}

class RunPush {
  readonly #session: PushSession;
  readonly #task: RunTask;
  readonly #notes: TransferNotes;

  constructor(session: PushSession, task: RunTask) {
    this.#session = session;
    this.#task = task;
    const { runId } = task.head;
    this.#notes = new TransferNotes((moved) => session.onEvent({ type: "moved", runId, ...moved }));
  }

  async push(): Promise<PushResult> {
    const { context, hashes, onEvent, withArtifacts } = this.#session;
    const { location } = this.#task.head;
    const head = readRunHead(context, location);
    if (head === null) return this.#over("", { result: "skipped", reason: "it is gone here" });
    const { document, damages, changing } = readRunDocument(context, location, { hashes });
    const { runName, lifecycleStage } = document.info;
    const state = this.#knownState(document);
    const isOpen = this.#session.state.conflicts(head.runId).length > 0;
    if (!this.#session.recheck && !isOpen && isAsSynced(document, state, withArtifacts)) {
      if (state !== null && changing.length === 0 && !isWithoutParent(document, state))
        this.#session.state.save({ ...state, localMark: head.mark });
      return this.#unchanged(runName, state);
    }
    if (lifecycleStage === "deleted" && !this.#session.includeDeleted)
      return this.#over(runName, { result: "skipped", reason: "it is deleted here" });
    onEvent({ type: "begin", runId: head.runId, runName });
    for (const { path, reason } of damages.filter(({ severity }) => severity === "lost"))
      this.#notes.lack(`${path}: ${reason.replace(/\.$/, "")}.`);
    for (const path of changing) this.#notes.lack(`The artifact '${path}' was being written.`);
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
    const notes = this.#notes;
    const { experimentId } = await this.#session.experiments.ensure(document.experimentName);
    const parentId = this.#parentId(document.tags);
    const odd = oddPointTags(this.#task.head.location, keysOf(document));
    const wanted = wantedRecord(document, parentId, odd);
    for (const sentence of wanted.exceptions) notes.except(sentence);
    const quest = { task: this.#task, experimentId, wanted, state, notes };
    const there = await findOrMakeCounterpart(this.#session, quest);
    const { run } = there;
    const isDeletedThere = run.info.lifecycleStage === "deleted";
    if (isDeletedThere && !(await mayWrite(this.#session, run, { document, state })))
      return this.#over(document.info.runName, { result: "skipped", reason: "it is deleted there" });
    const base = state?.remoteRunId === run.info.runId ? state : null;
    const parent = await settleParent(this.#session, { document, run, parentId });
    this.#begin(base, run);
    const agreed = parent.parentId === parentId ? wanted : wantedRecord(document, parent.parentId, odd);
    const contents = new RunContents(document, agreed);
    const { expected, watermarks, artifacts } = await this.#send({
      ...{ document, there, base, parentId: parent.parentId, isParentOurs: parent.isOurs },
      ...{ wanted: agreed, contents },
      refused: this.#session.recheck ? new Refusals() : contents.standing(base),
    });
    const { conflicts, exceptions, incomplete, moved } = notes;
    return {
      kind: "sent",
      sent: {
        ...{ head, expected, watermarks, artifacts, conflicts, exceptions, incomplete, moved },
        refused: notes.refused.list,
        isNew: there.isNew,
      },
    };
  }

  async #send(transfer: Transfer): Promise<Pick<SentRun, "expected" | "watermarks" | "artifacts">> {
    const { document, wanted, there, base, refused } = transfer;
    const { calls } = this.#session;
    const { run } = there;
    const notes = this.#notes;
    const { location } = this.#task.head;
    const refuse = this.#refuser(transfer);
    for (const refusal of refused.list) if (isAskedByItself(refusal)) notes.refuse(refusal);
    const record = await this.#sendRecord(transfer);
    const sender = await this.#sendPoints(transfer);
    const datasetInputs = await sendInputs(calls, { document, run, refused, refuse });
    const modelIds = await this.#sendModels(transfer);
    const known = base?.artifacts ?? {};
    // In a push that goes on, what is there and was not sent is somebody else's from the second round on.
    const goesOn = this.#session.live?.watermarks.has(document.info.runId) === true;
    const wasSynced = goesOn || base?.receipt != null;
    const files = { location, document, wanted, run, known, wasSynced, refused, notes, refuse };
    const artifacts = await sendFiles(this.#session, files);
    const common = base?.common ?? null;
    await finishRun(calls, { wanted, run, common, isUnclear: this.#isUnclear, notes });
    const metrics = notes.refused.keys("metric");
    const expected: ExpectedRun = {
      ...{ runId: document.info.runId, location, document, wanted, datasetInputs },
      params: without(record.params, notes.refused.keys("param")),
      tags: without(record.tags, notes.refused.keys("tag")),
      remoteRunId: run.info.runId,
      remoteExperimentId: run.info.experimentId,
      leftAlone: notes.leftAlone,
      keys: keysOf(document).filter((key) => !metrics.has(key)),
      keysWithNan: sender.keysWithNan,
      modelIds: new Map([...modelIds].filter(([, remoteId]) => remoteId !== null)),
      refusedModels: notes.refused.keys("model"),
      artifacts: expectedArtifacts(files, artifacts),
    };
    return { expected, watermarks: { ...oldMarks(transfer), ...sender.watermarks }, artifacts };
  }

  #refuser({ contents }: Pick<Transfer, "contents">) {
    return (what: RefusedThing, key: string, error: RunstoneError): void =>
      this.#notes.refuse({
        ...{ what, key, sha256: contents.of(what, key) ?? "" },
        sentence: refusalSentence(what, key, error),
      });
  }

  /** The id there of the parent; its transfer began before this one's. */
  #parentId(tags: StringMap): string | null {
    const parent = parentOf(tags);
    const parentId = this.#parentThere(tags);
    if (parent !== null && parentId === null) this.#notes.except(absentParent(parent));
    return parentId;
  }

  #parentThere(tags: StringMap): string | null {
    const parent = parentOf(tags);
    return parent === null ? null : (this.#session.state.run(parent)?.remoteRunId ?? null);
  }

  /** From here on the run there may differ from what the journal knows until it was read back. */
  #begin(base: RunState | null, { info }: Run): void {
    const { moved } = this.#session;
    const former = this.#task.state?.remoteRunId ?? null;
    if (former !== null && former !== info.runId) moved.doubtChildren(this.#task.head.runId);
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
  async #sendRecord(transfer: Transfer): Promise<{ readonly params: StringMap; readonly tags: StringMap }> {
    const { wanted, there, refused: before } = transfer;
    const target = this.#target(transfer);
    const params = paramsToSend(wanted, there.run, this.#notes);
    const isOurs = there.isNew || (this.#task.state !== null && !this.#isUnclear);
    const tags = tagsToSend({ ...transfer, isOurs }, this.#notes);
    for (const key of tags.remove) await target.calls.deleteTag(target.remoteRunId, key);
    const missing = there.isFresh ? {} : without(params.send, before.keys("param"));
    const refused = await sendValues(target, missing, without(tags.send, before.keys("tag")));
    return {
      params: without(without(wanted.params, params.inConflict), new Set(Object.keys(refused.params))),
      tags: without(tags.expect, new Set(Object.keys(refused.tags))),
    };
  }

  /** Nobody knows which side changed what differs. */
  get #isUnclear(): boolean {
    return this.#task.state?.isUnclear === true;
  }

  async #sendPoints(transfer: Transfer): Promise<PointSender> {
    const { document, wanted, there, base, refused } = transfer;
    const { params } = wanted;
    const target = this.#target(transfer);
    const sender = new PointSender({ ...target, location: this.#task.head.location, link: plainMetric });
    const settled = refused.keys("metric");
    const keys = keysOf(document).filter((key) => !settled.has(key));
    const sentBefore = this.#session.live?.watermarks.get(document.info.runId);
    if (sentBefore !== undefined) await sender.sendNew({}, keys, sentBefore);
    else if (there.isFresh) {
      if (!(await sender.sendNew(params, keys, {}))) await sendValues(target, params, {});
    } else if (base?.receipt != null && !this.#session.recheck) {
      // Of a series of which something was refused, what is there is not its beginning.
      const broken = new Refusals(base.refused).keys("metric");
      const whole = keys.filter((key) => !broken.has(key));
      await sender.sendNew({}, whole, base.watermarks);
      for (const key of keys) if (broken.has(key)) await sender.sendDifference(key);
    } else for (const key of keys) await sender.sendDifference(key);
    return sender;
  }

  /** Where things are sent, and who is told of them. */
  #target({ there, contents }: Pick<Transfer, "there" | "contents">) {
    return {
      calls: this.#session.calls,
      remoteRunId: there.run.info.runId,
      moved: (moved: Moved) => this.#notes.move(moved),
      except: (text: string) => this.#notes.lack(text),
      refuse: this.#refuser({ contents }),
    };
  }

  async #sendModels(transfer: Transfer): Promise<ReadonlyMap<string, string | null>> {
    const { document, there } = transfer;
    const { models, artifactLimit, signal } = this.#session;
    const target = { ...this.#target(transfer), limit: artifactLimit, signal };
    const refuseModel = (key: string, sentence: string): void =>
      this.#notes.refuse({ what: "model", key, sha256: "", sentence });
    const sending = { session: this.#session, models, document, run: there.run, target, refuseModel };
    const ids = await sendModels(sending);
    await sendModelPoints(sending, ids);
    return ids;
  }

  /** What is told of it is what its receipt says. */
  #unchanged(runName: string, state: RunState | null): PushOver {
    const { outcome } = this.#over(runName, { result: "unchanged" });
    const incomplete = hasExceptions(state, this.#session.withArtifacts);
    const exceptions = incomplete ? (state?.receipt?.exceptions ?? []) : [];
    return { kind: "over", outcome: { ...outcome, incomplete, exceptions } };
  }

  #over(runName: string, how: Pick<RunOutcome, "result"> & { readonly reason?: string }): PushOver {
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

function keysOf({ series }: RunDocument): readonly string[] {
  return [...new Set(series.map(({ key }) => key))];
}

function without(map: StringMap, keys: ReadonlySet<string>): StringMap {
  const kept: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(map)) if (!keys.has(key)) kept[key] = value;
  return kept;
}

/** How far the points went that are not asked for again. */
function oldMarks({ base, refused }: Transfer): Watermarks {
  const keys = refused.keys("metric");
  return Object.fromEntries(Object.entries(base?.watermarks ?? {}).filter(([key]) => keys.has(key)));
}

/** The others are found again on the way. */
function isAskedByItself({ what }: Refusal): boolean {
  return what !== "model" && what !== "other";
}

function refusalSentence(what: RefusedThing, key: string, { message }: RunstoneError): string {
  if (what === "metric") return `Points of the metric '${key}' are not there: ${message}.`;
  return `The ${what} '${key.split("\n")[0]}' is not there: ${message}.`;
}

function plainMetric(key: string, { timestamp, value, step }: Point): Metric {
  return { key, timestamp, value, step };
}

function isWithoutParent({ tags }: RunDocument, { receipt }: RunState): boolean {
  return lacksParent(parentOf(tags), receipt?.exceptions ?? []);
}
