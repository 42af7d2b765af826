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
import { MANIFEST, WRITERS } from "../store/layout.js";
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
import {
  type CommonRecord,
  type MergeConflict,
  mergeOutcome,
  mergeValue,
  outcomeConflict,
} from "./merge-value.js";
import { readRunDocument } from "./read-run-document.js";
import type { ReceivedRun } from "./receive-run.js";
import type { RunDocument } from "./run-document.js";
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
  readonly conflicts: readonly MergeConflict[];
}

/** What the parts of a merge share. */
export interface Merge extends MergeOptions {
  readonly context: StoreContext;
  readonly location: RunLocation;
  readonly mine: RunDocument;
  readonly document: RunDocument;
  conflict(conflict: MergeConflict): void;
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
  const merge: Merge = { ...options, context, location, mine, document, conflict };
  let changes = mergeParams(merge);
  changes += mergeTags(merge);
  changes += await mergePoints(context, location, {
    keys: differingKeys(mine.series, document.series),
    points: options.theirs.points,
    onClash: (key) => conflict({ field: "metric", key, base: null, mine: null, theirs: "" }),
  });
  changes += mergeInputs(merge);
  const { known, absent, changes: artifacts } = await mergeArtifacts(merge, new Set(changing));
  changes += artifacts + mergeMeta(merge);
  seal(merge, { known, absent, isChanged: changes > 0 });
  return { changed: changes > 0, conflicts };
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
  const after = { ...before, ...mergedName(merge), ...mergedOutcome(merge), ...mergedStage(merge) };
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

/** The tag `mlflow.runName` was merged with the tags, by the same rule. */
function mergedName({ mine, document, common, conflict }: Merge): Partial<RunMeta> {
  const [ours, theirs] = [mine.info.runName, document.info.runName];
  const base = common?.runName;
  const taken = mergeValue(base, orNull(ours), orNull(theirs));
  if (taken === "conflict") conflict({ field: "name", key: null, base: base ?? null, mine: ours, theirs });
  return taken === "theirs" ? { runName: theirs } : {};
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}

/** How a run goes that is live here is told by those who run it. */
function mergedOutcome({ location, mine, document, common, conflict }: Merge): Partial<RunMeta> {
  if (isLive(location)) return {};
  const [ours, theirs] = [mine.info, document.info];
  const taken = mergeOutcome(common ?? undefined, ours, theirs);
  if (taken === "theirs") return { status: theirs.status, endTime: theirs.endTime };
  if (taken === "conflict") conflict(outcomeConflict(common, ours, theirs));
  return {};
}

function isLive({ directory }: RunLocation): boolean {
  const lease = inspectLease(directory);
  return (lease !== null && lease.verdict !== "dead") || liveWriters(directory).length > 0;
}

/** Nothing is deleted or restored because the other side never knew it otherwise. */
function mergedStage({ location, document, common }: Merge): Partial<RunMeta> {
  const theirs = document.info.lifecycleStage;
  const mine = readRunMeta(location).lifecycleStage;
  if (common === null || theirs === common.lifecycleStage || theirs === mine) return {};
  return { lifecycleStage: theirs, deletedTime: theirs === "deleted" ? document.info.deletedTime : null };
}

type ArtifactsToSeal = Omit<Awaited<ReturnType<typeof mergeArtifacts>>, "changes">;

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
