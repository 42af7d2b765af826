/** What all runs of one push share. */
import type { LimitFunction } from "p-limit";
import type { StoreContext } from "../../core/index.js";
import type { ArtifactHashes } from "../../core/transfer/index.js";
import type { OnSyncEvent } from "../engine/progress.js";
import type { RemoteState } from "../state/index.js";
import type { MlflowCalls } from "./calls.js";
import type { RemoteExperiments } from "./experiments.js";
import type { RemoteRunRef } from "./find-runs.js";
import type { LocalModels } from "./local-models.js";
import type { MovedRuns } from "./moved-runs.js";
import type { Watermarks } from "./send-points.js";
import type { HashChoice } from "./verify-artifacts.js";

/** What pushes that follow each other while runs run know of what they sent. */
export interface LiveRuns {
  /** Run id -> what the server has of its series. */
  readonly watermarks: Map<string, Watermarks>;
  readonly hashes: ArtifactHashes;
  /** Run id -> path -> size of the artifacts that were sent. */
  readonly sizes: Map<string, Map<string, number>>;
}

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
  /** Nothing is sent, so nothing can be read back. */
  readonly isRehearsal: boolean;
  readonly moved: MovedRuns;
  /** Set in a push that goes on while runs run. */
  readonly live: LiveRuns | undefined;
  readonly onEvent: OnSyncEvent;
  /** What concerns no run alone, or the remote: one sentence. */
  readonly onNote: (message: string) => void;
  now(): number;
}
