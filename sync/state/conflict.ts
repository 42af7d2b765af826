/** What two stores changed differently since they were last equal, until `runstone resolve` settles it. */
import type { MergeConflict } from "../../core/transfer/index.js";

export { MERGED_FIELDS as CONFLICT_FIELDS } from "../../core/transfer/index.js";

export type Conflict = MergeConflict;
export type ConflictField = Conflict["field"];
