/** What all runs of one pull share. */
import type { LimitFunction } from "p-limit";
import type { StoreContext } from "../../core/index.js";
import type { ArtifactHashes } from "../../core/transfer/index.js";
import type { OnSyncEvent } from "../engine/progress.js";
import type { RemoteState, RemoteStateView } from "../state/index.js";
import type { Spool } from "./artifact-spool.js";
import type { MlflowCalls } from "./calls.js";
import type { LocalModels } from "./local-models.js";
import type { MovedRuns } from "./moved-runs.js";
import type { PulledHistories } from "./pull-histories.js";
import type { PulledExperiment, PulledExperiments } from "./pulled-experiments.js";

/** As far as runs are only read. */
export interface PullReading {
  readonly context: StoreContext;
  readonly calls: MlflowCalls;
  /** The server's address. */
  readonly baseUrl: string;
  readonly state: RemoteStateView;
  readonly experiments: { get(remoteId: string): PulledExperiment | undefined };
  /** Id there -> id here. */
  readonly localIds: ReadonlyMap<string, string>;
  readonly histories: PulledHistories;
  readonly hashes: ArtifactHashes;
  readonly models: LocalModels;
  readonly artifactLimit: LimitFunction;
  readonly withArtifacts: boolean;
  /** Undefined: all of them. */
  readonly isWantedArtifact: ((path: string) => boolean) | undefined;
  readonly includeDeleted: boolean;
  /** Believes neither marks nor sizes. */
  readonly recheck: boolean;
  readonly onEvent: OnSyncEvent;
  /** For the artifacts of one run. */
  newSpool(): Spool;
  now(): number;
}

export interface PullSession extends PullReading {
  readonly state: RemoteState;
  readonly experiments: PulledExperiments;
  readonly moved: MovedRuns;
  readonly signal: AbortSignal | undefined;
  /** Writes the receipt into the run's directory, too. */
  readonly commitReceipts: boolean;
}
