/**
 * The runs that the processes of one distributed job began, put together. A process that begins a run tags it with its
 * rank (`runstone.rank`, `runstone.world_size`) and with its SLURM job; torchrun has no name for a job that all ranks know.
 */
import { numberAt, textAt } from "./cells.js";
import type { RunTable } from "./run-table.js";

export interface Job {
  /** The row that speaks for the job: that of its lowest rank. */
  readonly row: number;
  /** The others, by rank. */
  readonly others: readonly number[];
}

/** Ranks of one job begin within this time. A queue may start the steps of a SLURM job at any time: those are not bound by it. */
const START_WINDOW_MS = 10 * 60_000;

/**
 * Each row is in exactly one job; a run without a rank is a job of its own. The jobs are in the order of their first rows.
 *
 * Ranks of one job are those of one experiment, with the same number of processes, command and commit, of one SLURM job
 * (array task, restart) if they are of any, or else begun within ten minutes; a rank that comes again begins the next job.
 */
export function joinRanks(table: RunTable, rows: readonly number[]): readonly Job[] {
  const facts = new RankFacts(table);
  const jobs = new Map<number, number[]>();
  for (const job of jobsOf(rows, facts)) for (const row of job) jobs.set(row, job);
  const found: Job[] = [];
  const seen = new Set<readonly number[]>();
  for (const row of rows) {
    const job = jobs.get(row);
    if (job === undefined) found.push({ row, others: [] });
    else if (!seen.has(job)) {
      seen.add(job);
      found.push({ row: job[0]!, others: job.slice(1) });
    }
  }
  return found;
}

/** The rows of each job, by rank. */
function jobsOf(rows: readonly number[], facts: RankFacts): readonly number[][] {
  const byKind = new Map<string, number[]>();
  for (const row of rows) {
    const kind = facts.kindOf(row);
    const alike = kind === null ? undefined : byKind.get(kind);
    if (alike !== undefined) alike.push(row);
    else if (kind !== null) byKind.set(kind, [row]);
  }
  return [...byKind.values()].flatMap((alike) => splitJobs(alike, facts));
}

function splitJobs(alike: readonly number[], facts: RankFacts): readonly number[][] {
  const jobs: RankJob[] = [];
  let open: RankJob[] = [];
  const inOrder = [...alike].sort((a, b) => facts.startOf(a) - facts.startOf(b) || a - b);
  for (const row of inOrder) {
    const [rank, start] = [facts.rankOf(row)!, facts.startOf(row)];
    const bound = facts.isInSlurm(row) ? Number.POSITIVE_INFINITY : START_WINDOW_MS;
    open = open.filter((job) => start - job.start <= bound && job.rows.size < facts.sizeOf(row));
    const job = open.find(({ rows }) => !rows.has(rank)) ?? { start, rows: new Map<number, number>() };
    if (job.rows.size === 0) {
      jobs.push(job);
      open.push(job);
    }
    job.rows.set(rank, row);
  }
  return jobs.map(({ rows }) => [...rows].sort(([a], [b]) => a - b).map(([, row]) => row));
}

interface RankJob {
  readonly start: number;
  /** Row by rank. */
  readonly rows: Map<number, number>;
}

const ALIKE = [
  "runstone.world_size",
  "runstone.command",
  "mlflow.source.git.commit",
  "runstone.slurm.job_id",
  "runstone.slurm.array_job_id",
  "runstone.slurm.array_task_id",
  "runstone.slurm.restart_count",
];

class RankFacts {
  readonly rankOf: (row: number) => number | null;
  readonly startOf: (row: number) => number;
  /** How many processes the job has; infinity when it is not known. */
  readonly sizeOf: (row: number) => number;
  readonly isInSlurm: (row: number) => boolean;
  /** What all ranks of a job have in common; null for a run without a rank. */
  readonly kindOf: (row: number) => string | null;

  constructor(table: RunTable) {
    const tag = (key: string) => table.column({ entity: "tag", key });
    const attribute = (key: string) => table.column({ entity: "attribute", key });
    const [ranks, jobs, experiments] = [
      tag("runstone.rank"),
      tag("runstone.slurm.job_id"),
      attribute("experiment_id"),
    ];
    const starts = attribute("start_time");
    const alike = ALIKE.map(tag);
    this.rankOf = (row) => parseCount(textAt(ranks, row));
    this.startOf = (row) => numberAt(starts, row) ?? 0;
    const sizes = tag("runstone.world_size");
    this.sizeOf = (row) => parseCount(textAt(sizes, row)) ?? Number.POSITIVE_INFINITY;
    this.isInSlurm = (row) => textAt(jobs, row) !== null;
    this.kindOf = (row) =>
      this.rankOf(row) === null
        ? null
        : JSON.stringify([textAt(experiments, row), ...alike.map((column) => textAt(column, row))]);
  }
}

function parseCount(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
