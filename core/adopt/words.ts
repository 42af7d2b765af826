/** Why each step is taken, and what its owner can do about what is left alone. */
import type { DamageKind } from "../../store-format/index.js";
import type { RepairAction } from "../maintenance/repair.js";
import type { WorkspaceFile } from "../workspace/init-workspace.js";
import type { AdoptChange } from "./change.js";

/** Damage that the repair mends, which runs after the rest. */
export const BY_REPAIR: ReadonlySet<string> = new Set<DamageKind>([
  "no_default_experiment",
  "run_lacks_a_required_directory",
  "run_experiment_mismatch",
  "metric_crlf",
  "metric_line_torn",
  "fold_damaged",
]);

/** Notes that matter to whoever takes a store over: MLflow stumbles over them, or something may be meant otherwise. */
export const NAMED: ReadonlySet<string> = new Set<DamageKind>([
  "another_mlruns_inside",
  "unknown_directory_in_root",
  "experiment_id_twice",
  "experiment_name_twice",
  "experiment_in_registry",
  "run_id_twice",
  "stray_entry",
  "key_illegal",
  "metric_empty",
  "value_not_utf8",
  "not_a_regular_file",
  "sync_copy",
]);

export const HINTS: Readonly<Partial<Record<DamageKind, string>>> = {
  run_without_meta: "Its records are elsewhere, or an ignore rule kept them out: git log -- PATH/meta.yaml.",
  run_meta_empty: "Look for the file in Git: git log -- PATH.",
  run_meta_damaged: "Look for the file in Git: git log -- PATH.",
  experiment_meta_empty: "Look for the file in Git: git log -- PATH.",
  experiment_meta_damaged: "Look for the file in Git: git log -- PATH.",
  merge_conflict: "Say which value to keep: --take ours or --take theirs.",
  lfs_pointer: "Its content is in Git LFS: git lfs pull.",
  another_mlruns_inside: "Adopt it by itself: runstone adopt PATH.",
  not_a_regular_file: "Nothing is read or written through a link.",
  unknown_directory_in_root: "If it is no part of the runs, keep it outside of the store.",
};

const RUN_FOLDER = /\/(?:metrics|params|artifacts)$/;

/** A step of the repair as a change. */
export function changeOf({ path, done }: RepairAction): AdoptChange {
  return { path, what: done, why: whyOf(path, done), kept: false };
}

function whyOf(path: string, done: string): string {
  if (RUN_FOLDER.test(path) && done === "made again")
    return "Git keeps no empty directories, and MLflow finds a run by them";
  if (done === "made again") return "MLflow needs it in every store";
  if (done.startsWith("line ends")) return "something converted them to CR LF";
  if (done.startsWith("cut a torn")) return "a line without its end is no point";
  if (done.startsWith("names experiment")) return "the experiment around the run counts";
  return "as `runstone fsck --repair` does";
}

/** Path, as it is told, and reason of each file of a workspace. */
export const WORKSPACE_FILES: Readonly<
  Record<WorkspaceFile, { readonly path: string; readonly why: string }>
> = {
  ignore: { path: ".runstone/.gitignore", why: "what lies in .runstone is local, but for the settings" },
  config: { path: ".runstone/config.yaml", why: "the settings of the store, to be committed with it" },
  attributes: { path: ".gitattributes", why: "values are bytes: Git must convert no line ends in them" },
};
