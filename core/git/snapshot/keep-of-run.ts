/** The ref for what a capture prepared, once the run is there. */
import type { Capture } from "../../capture/capture.js";
import type { Env } from "../../capture/find-program.js";
import { type Missing, reasonOf } from "../../capture/missing.js";
import { openRepository } from "../repository.js";
import { keepSnapshot } from "./keep-snapshot.js";

export interface KeepOptions {
  /** Any directory of the work tree. */
  readonly cwd: string;
  readonly env: Env;
  readonly runId: string;
  readonly commit: string;
  /** The run was there before: it may have a snapshot. */
  readonly resumed?: boolean;
}

/** Sets the run's ref. Never rejects: null, or why there is none. */
export async function keepSnapshotOfRun({ cwd, env, ...kept }: KeepOptions): Promise<Missing | null> {
  try {
    await keepSnapshot(await openRepository({ cwd, env }), kept);
    return null;
  } catch (error) {
    return { part: "git.snapshot_ref", reason: reasonOf(error) };
  }
}

/** The same for the snapshot of a capture; without one nothing is done. Never rejects. */
export async function keepCapturedSnapshot(
  { git, snapshot }: Pick<Capture, "git" | "snapshot">,
  options: Pick<KeepOptions, "env" | "runId" | "resumed">,
): Promise<Missing | null> {
  if (git === null || git.root === null || snapshot === null) return null;
  return keepSnapshotOfRun({ ...options, cwd: git.root, commit: snapshot.commit });
}
