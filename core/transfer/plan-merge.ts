/** What a merge would write, worked out from both documents alone: for a dry run, wherever the keeper's files lie. */
import type { KeyFolder } from "../store/key-files.js";
import { wantedArtifacts } from "./merge-artifacts.js";
import { missingDatasets, missingModels, newerOutputs } from "./merge-inputs.js";
import { differingKeys } from "./merge-points.js";
import { changedTags, missingParams } from "./merge-texts.js";
import type { MergeConflict } from "./merge-value.js";
import { type MergeView, mergedName, mergedOutcome, mergedStage } from "./merge-view.js";
import type { ArtifactHead, RunDocument } from "./run-document.js";

export type PlannedMerge = Pick<
  MergeView,
  "mine" | "document" | "common" | "commonArtifacts" | "isIncomplete"
>;

export interface MergePlan {
  readonly params: number;
  /** Written and removed. */
  readonly tags: number;
  /** Series of which points may be missing. */
  readonly keys: readonly string[];
  /** Artifacts that would be brought or recorded. */
  readonly artifacts: readonly ArtifactHead[];
  readonly conflicts: readonly MergeConflict[];
  /** Inputs, outputs, name, outcome and stage that would be written. */
  readonly others: number;
}

/** Of a keeper that nobody else writes to, and whose file system keeps names that differ in case apart. */
export function planMerge(planned: PlannedMerge): MergePlan {
  const conflicts: MergeConflict[] = [];
  const lies = placesOf(planned.mine);
  const view: MergeView = {
    ...planned,
    isLive: () => false,
    conflict: (found) => void conflicts.push(found),
    canLie: (folder, key) => lies(folder, key),
  };
  // In the order of a merge, so that conflicts are named in its order, too.
  const params = Object.keys(missingParams(view)).length;
  const { set, removed } = changedTags(view);
  const keys = differingKeys(planned.mine.series, planned.document.series).filter((key) => {
    const isFree = lies("metrics", key);
    if (!isFree) conflicts.push({ field: "metric", key, base: null, mine: null, theirs: "" });
    return isFree;
  });
  const inputs = missingDatasets(view).length + missingModels(view).length + newerOutputs(view).length;
  const artifacts = [...wantedArtifacts(view, new Set())].map(({ head }) => head);
  const meta = { ...mergedName(view), ...mergedOutcome(view), ...mergedStage(view) };
  const tags = Object.keys(set).length + removed.length;
  return { params, tags, keys, artifacts, conflicts, others: inputs + Object.keys(meta).length };
}

/** Whether a file of a key can lie beside those of the document: none is a directory of another. */
function placesOf({
  params,
  tags,
  series,
  artifacts,
}: RunDocument): (folder: KeyFolder, key: string) => boolean {
  const here = artifacts.filter(({ absent }) => absent !== true);
  const taken = new Map<KeyFolder, Places>([
    ["params", new Places(Object.keys(params))],
    ["tags", new Places(Object.keys(tags))],
    ["metrics", new Places(series.map(({ key }) => key))],
    ["artifacts", new Places(here.map(({ path }) => path))],
  ]);
  return (folder, key) => taken.get(folder)?.isFree(key) !== false;
}

class Places {
  readonly #files: ReadonlySet<string>;
  readonly #directories: ReadonlySet<string>;

  constructor(keys: readonly string[]) {
    this.#files = new Set(keys);
    this.#directories = new Set(keys.flatMap(directoriesOf));
  }

  isFree(key: string): boolean {
    return (
      !this.#directories.has(key) && directoriesOf(key).every((directory) => !this.#files.has(directory))
    );
  }
}

/** `a/b/c` lies in `a` and `a/b`. */
function directoriesOf(key: string): string[] {
  const parts = key.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
