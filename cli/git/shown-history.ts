/** The history as it is shown: commits, runs, values. */
import type { CommitValue, HistoryCommit, HistoryLine } from "../../core/git/history/index.js";
import type { Direction } from "../../core/search/metric-direction.js";
import type { StoreRuns } from "../store/open-runs.js";

export interface ShownCommit {
  readonly commit: HistoryCommit;
  /** Of the run table: the runs of this commit, the earliest started first. */
  readonly rows: readonly number[];
  /** Lines of the graph before this commit. */
  readonly above: readonly string[];
  /** The graph in its own line. */
  readonly graph: string;
  readonly below: HistoryLine["below"];
}

export interface ShownMetric {
  readonly key: string;
  readonly direction: Direction;
  readonly values: ReadonlyMap<string, CommitValue>;
  /** Of a row: the best value the run had. */
  readonly bestOfRow: (row: number) => number | null;
}

export interface ShownHistory {
  readonly opened: StoreRuns;
  readonly commits: readonly ShownCommit[];
  /** There are more commits. */
  readonly isCut: boolean;
  readonly metrics: readonly ShownMetric[];
  /** Runs shown of each commit. */
  readonly runsShown: number;
  /** Runs that are at none of the commits read. */
  readonly elsewhere: { readonly otherCommits: number; readonly noCommit: number };
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The runs to show of a commit: those with the first metric's best values, without a metric the newest. */
export function chosenRows({ rows }: ShownCommit, { metrics, runsShown }: ShownHistory): readonly number[] {
  const [first] = metrics;
  if (first === undefined) return [...rows].reverse().slice(0, runsShown);
  const sign = first.direction === "min" ? 1 : -1;
  const key = (row: number): number => sign * (first.bestOfRow(row) ?? sign * Number.POSITIVE_INFINITY);
  const keyed = rows.map((row) => ({ row, key: key(row) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.slice(0, runsShown).map(({ row }) => row);
}
