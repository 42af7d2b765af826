/** What two stores changed differently since they were last equal, until `runstone resolve` settles it. */

export const CONFLICT_FIELDS = [
  "param",
  "tag",
  "metric",
  "name",
  "status",
  "end_time",
  "lifecycle_stage",
  "input",
  "artifact",
] as const;
export type ConflictField = (typeof CONFLICT_FIELDS)[number];

export interface Conflict {
  readonly field: ConflictField;
  /** Of a param, tag, metric or input; the path of an artifact; null for the others. */
  readonly key: string | null;
  /** As texts, artifacts by hash; null: absent on that side (`base`: absent then, or not known). */
  readonly base: string | null;
  readonly mine: string | null;
  readonly theirs: string | null;
}
