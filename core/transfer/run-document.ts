/** A run as it travels between stores: all of its record but the points and the bytes of its artifacts. */
import type { DatasetRef, ModelOutput, RunInfo, RunInputs, StringMap } from "../../store-format/index.js";

/** The points of one key (and of one dataset they are linked to, if any) as a set. */
export interface SeriesHead {
  readonly key: string;
  readonly dataset?: DatasetRef;
  /** Different points. */
  readonly count: number;
  /** As in the record digest (SPEC.md). */
  readonly sha256: string;
}

export interface ArtifactHead {
  /** Relative to the run's artifacts, `/` between components. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** The record has it and its bytes are not here: left out of Git, or not fetched yet. */
  readonly absent?: true;
}

export interface RunDocument {
  readonly info: RunInfo;
  /** Experiments are the same in two stores when their names are. */
  readonly experimentName: string;
  readonly params: StringMap;
  readonly tags: StringMap;
  readonly series: readonly SeriesHead[];
  readonly inputs: RunInputs;
  readonly outputs: readonly ModelOutput[];
  readonly artifacts: readonly ArtifactHead[];
  readonly recordDigest: string;
}

/** Enough to tell whether a run has to be looked at, without reading its record. */
export interface RunHead {
  readonly runId: string;
  readonly experimentId: string;
  /**
   * Changes whenever a file of the run's record, its status or its artifacts change; says nothing between stores.
   * null: it cannot be told from outside, look at the run.
   */
  readonly mark: string | null;
  /** Of a sealed run that was not changed since. */
  readonly recordDigest: string | null;
}
