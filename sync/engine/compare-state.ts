/** A run as it is here against what the journal says that the remote holds. */
import type { RunDocument } from "../../core/transfer/index.js";
import { mergeTags } from "./merge-tags.js";
import type { Moved } from "./progress.js";
import { addMoved, NOTHING_MOVED } from "./report.js";
import type { RunState } from "./run-state.js";

/** Begins the sentence of a receipt on artifacts that the remote cannot take from us. */
export const ARTIFACTS_OUT_OF_REACH = "Artifacts are not there: ";

/** The sentence of a receipt on a run whose parent was not there. */
export function absentParent(parentId: string): string {
  return `Its parent ${parentId} is not there.`;
}

/** Whether the run there is to be told its parent, when that has come. */
export function lacksParent(parentId: string | null, exceptions: readonly string[]): boolean {
  return parentId !== null && exceptions.includes(absentParent(parentId));
}

/** Whether the remote was seen to hold the run as it is here; where artifacts are not sent, without those. */
export function isAsSynced(document: RunDocument, state: RunState | null, withArtifacts: boolean): boolean {
  if (state?.remoteRunId == null || state.common === null || state.receipt === null) return false;
  const { info, tags, artifacts, recordDigest } = document;
  const { common, receipt } = state;
  if (common.recordDigest !== recordDigest || receipt.recordDigest !== recordDigest) return false;
  if (common.runName !== info.runName || common.status !== info.status) return false;
  if (common.endTime !== info.endTime || common.lifecycleStage !== info.lifecycleStage) return false;
  if (mergeTags(null, tags, common.tags).length > 0) return false;
  const isOutOfReach = receipt.exceptions.some((text) => text.startsWith(ARTIFACTS_OUT_OF_REACH));
  if (!withArtifacts || isOutOfReach) return true;
  return artifacts.every(({ path, sha256 }) => state.artifacts[path] === sha256);
}

/** What a transfer would bring, as far as the journal tells. */
export function toBeMoved(
  document: RunDocument,
  state: RunState | null,
  withArtifacts: boolean,
): Required<Moved> {
  const known = state?.remoteRunId == null ? null : state;
  const artifacts = document.artifacts.filter(({ path, sha256 }) => known?.artifacts[path] !== sha256);
  const points = document.series.reduce((sum, { count }) => sum + count, 0);
  const pointsThere = Object.values(known?.watermarks ?? {}).reduce((sum, { count }) => sum + count, 0);
  const params = Object.keys(document.params).length;
  return addMoved(NOTHING_MOVED, {
    params: Math.max(0, params - (known?.receipt?.params ?? 0)),
    tags: mergeTags(null, document.tags, known?.common?.tags ?? {}).length,
    points: Math.max(0, points - pointsThere),
    artifacts: withArtifacts ? artifacts.length : 0,
    bytes: withArtifacts ? artifacts.reduce((sum, { size }) => sum + size, 0) : 0,
  });
}
