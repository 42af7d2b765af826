/** Snapshots as runs take them: what fails is told, never thrown into a run. */
import { type Missing, reasonOf } from "../../capture/missing.js";
import { type BuildOptions, buildSnapshot } from "./build-snapshot.js";
import { keepSnapshotOfRun } from "./keep-of-run.js";
import { DEFAULT_SNAPSHOT_LIMITS, type Snapshot, type SnapshotLimits } from "./snapshot.js";

export interface PrepareOptions extends Omit<BuildOptions, "limits"> {
  readonly limits?: Partial<SnapshotLimits> | undefined;
  /** For all of it; default 20 seconds. */
  readonly timeoutMs?: number;
}

export interface PreparedSnapshot {
  /** Null when none could be taken. */
  readonly snapshot: Snapshot | null;
  readonly missing: readonly Missing[];
}

const DEFAULT_TIMEOUT_MS = 20_000;

/** The commit without a ref: Git keeps it for two weeks. Never rejects. */
export async function prepareSnapshot(options: PrepareOptions): Promise<PreparedSnapshot> {
  const limits = { ...DEFAULT_SNAPSHOT_LIMITS, ...options.limits };
  try {
    const snapshot = await inTime(buildSnapshot({ ...options, limits }), options.timeoutMs);
    return { snapshot, missing: [] };
  } catch (error) {
    return { snapshot: null, missing: [{ part: "git.snapshot", reason: reasonOf(error) }] };
  }
}

/** The work goes on a little and leaves objects that nothing names; the run does not wait for it. */
async function inTime<T>(work: Promise<T>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Both at once. */
export async function takeSnapshot(
  options: PrepareOptions & { readonly runId: string },
): Promise<PreparedSnapshot> {
  const prepared = await prepareSnapshot(options);
  if (prepared.snapshot === null) return prepared;
  const { commit } = prepared.snapshot;
  const failed = await keepSnapshotOfRun({ ...options, commit });
  return failed === null ? prepared : { ...prepared, missing: [failed] };
}
