/** The refs that keep snapshots: one for each run, on no branch. */
import type { Repository } from "./repository.js";
import { readRefCommit } from "./revision.js";

/** `refs/runstone/runs/<run id>` points at the snapshot, or at HEAD when the work tree was clean. */
export const SNAPSHOT_REFS = "refs/runstone/runs/";

/** `refs/runstone/attempts/<run id>/<commit>`: snapshots of earlier attempts of a run that was resumed. */
export const ATTEMPT_REFS = "refs/runstone/attempts/";

/** Run ids as they may stand in a ref; others (of foreign stores) are written in hex after `x-`. */
export function snapshotRef(runId: string): string {
  const isPlain = /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/.test(runId) && !runId.startsWith("x-");
  return `${SNAPSHOT_REFS}${isPlain ? runId : `x-${Buffer.from(runId, "utf8").toString("hex")}`}`;
}

/** The run that a ref belongs to, or null for refs that are no snapshot's. */
export function runOfSnapshotRef(ref: string): string | null {
  if (!ref.startsWith(SNAPSHOT_REFS)) return null;
  const name = ref.slice(SNAPSHOT_REFS.length);
  return name.startsWith("x-") ? Buffer.from(name.slice(2), "hex").toString("utf8") : name;
}

export interface SnapshotRef {
  readonly runId: string;
  readonly commit: string;
}

/** Every snapshot of the repository, by run id. */
export async function listSnapshotRefs(repository: Repository): Promise<readonly SnapshotRef[]> {
  const text = await repository.text(["for-each-ref", "--format=%(objectname) %(refname)", SNAPSHOT_REFS]);
  return text.split("\n").flatMap((line) => {
    const [commit = "", ref = ""] = line.split(" ");
    const runId = runOfSnapshotRef(ref);
    return runId === null ? [] : [{ runId, commit }];
  });
}

/** The snapshot of one run, or null. */
export function readSnapshotRef(repository: Repository, runId: string): Promise<string | null> {
  return readRefCommit(repository, snapshotRef(runId));
}
