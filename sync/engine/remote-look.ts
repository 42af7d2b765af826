/** What a look at a remote tells: in few requests, against what is known of it, and without reading runs that are the same. */
import {
  findRun,
  listRunLocations,
  type RunLocation,
  readRunInfo,
  type StoreContext,
} from "../../core/index.js";
import { isRunstoneError, type RunInfo } from "../../store-format/index.js";
import type { RemoteStateView } from "../state/index.js";

export interface RunThere {
  readonly runId: string;
  readonly runName: string;
  /** `changed`: a pull would read it. `gone`: it was there, and is not any more, or is deleted. */
  readonly change: "new" | "changed" | "gone";
}

export interface RemoteLook {
  /** Those that are not as they were known. */
  readonly runs: readonly RunThere[];
  /** Ids here of all that were seen. */
  readonly seen: { has(runId: string): boolean };
  readonly requests: number;
}

export interface LookOptions {
  /** Ids of experiments here; default: every one. */
  readonly experimentIds?: readonly string[] | undefined;
  /** Their names here. */
  readonly experimentNames?: ReadonlySet<string> | undefined;
  readonly experiments: { readonly map: ReadonlyMap<string, string>; readonly prefix: string };
  readonly withArtifacts: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface LookParties {
  readonly context: StoreContext;
  readonly state: RemoteStateView;
}

/** Runs here that the remote is known to have had, and that were not seen there. */
export function goneThere(
  { context, state }: LookParties,
  { experimentIds }: Pick<LookOptions, "experimentIds">,
  seen: RemoteLook["seen"],
): readonly RunThere[] {
  const chosen = experimentIds === undefined ? null : new Set(experimentIds);
  const gone: RunThere[] = [];
  for (const location of listRunLocations(context)) {
    const { runId, experimentId } = location;
    if (seen.has(runId) || chosen?.has(experimentId) === false) continue;
    if ((state.marks(runId)?.remoteRunId ?? null) === null) continue;
    const info = infoOf(location);
    if (info?.lifecycleStage !== "deleted")
      gone.push({ runId, runName: info?.runName ?? "", change: "gone" });
  }
  return gone;
}

export function isDeletedHere(context: StoreContext, runId: string): boolean {
  const location = findRun(context, runId);
  return location !== null && infoOf(location)?.lifecycleStage === "deleted";
}

/** Null: it is damaged. */
function infoOf(location: RunLocation): RunInfo | null {
  try {
    return readRunInfo(location);
  } catch (error) {
    if (isRunstoneError(error, "DAMAGED")) return null;
    throw error;
  }
}
