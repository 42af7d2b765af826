/** What all runs of one pull share. */
import type { LimitFunction } from "p-limit";
import type { StoreContext } from "../../core/index.js";
import type { ArtifactHashes } from "../../core/transfer/index.js";
import type { OnSyncEvent } from "../engine/progress.js";
import type { RemoteState } from "../state/index.js";
import type { MlflowCalls } from "./calls.js";
import type { LocalModels } from "./local-models.js";
import type { MovedRuns } from "./moved-runs.js";
import type { PulledHistories } from "./pull-histories.js";
import type { PulledExperiments } from "./pulled-experiments.js";

export interface PullSession {
  readonly context: StoreContext;
  readonly calls: MlflowCalls;
  /** The server's address. */
  readonly baseUrl: string;
  readonly state: RemoteState;
  readonly experiments: PulledExperiments;
  /** Id there -> id here. */
  readonly localIds: ReadonlyMap<string, string>;
  readonly histories: PulledHistories;
  readonly moved: MovedRuns;
  readonly hashes: ArtifactHashes;
  readonly models: LocalModels;
  readonly artifactLimit: LimitFunction;
  readonly signal: AbortSignal | undefined;
  readonly withArtifacts: boolean;
  /** Undefined: all of them. */
  readonly isWantedArtifact: ((path: string) => boolean) | undefined;
  readonly includeDeleted: boolean;
  /** Believes neither marks nor sizes. */
  readonly recheck: boolean;
  /** Writes the receipt into the run's directory, too. */
  readonly commitReceipts: boolean;
  readonly onEvent: OnSyncEvent;
  now(): number;
}
