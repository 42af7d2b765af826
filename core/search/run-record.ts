/** A run as searches, listings and comparisons see it: everything but its points and its artifacts. */
import type {
  Damage,
  Integer,
  ModelOutput,
  Place,
  Point,
  RunInfo,
  StringMap,
} from "../../store-format/index.js";

/** A value and the step it was logged at. */
export interface MetricMark {
  readonly value: number;
  readonly step: Integer;
}

/** What is known of a series without its points. Lists of one point have all of them equal. */
export interface MetricSummary {
  /** The latest point by MLflow's rule: greatest (step, timestamp, value). */
  readonly last: Point;
  /** Of the values that are not NaN, the earliest such point; null when all are NaN. */
  readonly min: MetricMark | null;
  readonly max: MetricMark | null;
  /** The first by (step, timestamp), file order deciding ties. */
  readonly first: MetricMark;
  readonly count: number;
}

export interface DatasetUse {
  readonly name: string;
  readonly digest: string;
  /** The tag `mlflow.data.context`; null when the input has none. */
  readonly context: string | null;
}

export interface RunRecord {
  readonly runId: string;
  readonly experimentId: string;
  readonly place: Place;
  /** True when the experiment directory has no readable meta.yaml. */
  readonly orphan: boolean;
  /** The directory of the run, absolute. */
  readonly directory: string;
  /** null when meta.yaml is missing its meaning: the run is damaged, and listed as such. */
  readonly info: RunInfo | null;
  readonly params: StringMap;
  readonly tags: StringMap;
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  readonly datasets: readonly DatasetUse[];
  /** Logged models used. */
  readonly modelInputs: readonly string[];
  /** Logged models made. */
  readonly modelOutputs: readonly ModelOutput[];
  /** Whether it has a manifest. */
  readonly sealed: boolean;
  /** The first damage of the run (that of meta.yaml before all others), and how many there are; notes do not count. */
  readonly damage: Damage | null;
  readonly damageCount: number;
}
