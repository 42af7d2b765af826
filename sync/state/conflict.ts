/** What two stores changed differently since they were last equal, until `runstone resolve` settles it. */

export const CONFLICT_FIELDS = ["param", "tag", "name", "status", "end_time", "lifecycle_stage"] as const;
export type ConflictField = (typeof CONFLICT_FIELDS)[number];

export interface Conflict {
  readonly field: ConflictField;
  /** Of a param or tag; null for the others. */
  readonly key: string | null;
  /** As texts; null: absent on that side (`base`: absent then, or not known). */
  readonly base: string | null;
  readonly mine: string | null;
  readonly theirs: string | null;
}
