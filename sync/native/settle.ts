/** What is written about a run once both sides were looked at: its state, and the receipt of what the remote was seen to hold. */
import type { WireCheck, WireDocument } from "../../protocol/index.js";
import type { CommonRecord, Receipt, RunState } from "../engine/run-state.js";
import type { Direction } from "./plan.js";

/** Whether two sides have the same of a run. What `runstone.*` tags say of where it was made does not count. */
export function isEqual(a: WireCheck, b: WireCheck): boolean {
  return (
    a.recordDigest === b.recordDigest &&
    a.runName === b.runName &&
    a.status === b.status &&
    a.endTime === b.endTime &&
    a.lifecycleStage === b.lifecycleStage
  );
}

/** As {@link isEqual}, with what both had when they were last equal. */
export function isAsCommon(check: WireCheck, common: CommonRecord | null): boolean {
  return common !== null && isEqual(check, { ...check, ...common });
}

export interface Looked {
  readonly document: WireDocument;
  readonly local: WireCheck;
  readonly remote: WireCheck;
  readonly remoteExperimentId: string;
}

export interface SettleOptions {
  readonly now: number;
  /** Artifacts were left out of the transfer. */
  readonly withArtifacts: boolean;
  readonly exceptions: readonly string[];
}

/** Of a run that both sides have alike. */
export function stateOfEqual(looked: Looked, options: SettleOptions): RunState {
  const { document, local, remote, remoteExperimentId } = looked;
  const hasBytes = options.withArtifacts && remote.absent <= local.absent;
  const isAll = hasBytes || !hasFiles(document);
  return {
    runId: local.runId,
    remoteRunId: remote.runId,
    remoteExperimentId,
    localMark: isAll ? local.mark : null,
    remoteMark: isAll ? remote.mark : null,
    common: commonOf(document),
    watermarks: {},
    artifacts: artifactsOf(document, options.withArtifacts && remote.absent === 0),
    receipt: receiptOf(document, { ...options, withArtifacts: options.withArtifacts && remote.absent === 0 }),
  };
}

/** Of its own, or of logged models that come with it. */
function hasFiles({ artifacts, inputs, outputs }: WireDocument): boolean {
  return artifacts.length > 0 || inputs.modelInputs.length > 0 || outputs.length > 0;
}

export interface PartOptions extends SettleOptions {
  readonly direction: Direction;
  readonly former: RunState | null;
}

/**
 * Of a run of which one side has more than the other: after a push it was all sent, after a pull all fetched, and what the
 * other side has besides is looked at by the sync that goes the other way.
 */
export function stateOfPart(looked: Looked, options: PartOptions): RunState {
  const equal = stateOfEqual(looked, options);
  const { direction, former, exceptions } = options;
  if (direction === "push" && equal.receipt !== null) {
    const sentence = "The remote has more of this run than is here: a pull brings it.";
    const receipt = { ...equal.receipt, exceptions: [...exceptions, sentence] };
    return { ...equal, remoteMark: null, receipt };
  }
  return { ...equal, localMark: null, receipt: former?.receipt ?? null };
}

export function commonOf({ info, tags, recordDigest }: WireDocument): CommonRecord {
  const { runName, status, endTime, lifecycleStage } = info;
  return { recordDigest, tags, runName, status, endTime, lifecycleStage };
}

function artifactsOf({ artifacts }: WireDocument, withArtifacts: boolean): Record<string, string> {
  const sent = withArtifacts ? artifacts.filter(({ absent }) => absent !== true) : [];
  return Object.fromEntries(sent.map(({ path, sha256 }) => [path, sha256]));
}

function receiptOf(document: WireDocument, { now, withArtifacts, exceptions }: SettleOptions): Receipt {
  const { params, tags, series, artifacts, recordDigest } = document;
  const hashed = withArtifacts ? artifacts.filter(({ absent }) => absent !== true).length : 0;
  return {
    verifiedTime: now,
    recordDigest,
    params: Object.keys(params).length,
    tags: Object.keys(tags).length,
    points: series.reduce((sum, { count }) => sum + count, 0),
    artifacts: hashed,
    hashedArtifacts: hashed,
    exceptions,
  };
}
