/** Of the local store, for runs that travel: heads, documents, complete runs that appear at once, and merging. */
export { ArtifactHashes } from "./artifact-heads.js";
export { listCatalog, pathInRun, readCatalogEntry, sourceForOthers } from "./local-catalog.js";
export {
  type LoggedModelFiles,
  listLoggedModelEntries,
  loggedModelBytes,
  loggedModelFiles,
} from "./local-logged-models.js";
export { type MergeCounts, type MergeOptions, type MergeResult, mergeRun } from "./merge-run.js";
export {
  type CommonRecord,
  MERGED_FIELDS,
  type MergeConflict,
  mergeOutcome,
  mergeValue,
  type Outcome,
  outcomeConflict,
} from "./merge-value.js";
export { countMissingPoints } from "./missing-points.js";
export { type OfferedRun, type OfferOptions, offerRun } from "./offer-run.js";
export { type OpenBytes, type OpenStoredBytes, openArtifact, openObject } from "./open-object.js";
export { type MergePlan, type PlannedMerge, planMerge } from "./plan-merge.js";
export { type ReadDocument, type ReadDocumentOptions, readRunDocument } from "./read-run-document.js";
export {
  type ReadSeriesOptions,
  readSeries,
  type SeriesChunk,
  type SeriesMark,
  SeriesMarker,
  type SeriesReading,
} from "./read-series.js";
export { type ArtifactBytes, type ArtifactSource, RESUMED_FROM_BYTES } from "./receive-artifact.js";
export {
  absentArtifacts,
  type FetchedArtifacts,
  type FetchOptions,
  receiveArtifacts,
} from "./receive-artifacts.js";
export { changeCatalogEntry, receiveCatalogEntry } from "./receive-catalog.js";
export { type ReceivedModel, receiveLoggedModel } from "./receive-logged-model.js";
export { receiveLoggedModelEntry } from "./receive-model-entry.js";
export type { PointSource } from "./receive-points.js";
export {
  type BuiltRun,
  buildRun,
  type PublishedRun,
  publishRuns,
  type ReceivedLocation,
  type ReceivedRun,
  type ReceiveOptions,
  receiveRun,
} from "./receive-run.js";
export { type ReceivedExperiment, receivingExperiment } from "./receiving-experiment.js";
export { type ReleasedObjects, releaseArtifacts, releaseObjects } from "./release-artifacts.js";
export { type ConflictChoice, resolveConflict } from "./resolve-conflict.js";
export type { ArtifactHead, RunDocument, RunHead, SeriesHead } from "./run-document.js";
export {
  digestOfSeal,
  type LocalRunHead,
  listRunHeads,
  type RunHeadOptions,
  readRunHead,
} from "./run-heads.js";
export { isSameMark } from "./run-mark.js";
