/** What a verification holds against each other: a run as it should be there, and what was found. */
import type { RunLocation } from "../../core/index.js";
import type { ArtifactHead, RunDocument } from "../../core/transfer/index.js";
import type { DatasetInput, Run, StringMap } from "../../store-format/index.js";
import type { WantedRecord } from "./wanted-record.js";

/** One thing that is not there as it should be. */
export interface Difference {
  readonly what: "run" | "param" | "tag" | "metric" | "input" | "output" | "artifact" | "model";
  readonly key: string;
  /** What is wrong with it: `is missing`. */
  readonly problem: string;
}

/** A run as it is to be found there. */
export interface ExpectedRun {
  readonly runId: string;
  readonly location: RunLocation;
  readonly document: RunDocument;
  readonly remoteRunId: string;
  readonly remoteExperimentId: string;
  readonly wanted: WantedRecord;
  /** Tags that must be there with these values. */
  readonly tags: StringMap;
  readonly params: StringMap;
  /** Fields that somebody changed there on purpose, or that are in conflict. */
  readonly leftAlone: ReadonlySet<"runName" | "status" | "endTime" | "lifecycleStage">;
  /** Keys of metrics that are looked at. */
  readonly keys: readonly string[];
  /** Of these the server writes NaN as no JSON has it when it answers for many runs. */
  readonly keysWithNan: ReadonlySet<string>;
  /** Id there of a logged model here; null: it is not there. Undefined as a whole: they are looked up. */
  readonly modelIds: ReadonlyMap<string, string | null> | undefined;
  /** Logged models that are known not to be there. */
  readonly refusedModels: ReadonlySet<string>;
  readonly datasetInputs: readonly DatasetInput[];
  readonly artifacts: readonly ArtifactHead[];
}

export interface VerifiedRun {
  readonly run: Run | null;
  readonly differences: readonly Difference[];
  /** What the server cannot hold as it is, found out by reading it back. */
  readonly exceptions: readonly string[];
  /** Its record and its points there are those here, and nothing more. */
  readonly isSame: boolean;
  readonly points: number;
  /** Artifacts that were looked at. */
  readonly artifacts: number;
  readonly hashedArtifacts: number;
}
