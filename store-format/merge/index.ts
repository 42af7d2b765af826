/** Three-way merging of record files, as Git's merge drivers need it. Pure. */
export { type ConflictSides, splitConflict } from "./conflict-sides.js";
export {
  type MergedFile,
  type MergeRecordFileOptions,
  mergeRecordFile,
  type RecordFileConflict,
} from "./merge-record-file.js";
export { type Merged, mergeOutcome, mergeValue, type Outcome } from "./merge-value.js";
export { type RecordFileKind, recordFileKind } from "./record-file-kind.js";
