/** Which code a run ran on, as its tags say. */
import type { StringMap } from "../../store-format/index.js";

/** The commit object with the code of the run: HEAD's commit itself when the work tree was clean. */
export const SNAPSHOT_TAG = "runstone.git.snapshot";
/** `false` when files that belong to the code are not in the snapshot (too large, secrets). */
export const SNAPSHOT_COMPLETE_TAG = "runstone.git.snapshot_complete";
const COMMIT_TAG = "mlflow.source.git.commit";

export interface CodeOfRun {
  /** HEAD when the run began. */
  readonly commit: string | null;
  /** Null: none was taken. */
  readonly snapshot: string | null;
  /** The work tree had changes that are not in `commit`. Null: not known. */
  readonly dirty: boolean | null;
  /** The snapshot has all of the code. Null without one. */
  readonly complete: boolean | null;
  readonly branch: string | null;
}

/** Tags come from anybody: what is no object id is not one. */
export function codeOfRun(tags: StringMap): CodeOfRun {
  const snapshot = objectId(tags[SNAPSHOT_TAG]);
  const dirty = tags["mlflow.source.git.dirty"];
  return {
    commit: objectId(tags[COMMIT_TAG]),
    snapshot,
    dirty: dirty === undefined ? null : dirty.toLowerCase() === "true",
    complete: snapshot === null ? null : tags[SNAPSHOT_COMPLETE_TAG] !== "false",
    branch: tags["mlflow.source.git.branch"] ?? null,
  };
}

function objectId(text: string | undefined): string | null {
  return text !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : null;
}
