/** The history of the code, and the runs on it. */

export type { HistoryCommit } from "./commit-line.js";
export { type CommitRange, listRange, readRange } from "./commit-range.js";
export { type CommitValue, type MetricOnHistoryOptions, metricOnHistory } from "./metric-on-history.js";
export { readCommits } from "./read-commits.js";
export { type NewRecord, type RecordsOptions, recordsOverTime } from "./records-over-time.js";
export {
  type RunsOfCommits,
  type RunsOfCommitsOptions,
  rowsByStart,
  runsOfCommits,
} from "./runs-of-commits.js";
export { type HistoryLine, type HistoryOptions, walkCommits, walkHistory } from "./walk-history.js";
