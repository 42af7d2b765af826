/** A run as it is here against what the journal says that the remote holds. */
import type { ArtifactHead, RunDocument } from "../../core/transfer/index.js";
import type { StringMap } from "../../store-format/index.js";
import { mergeTags } from "./merge-tags.js";
import type { Moved } from "./progress.js";
import { digestOf, isOutOfReach, Refusals } from "./refusals.js";
import { addMoved, NOTHING_MOVED } from "./report.js";
import type { RunState } from "./run-state.js";

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
  if (mergeTags(null, tagsToHave(tags, state), common.tags).length > 0) return false;
  if (!withArtifacts || receipt.exceptions.some(isOutOfReach)) return true;
  return missingArtifacts(artifacts, state).length === 0;
}

/** Without those that were refused as they are. */
function tagsToHave(tags: StringMap, state: RunState | null): StringMap {
  const refused = new Refusals(state?.refused);
  const isWanted = (key: string): boolean => refused.of("tag", key, digestOf(tags[key]!)) === undefined;
  return Object.fromEntries(Object.entries(tags).filter(([key]) => isWanted(key)));
}

/** Those that the remote is not known to hold, and did not refuse as they are. */
function missingArtifacts(
  artifacts: readonly ArtifactHead[],
  state: RunState | null,
): readonly ArtifactHead[] {
  const refused = new Refusals(state?.refused);
  return artifacts.filter(
    ({ path, sha256 }) => state?.artifacts[path] !== sha256 && !refused.of("artifact", path, sha256),
  );
}

/** What a transfer would bring, as far as the journal tells. */
export function toBeMoved(
  document: RunDocument,
  state: RunState | null,
  withArtifacts: boolean,
): Required<Moved> {
  const known = state?.remoteRunId == null ? null : state;
  const artifacts = missingArtifacts(document.artifacts, known);
  const points = document.series.reduce((sum, { count }) => sum + count, 0);
  const pointsThere = Object.values(known?.watermarks ?? {}).reduce((sum, { count }) => sum + count, 0);
  const params = Object.keys(document.params).length;
  return addMoved(NOTHING_MOVED, {
    params: Math.max(0, params - (known?.receipt?.params ?? 0)),
    tags: mergeTags(null, tagsToHave(document.tags, known), known?.common?.tags ?? {}).length,
    points: Math.max(0, points - pointsThere),
    artifacts: withArtifacts ? artifacts.length : 0,
    bytes: withArtifacts ? artifacts.reduce((sum, { size }) => sum + size, 0) : 0,
  });
}
