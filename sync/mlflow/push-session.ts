/** What all runs of one push share. */
import type { LimitFunction } from "p-limit";
import type { StoreContext } from "../../core/index.js";
import type { ArtifactHashes, LocalRunHead } from "../../core/transfer/index.js";
import type { PoolTask } from "../engine/pool.js";
import type { OnSyncEvent } from "../engine/progress.js";
import type { RunState } from "../engine/run-state.js";
import type { RemoteState } from "../state/index.js";
import type { MlflowCalls } from "./calls.js";
import type { RemoteExperiments } from "./experiments.js";
import type { RemoteRunRef } from "./find-runs.js";
import type { LocalModels } from "./local-models.js";
import type { HashChoice } from "./verify-artifacts.js";

export interface PushSession {
  readonly context: StoreContext;
  readonly calls: MlflowCalls;
  /** The server's address. */
  readonly baseUrl: string;
  readonly state: RemoteState;
  readonly experiments: RemoteExperiments;
  /** Counterparts that were found before the first transfer, by the id here. */
  readonly counterparts: Map<string, readonly RemoteRunRef[]>;
  readonly hashes: ArtifactHashes;
  readonly models: LocalModels;
  /** Ids there of logged models here, of those that this push has met. */
  readonly modelIds: Map<string, Promise<string | null>>;
  readonly artifactLimit: LimitFunction;
  readonly signal: AbortSignal | undefined;
  readonly withArtifacts: boolean;
  readonly includeDeleted: boolean;
  /** Looks at runs whose journal says that they are the same, and trusts no watermark. */
  readonly recheck: boolean;
  readonly hash: HashChoice;
  readonly onEvent: OnSyncEvent;
  now(): number;
}

export interface RunTask extends PoolTask {
  readonly head: LocalRunHead;
  readonly state: RunState | null;
}
