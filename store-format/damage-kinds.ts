import type { Damage, DamageSeverity } from "./entities.js";

interface DamageKindInfo {
  /** What this kind usually costs; a single damage may cost more or less. */
  readonly severity: DamageSeverity;
  readonly description: string;
}

const kind = (severity: DamageSeverity, description: string): DamageKindInfo => ({ severity, description });

/** Every kind of damage, in the order of SPEC.md. A test holds the two lists equal. */
export const DAMAGE_KINDS = {
  no_default_experiment: kind("note", "The store has no experiment 0."),
  another_mlruns_inside: kind("note", "A second store lies inside this one."),
  unknown_file_in_root: kind("note", "A file in the root that is no part of a store."),
  unknown_directory_in_root: kind("note", "A directory in the root that is no experiment."),
  leftover_temporary: kind("note", "A half-built thing of a writer that died."),

  experiment_without_meta: kind("lost", "An experiment directory without meta.yaml."),
  experiment_meta_empty: kind("lost", "The meta.yaml of an experiment is empty."),
  experiment_meta_damaged: kind("lost", "The meta.yaml of an experiment cannot be read."),
  experiment_meta_incomplete: kind(
    "rebuildable",
    "The meta.yaml of an experiment lacks a field that MLflow needs.",
  ),
  experiment_id_mismatch: kind(
    "rebuildable",
    "The meta.yaml names another experiment than the directory does.",
  ),
  experiment_id_twice: kind("note", "An experiment lies both in the root and in the trash."),
  experiment_name_twice: kind("note", "Two experiments have the same name."),
  experiment_in_trash_says_active: kind("note", "An experiment in the trash calls itself active."),
  experiment_outside_trash_says_deleted: kind("note", "An experiment in the root calls itself deleted."),
  unknown_file_in_experiment: kind("note", "A file in an experiment that is no part of a store."),
  unknown_directory_in_experiment: kind("note", "A directory in an experiment that is no run."),

  run_without_meta: kind("lost", "A run directory without meta.yaml: artifacts without metadata."),
  run_meta_empty: kind("lost", "The meta.yaml of a run is empty."),
  run_meta_damaged: kind("lost", "The meta.yaml of a run cannot be read."),
  run_meta_incomplete: kind("rebuildable", "The meta.yaml of a run lacks a field that MLflow needs."),
  run_id_mismatch: kind("rebuildable", "The meta.yaml names another run than the directory does."),
  run_experiment_mismatch: kind(
    "rebuildable",
    "The meta.yaml names another experiment than the one around the run.",
  ),
  run_id_twice: kind("note", "Two runs have the same id."),
  run_lacks_a_required_directory: kind("rebuildable", "A run lacks metrics/, params/ or artifacts/."),
  unknown_file_in_run: kind("note", "A file in a run that is no part of a run."),

  stray_entry: kind(
    "note",
    "A file of a tool (.gitkeep, .DS_Store, a backup) among metrics, params or tags.",
  ),
  key_illegal: kind("note", "A file among metrics, params or tags whose name is no key."),
  key_clash: kind("note", "Two keys that fall together where case or Unicode form does not count."),
  key_not_portable: kind("note", "A key that Windows cannot hold as a file name."),

  metric_line_malformed: kind("lost", "A line of a metric file that is no point."),
  metric_line_torn: kind("lost", "The last line of a metric file was cut off."),
  metric_empty: kind("note", "A metric file without a line."),
  metric_crlf: kind("rebuildable", "The line ends of a metric file were converted to CR LF."),
  metric_points_repeated: kind("note", "Lines of a metric file stand there twice."),
  value_not_utf8: kind("note", "The value of a param or tag is not valid UTF-8."),
  file_unreadable: kind("lost", "A file or directory could not be read."),
  not_a_regular_file: kind("note", "A link, socket or device where a file should be."),
  lfs_pointer: kind("rebuildable", "A Git LFS pointer instead of the content."),
  merge_conflict: kind("lost", "Conflict marks of a merge in a file."),

  value_ends_in_line_feed: kind(
    "note",
    "The value of a param or tag ends in a line feed that an editor may have added.",
  ),
  sync_copy: kind("note", "A second copy of an entry, made by a tool that syncs files."),
  point_link_malformed: kind("lost", "A line of links.jsonl that links no point."),
  fold_damaged: kind("rebuildable", "The journal of a fold of writers cannot be read."),

  dataset_missing: kind("lost", "An input names a dataset that is not there."),
  dataset_meta_damaged: kind("lost", "The meta.yaml of a dataset cannot be read."),
  input_meta_damaged: kind("lost", "The meta.yaml of an input is missing or cannot be read."),
  output_meta_damaged: kind("lost", "The meta.yaml of an output is missing or cannot be read."),
  logged_model_without_meta: kind("lost", "A logged model's directory without meta.yaml."),
  logged_model_meta_damaged: kind("lost", "The meta.yaml of a logged model cannot be read."),
  logged_model_missing: kind("note", "A run names a logged model that is not there."),
  trace_info_damaged: kind("lost", "A trace_info.yaml is missing or cannot be read."),

  registered_model_without_meta: kind("lost", "A registered model's directory without meta.yaml."),
  registered_model_meta_damaged: kind("lost", "The meta.yaml of a registered model cannot be read."),
  model_version_without_meta: kind("lost", "A model version's directory without meta.yaml."),
  model_version_meta_damaged: kind("lost", "The meta.yaml of a model version cannot be read."),
  model_version_run_missing: kind("note", "A model version names a run that is not there."),
  experiment_in_registry: kind("note", "The registry's directory has an experiment's meta.yaml."),
  alias_damaged: kind("rebuildable", "An alias file does not hold the number of a version."),
  alias_version_missing: kind("note", "An alias names a version that is not there."),

  manifest_damaged: kind("rebuildable", "A manifest cannot be read or its check does not hold."),
  run_not_sealed: kind("note", "A finished run of Runstone's has no manifest: nothing of it can be proven."),
  sealed_file_missing: kind("lost", "A file of a sealed run is gone."),
  sealed_file_differs: kind("lost", "A file of a sealed run is not what was sealed."),
  object_missing: kind("lost", "The content of a sealed artifact is nowhere in this workspace."),
  object_differs: kind("lost", "An object does not have the hash that names it."),
  lease_damaged: kind("rebuildable", "The lease of a run cannot be read."),
  config_damaged: kind("note", "The workspace's config.yaml cannot be read."),
} as const;

export type DamageKind = keyof typeof DAMAGE_KINDS;

export function isDamageKind(kind: string): kind is DamageKind {
  return Object.hasOwn(DAMAGE_KINDS, kind);
}

/** A damage with the usual severity of its kind; `reason` defaults to the kind's description. */
export function damageOf(
  kind: DamageKind,
  path: string,
  more: Partial<Omit<Damage, "kind" | "path">> = {},
): Damage & { readonly kind: DamageKind } {
  const { severity, description } = DAMAGE_KINDS[kind];
  return { kind, severity, path, reason: description, ...more };
}
