/** What is known about a run and its counterpart at one remote: one line of the state journal. */
import type { CommonRecord as MergedRecord } from "../../core/transfer/index.js";
import type { StringMap } from "../../store-format/index.js";
import type { Refusal } from "./refusals.js";

/** The record both sides had when they were last equal; three-way merges start from it. */
export interface CommonRecord extends MergedRecord {
  readonly recordDigest: string;
}

/** What the remote was seen to hold. Written last. */
export interface Receipt {
  /** Milliseconds since 1970. */
  readonly verifiedTime: number;
  readonly recordDigest: string;
  readonly params: number;
  readonly tags: number;
  readonly points: number;
  readonly artifacts: number;
  /** Artifacts whose bytes the remote gave back and whose hash was right; the others were compared by size. */
  readonly hashedArtifacts: number;
  /** What the remote cannot hold as it is, and what became of it: one sentence each. */
  readonly exceptions: readonly string[];
}

export interface RunState {
  readonly runId: string;
  /** Written before the run is created there: `null` means that it may or may not be there, so search for it first. */
  readonly remoteRunId: string | null;
  readonly remoteExperimentId: string | null;
  /** `RunHead.mark` of the local run when it was last seen equal. */
  readonly localMark: string | null;
  /** The remote's own mark of its run then. */
  readonly remoteMark: string | null;
  readonly common: CommonRecord | null;
  /** Points the remote is known to hold: key -> how many, in the order of the local file, and the hash of their records. */
  readonly watermarks: Readonly<Record<string, { readonly count: number; readonly sha256: string }>>;
  /** Artifacts the remote is known to hold: path -> SHA-256. */
  readonly artifacts: StringMap;
  readonly receipt: Receipt | null;
  /** What of the run is not there, and not asked again as long as it is as it was; absent: nothing. */
  readonly refused?: readonly Refusal[];
  /** The remote lost something: where its record differs from ours, nobody knows which side changed it. */
  readonly isUnclear?: true;
}

/** Of a run of which nothing is known there but the experiment. */
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
