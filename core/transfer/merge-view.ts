/** What a merge compares, and what it takes of name and outcome. Pure. */
import type { LifecycleStage, RunMeta } from "../../store-format/index.js";
import type { KeyFolder } from "../store/key-files.js";
import {
  type CommonRecord,
  type MergeConflict,
  mergeOutcome,
  mergeValue,
  outcomeConflict,
} from "./merge-value.js";
import type { RunDocument } from "./run-document.js";

export interface MergeView {
  /** What the keeper has. */
  readonly mine: RunDocument;
  /** What came. */
  readonly document: RunDocument;
  /** What both sides had when they were last equal; null: not known. */
  readonly common: CommonRecord | null;
  /** Artifacts both sides had then: path -> SHA-256. */
  readonly commonArtifacts?: Readonly<Record<string, string>>;
  /** The document lacks what is damaged at its store. */
  readonly isIncomplete: boolean;
  /** Somebody writes the keeper's run just now. */
  isLive(): boolean;
  conflict(conflict: MergeConflict): void;
  /** Whether the keeper can have a file of this key beside those it has. */
  canLie(folder: KeyFolder, key: string): boolean;
}

/** The tag `mlflow.runName` was merged with the tags, by the same rule. */
export function mergedName({ mine, document, common, conflict }: MergeView): Partial<RunMeta> {
  const [ours, theirs] = [mine.info.runName, document.info.runName];
  const base = common?.runName;
  const taken = mergeValue(base, orNull(ours), orNull(theirs));
  if (taken === "conflict") conflict({ field: "name", key: null, base: base ?? null, mine: ours, theirs });
  return taken === "theirs" ? { runName: theirs } : {};
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}

/** How a run goes that is live is told by those who run it. */
export function mergedOutcome({ isLive, mine, document, common, conflict }: MergeView): Partial<RunMeta> {
  if (isLive()) return {};
  const [ours, theirs] = [mine.info, document.info];
  const taken = mergeOutcome(common ?? undefined, ours, theirs);
  if (taken === "theirs") return { status: theirs.status, endTime: theirs.endTime };
  if (taken === "conflict") conflict(outcomeConflict(common, ours, theirs));
  return {};
}

/** Nothing is deleted or restored because the other side never knew it otherwise. `stage`: as it is by now; default: as in `mine`. */
export function mergedStage({
  mine,
  document,
  common,
  stage = mine.info.lifecycleStage,
}: Pick<MergeView, "mine" | "document" | "common"> & { readonly stage?: LifecycleStage }): Partial<RunMeta> {
  const theirs = document.info.lifecycleStage;
  if (common === null || theirs === common.lifecycleStage || theirs === stage) return {};
  return { lifecycleStage: theirs, deletedTime: theirs === "deleted" ? document.info.deletedTime : null };
}
