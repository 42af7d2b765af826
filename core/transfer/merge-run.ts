/**
 * Merging a run of another store into the run of the same id here: by record, so that it can be repeated, and so that both
 * ways give the same record (docs/design/0007-sync.md). What both sides changed differently is a conflict: it is named, and
 * nothing of it is written. Each write keeps the run valid; the seal comes last.
 */
import { join } from "node:path";
import type { RunMeta } from "../../store-format/index.js";
import { statIfExists } from "../fs/index.js";
import { FOLD, inspectLease, liveWriters, releaseLeftSlots } from "../leases/index.js";
import { artifactLocation } from "../store/artifact-location.js";
import type { StoreContext } from "../store/context.js";
import { freePath, type KeyFolder } from "../store/key-files.js";
import { MANIFEST, WRITERS } from "../store/layout.js";
import { resolveArtifactDirectory } from "../store/read/artifacts.js";
import type { RunLocation } from "../store/read/located.js";
import { readRunMeta } from "../store/read/runs.js";
import { isMarkedLive, markLive } from "../store/runs/create-run.js";
import { isEnded } from "../store/runs/finish-run.js";
import { foldWriters } from "../store/runs/fold-writers.js";
import { writeRunMeta } from "../store/runs/run-files.js";
import { addAbsent, assertSealable, sealRun } from "../store/runs/seal.js";
import { assertWritableRun, writable } from "../store/writable.js";
import { checkReceived } from "./check-received.js";
import { mergeArtifacts } from "./merge-artifacts.js";
import { mergeInputs } from "./merge-inputs.js";
import { differingKeys, mergePoints } from "./merge-points.js";
import { mergeParams, mergeTags } from "./merge-texts.js";
import { type CommonRecord, isClash, type MergeConflict } from "./merge-value.js";
import { type MergeView, mergedName, mergedOutcome, mergedStage } from "./merge-view.js";
import { readRunDocument } from "./read-run-document.js";
import type { ReceivedRun } from "./receive-run.js";
import { sealedDigest } from "./run-heads.js";

/** Milliseconds. A fold appends to metric files on its way; its journal is written at its begin. */
const STALE_FOLD_MS = 60_000;

export interface MergeOptions {
  readonly theirs: ReceivedRun;
  /** What both sides had when they were last equal; null: not known. */
  readonly common: CommonRecord | null;
  /** Artifacts both sides had then: path -> SHA-256. */
  readonly commonArtifacts?: Readonly<Record<string, string>>;
}

export interface MergeResult {
  /** False: nothing was written, but perhaps a seal that an earlier merge did not get to. */
  readonly changed: boolean;
  readonly counts: MergeCounts;
  readonly conflicts: readonly MergeConflict[];
}

/** What was written of each kind. */
export interface MergeCounts {
  readonly params: number;
  /** Written and removed. */
  readonly tags: number;
  /** Appended, each once. */
  readonly points: number;
  /** Whose bytes came. */
  readonly artifacts: number;
}

/** What the parts of a merge share. */
export interface Merge extends MergeOptions, MergeView {
  readonly context: StoreContext;
  readonly location: RunLocation;
}

/**
 * Merges `theirs` into the run at `location`. Throws INVALID_PARAMETER_VALUE for what cannot be kept, DAMAGED when the run's
 * meta.yaml here is, INVALID_STATE while the run is being sealed, FORMAT_TOO_NEW, typed I/O errors, and what the sources throw.
 */
export async function mergeRun(
  context: StoreContext,
  location: RunLocation,
  options: MergeOptions,
): Promise<MergeResult> {
  const { document } = options.theirs;
  writable(context);
  checkReceived(document);
  assertWritableRun(location);
  assertSealable(location);
  releaseLeftSlots(location.directory);
  finishFold(location.directory);
  const { document: mine, changing } = readRunDocument(context, location);
  const conflicts: MergeConflict[] = [];
  const conflict = (found: MergeConflict): void => void conflicts.push(found);
  const merge: Merge = {
    ...options,
    ...{ context, location, mine, document, conflict },
    isIncomplete: options.theirs.incomplete === true,
    isLive: () => isLive(location),
    canLie: (folder, key) => canLie(context, location, { folder, key }),
  };
  const params = mergeParams(merge);
  const tags = mergeTags(merge);
  const points = await mergePoints(context, location, {
    keys: differingKeys(mine.series, document.series),
    points: options.theirs.points,
    onClash: (key) => conflict({ field: "metric", key, base: null, mine: null, theirs: "" }),
  });
  const inputs = mergeInputs(merge);
  const { known, absent } = await mergeArtifacts(merge, new Set(changing));
  const counts = { params, tags, points, artifacts: known.size };
  const besides = inputs + absent.length + mergeMeta(merge);
  const isChanged = params + tags + points + known.size + besides > 0;
  seal(merge, { known, absent, isChanged });
  return { changed: isChanged, counts, conflicts };
}

/** Whether a file of this key can lie beside those here. */
function canLie(
  context: StoreContext,
  location: RunLocation,
  { folder, key }: { readonly folder: KeyFolder; readonly key: string },
): boolean {
  if (folder === "artifacts" && liesElsewhere(context, location)) return false;
  try {
    freePath({ owner: location.directory, folder }, key);
    return true;
  } catch (error) {
    if (isClash(error)) return false;
    throw error;
  }
}

/** Artifacts that lie elsewhere, by the run's URI, would be hidden by the first one in the run itself. */
function liesElsewhere(context: StoreContext, location: RunLocation): boolean {
  const directory = resolveArtifactDirectory(context, location);
  return directory !== null && directory !== join(location.directory, "artifacts");
}

/** A seal that died while it folded keeps writers out. One that is at work now is younger. */
function finishFold(directory: string): void {
  const journal = statIfExists(join(directory, WRITERS, FOLD));
  if (journal !== null && Date.now() - Number(journal.mtimeNs / 1_000_000n) > STALE_FOLD_MS)
    foldWriters(directory);
}

function mergeMeta(merge: Merge): number {
  const { context, location } = merge;
  const before = readRunMeta(location);
  const after = {
    ...before,
    ...mergedName(merge),
    ...mergedOutcome(merge),
    ...mergedStage({ ...merge, stage: before.lifecycleStage }),
  };
  if (isSameMeta(before, after)) return 0;
  const { experimentId, runId } = location;
  const isRevived = isEnded(before.status) && !isEnded(after.status);
  // As when a run is resumed: before meta.yaml says that it is live.
  if (isRevived) markLive(location.directory);
  const policy = isEnded(after.status) ? context.locations : "absolute";
  const hasMoved = isEnded(before.status) !== isEnded(after.status);
  const artifactUri = artifactLocation(context, policy, experimentId, runId, "artifacts");
  writeRunMeta(location.directory, hasMoved ? { ...after, artifactUri } : after);
  return 1;
}

function isSameMeta(a: RunMeta, b: RunMeta): boolean {
  const fields = ["runName", "status", "endTime", "lifecycleStage", "deletedTime"] as const;
  return fields.every((field) => a[field] === b[field]);
}

function isLive({ directory }: RunLocation): boolean {
  const lease = inspectLease(directory);
  return (lease !== null && lease.verdict !== "dead") || liveWriters(directory).length > 0;
}

type ArtifactsToSeal = Awaited<ReturnType<typeof mergeArtifacts>>;

function seal(
  { context, location, mine }: Merge,
  { known, absent, isChanged }: ArtifactsToSeal & { readonly isChanged: boolean },
): void {
  const hasSeal = statIfExists(join(location.directory, MANIFEST)) !== null;
  const ended = isEnded(readRunMeta(location).status);
  if (!ended) {
    if (absent.length > 0) addAbsent(context, location, { absent, recordDigest: mine.recordDigest });
    return;
  }
  const isDue = isChanged || sealedDigest(location) === null;
  // Or an earlier merge ended it and did not get to the seal.
  const isOurs = hasSeal || !isEnded(mine.info.status) || isMarkedLive(location.directory);
  if ((isOurs && isDue) || absent.length > 0) sealRun(context, location, { known, absent });
}
