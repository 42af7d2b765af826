/** What is known of a run after it was pulled: that both sides are equal, or what they had in common. */
import type { RunLocation } from "../../core/index.js";
import {
  type RunDocument,
  readRunDocument,
  readRunHead,
  readSeries,
  type SeriesMark,
} from "../../core/transfer/index.js";
import { OWN_TAG_PREFIX, type Run } from "../../store-format/index.js";
import { mergeTags } from "../engine/merge-tags.js";
import { ARTIFACTS_OUT_OF_REACH, type Refusal, tagsBesides } from "../engine/refusals.js";
import type { CommonRecord, Receipt, RunState } from "../engine/run-state.js";
import { commonBesides, NOTHING_KNOWN } from "../native/outcomes.js";
import type { Conflict } from "../state/index.js";
import { markFor, type PullTask } from "./pull-plan.js";
import type { PullSession } from "./pull-session.js";
import type { PulledArtifacts } from "./pulled-artifacts.js";
import { identityOf } from "./pulled-document.js";
import type { PulledPoints } from "./pulled-points.js";

export interface PulledRun {
  readonly task: PullTask;
  readonly run: Run;
  readonly location: RunLocation;
  /** The run here before; null: it is new. */
  readonly mine: RunDocument | null;
  readonly state: RunState | null;
  /** The run there, as it is to be here. */
  readonly document: RunDocument;
  readonly points: PulledPoints;
  readonly artifacts: PulledArtifacts;
  readonly conflicts: readonly Conflict[];
  readonly exceptions: readonly string[];
}

export function settlePulledRun(session: PullSession, pulled: PulledRun): void {
  const { context, state: states, hashes } = session;
  const { location, conflicts, task } = pulled;
  const watermarks = watermarksOf(location, [...pulled.points.counts.keys()]);
  const head = readRunHead(context, location);
  const { document: now } = readRunDocument(context, location, { hashes });
  const isEqual = conflicts.length === 0 && isAsThere(pulled, now);
  const before = states.run(task.id);
  const former = before?.remoteRunId ?? null;
  if (former !== null && former !== task.remoteRunId) session.moved.doubtChildren(task.id);
  const state: RunState = {
    runId: task.id,
    remoteRunId: task.remoteRunId,
    remoteExperimentId: task.remoteExperimentId,
    localMark: isEqual ? (head?.mark ?? null) : null,
    remoteMark: remoteMarkAfter(session, pulled),
    common: isEqual ? commonOf(now, refusedAfter(pulled)) : commonAfter(pulled),
    watermarks: isEqual ? watermarks : {},
    artifacts: { ...agreedArtifacts(pulled), ...pulled.artifacts.besides },
    refused: refusedAfter(pulled),
    receipt: isEqual ? receiptOf(session, pulled, now) : null,
  };
  states.save(state);
  if (isEqual) states.saw(task.id, task.mark);
  if (conflicts.length > 0 || [...states.conflicts(task.id)].length > 0)
    states.saveConflicts(task.id, conflicts);
  if (state.receipt !== null && (before?.receipt ?? null) === null)
    states.writeReceipt(state, session.commitReceipts ? location.directory : null);
}

/** A run that goes on, or is in conflict, is looked at the next time whatever a search tells of it. */
function remoteMarkAfter(
  { withArtifacts, isWantedArtifact }: PullSession,
  { task, run, conflicts }: PulledRun,
): string | null {
  const goesOn = run.info.status === "RUNNING" || run.info.status === "SCHEDULED";
  return goesOn || conflicts.length > 0
    ? null
    : markFor(task.mark, withArtifacts && isWantedArtifact === undefined);
}

/** Whether the remote has all that is here now. */
function isAsThere(pulled: PulledRun, now: RunDocument): boolean {
  const { document, points, mine, artifacts } = pulled;
  const tags = tagsBesides(now.tags, refusedAfter(pulled));
  if (!hasSameFields(document, { ...now, tags })) return false;
  // What a push has found that the server cannot hold does not make them differ.
  if (mine !== null && wasSynced(pulled, mine)) return true;
  if (mine !== null && points.lacks) return false;
  const isSubset = (own: Iterable<string>, theirs: Iterable<string>): boolean => {
    const there = new Set(theirs);
    return [...own].every((item) => there.has(item));
  };
  return (
    isSubset(Object.keys(now.params), Object.keys(document.params)) &&
    isSubset(now.inputs.datasetInputs.map(identityOf), document.inputs.datasetInputs.map(identityOf)) &&
    isSubset(modelsOf(now), modelsOf(document)) &&
    (artifacts.unreachable !== null ||
      isSubset(Object.entries(shasOf(now)).map(String), Object.entries(shasOf(document)).map(String)))
  );
}

function wasSynced({ state }: PulledRun, mine: RunDocument): boolean {
  const digest = mine.recordDigest;
  return state?.receipt?.recordDigest === digest && state.common?.recordDigest === digest;
}

/** What a push was refused counts as long as the run here is what was pushed. */
function refusedAfter(pulled: PulledRun): readonly Refusal[] {
  const { mine, state } = pulled;
  return mine !== null && wasSynced(pulled, mine) ? (state?.refused ?? []) : [];
}

function hasSameFields(a: RunDocument, b: RunDocument): boolean {
  const fields = ["runName", "status", "endTime", "lifecycleStage"] as const;
  if (fields.some((field) => a.info[field] !== b.info[field])) return false;
  return mergeTags(null, a.tags, b.tags).every(({ key }) => key.startsWith(OWN_TAG_PREFIX));
}

function modelsOf({ inputs, outputs }: RunDocument): readonly string[] {
  return [
    ...inputs.modelInputs.map(({ modelId }) => `used ${modelId}`),
    ...outputs.map(({ modelId, step }) => `made ${modelId} ${step}`),
  ];
}

function commonAfter({ document, state, conflicts }: PulledRun): CommonRecord {
  return commonBesides(commonOf(document, []), state?.common ?? NOTHING_KNOWN, conflicts);
}

function commonOf({ info, tags, recordDigest }: RunDocument, refused: readonly Refusal[]): CommonRecord {
  const { runName, status, endTime, lifecycleStage } = info;
  return { recordDigest, tags: tagsBesides(tags, refused), runName, status, endTime, lifecycleStage };
}

function receiptOf(session: PullSession, pulled: PulledRun, now: RunDocument): Receipt {
  const { document, points, artifacts, state, exceptions } = pulled;
  const former = pulled.mine !== null && wasSynced(pulled, pulled.mine) ? state?.receipt : null;
  const unreachable =
    artifacts.unreachable === null ? [] : [`${ARTIFACTS_OUT_OF_REACH}${artifacts.unreachable}.`];
  return {
    verifiedTime: session.now(),
    recordDigest: now.recordDigest,
    params: Object.keys(document.params).length,
    tags: Object.keys(document.tags).length,
    points: [...points.counts.values()].reduce((sum, count) => sum + count, 0),
    artifacts: document.artifacts.length,
    hashedArtifacts: Math.min(
      document.artifacts.length,
      artifacts.bytes.size + (former?.hashedArtifacts ?? 0),
    ),
    exceptions: [...new Set([...(former?.exceptions ?? []), ...exceptions, ...unreachable])],
  };
}

/** How far the points here are known to be there, as they lie in the files now. */
function watermarksOf(location: RunLocation, keys: readonly string[]): Record<string, SeriesMark> {
  const marks: Record<string, SeriesMark> = Object.create(null);
  for (const key of keys) for (const { mark } of readSeries(location, key).chunks) marks[key] = mark;
  return marks;
}

/** What the remote has; of what is in conflict, what both had before. */
function agreedArtifacts({ document, conflicts, state }: PulledRun): Record<string, string> {
  const agreed = shasOf(document);
  for (const { field, key } of conflicts) {
    if (field !== "artifact" || key === null) continue;
    delete agreed[key];
    const before = state?.artifacts[key];
    if (before !== undefined) agreed[key] = before;
  }
  return agreed;
}

function shasOf({ artifacts }: RunDocument): Record<string, string> {
  return Object.fromEntries(artifacts.map(({ path, sha256 }) => [path, sha256]));
}
