/** The history of the code, and the runs on it. */
export { type CommitValue, type MetricOnHistoryOptions, metricOnHistory } from "./metric-on-history.js";
export { type RunsOfCommits, type RunsOfCommitsOptions, runsOfCommits } from "./runs-of-commits.js";
export {
  type HistoryCommit,
  type HistoryLine,
  type HistoryOptions,
  walkCommits,
  walkHistory,
} from "./walk-history.js";
