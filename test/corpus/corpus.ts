/** The real stores that the reader is measured against: where they are, and what is true of them. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface LatestTruth {
  readonly value: number | string;
  readonly step: number;
  readonly timestamp: number;
  readonly points: number;
}

export interface RunTruth {
  readonly run_id: string;
  readonly experiment_id: string;
  readonly place: "root" | "trash";
  readonly lifecycle: string;
  readonly status: string;
  readonly start_time: number | null;
  readonly end_time: number | null;
  readonly params: number;
  readonly tags: number;
  readonly metrics: number;
  readonly metric_points: number;
  readonly digest: string;
  /** Some of the metrics when there are many. */
  readonly latest: Readonly<Record<string, LatestTruth>>;
}

export interface ExperimentTruth {
  readonly id: string;
  readonly name: string;
  readonly place: "root" | "trash";
  readonly lifecycle: string;
  /** A directory with runs, or what is left of them, that has no meta.yaml. */
  readonly orphan: boolean;
  readonly tags: number;
  readonly creation_time: number | null;
  readonly runs_active: number;
  readonly runs_deleted: number;
  readonly metric_points: number;
  readonly digest: string;
}

export interface Truth {
  readonly totals: {
    readonly experiments_effective: Readonly<Record<string, number>>;
    readonly experiment_count: number;
    readonly experiment_tags: number;
    readonly run_count: number;
    readonly orphan_runs: number;
    readonly status: Readonly<Record<string, number>>;
    readonly params: number;
    readonly tags: number;
    readonly metrics: number;
    readonly metrics_empty: number;
    readonly metric_points: number;
    readonly child_runs: number;
    readonly other: Readonly<Record<string, number>>;
  };
  readonly registry: readonly {
    readonly name: string;
    readonly versions: number;
    readonly aliases: Readonly<Record<string, string>>;
  }[];
  readonly digest_all_runs: string;
  readonly digest_orphans: string | null;
  readonly damage_counts: Readonly<Record<string, number>>;
  readonly damage_examples: Readonly<Record<string, readonly { readonly path: string }[]>>;
  readonly experiments: readonly ExperimentTruth[];
  readonly runs_sample: readonly RunTruth[];
}

export interface Corpus {
  readonly name: string;
  readonly root: string;
  readonly truth: Truth;
}

/** `RUNSTONE_CORPUS`, else `../shared/corpus` next to the repository; null when it is not there. */
export function corpusDirectory(): string | null {
  const given = process.env.RUNSTONE_CORPUS;
  const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
  const directory = given ?? resolve(repository, "../shared/corpus");
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true ? directory : null;
}

export function loadCorpora(directory: string): Corpus[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, "truth.json")))
    .map((entry) => entry.name)
    .sort()
    .map((name) => ({
      name,
      root: join(directory, name, "mlruns"),
      truth: JSON.parse(readFileSync(join(directory, name, "truth.json"), "utf8")) as Truth,
    }));
}
