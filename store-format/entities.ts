/**
 * The nouns of the store, as values. One word per thing (SPEC.md, Glossary); field names are MLflow's in camelCase.
 * All times are milliseconds since 1970 (UTC).
 */

/** A 64-bit integer: `number` when it is a safe integer, otherwise `bigint` (nanosecond timestamps, huge steps). */
export type Integer = number | bigint;

/** `active` or `deleted`. A deleted thing can be restored. */
export type LifecycleStage = "active" | "deleted";

/** MLflow's five statuses. LOST is derived (see core/leases), never stored. */
export const RUN_STATUSES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Where an experiment lies: directly in the root, or in `.trash`. The place decides whether it is deleted. */
export type Place = "root" | "trash";

/** Which lifecycle stages a listing shows. */
export type View = "active" | "deleted" | "all";

/** A map of user-chosen keys; has a null prototype, so that `__proto__` is a key like any other. */
export type StringMap = Readonly<Record<string, string>>;

export interface Experiment {
  readonly experimentId: string;
  readonly name: string;
  /** As written on disk; may be foreign or dangling. Resolve artifacts through the store instead. */
  readonly artifactLocation: string;
  readonly lifecycleStage: LifecycleStage;
  readonly creationTime: Integer | null;
  readonly lastUpdateTime: Integer | null;
  readonly tags: StringMap;
  readonly place: Place;
}

/** What `meta.yaml` of a run says. */
export interface RunInfo {
  readonly runId: string;
  readonly experimentId: string;
  /** The run's name; `""` when it has none. */
  readonly runName: string;
  readonly userId: string;
  readonly status: RunStatus;
  readonly startTime: Integer | null;
  readonly endTime: Integer | null;
  readonly deletedTime: Integer | null;
  readonly lifecycleStage: LifecycleStage;
  readonly artifactUri: string;
}

export interface DatasetRef {
  readonly name: string;
  readonly digest: string;
}

/** One logged value of a metric. */
export interface Point {
  readonly timestamp: Integer;
  /** Any double, NaN and the infinities included. */
  readonly value: number;
  readonly step: Integer;
  readonly dataset?: DatasetRef;
  /** The logged model this point belongs to. */
  readonly modelId?: string;
}

export interface Metric extends Point {
  readonly key: string;
}

export interface Dataset extends DatasetRef {
  readonly datasetId: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema: string | null;
  readonly profile: string | null;
}

/** A dataset used by a run; the context (`training`, `eval`) is the tag `mlflow.data.context`. */
export interface DatasetInput {
  readonly dataset: Dataset;
  readonly tags: StringMap;
}

/** A logged model used by a run. */
export interface ModelInput {
  readonly modelId: string;
}

/** A logged model made by a run. */
export interface ModelOutput {
  readonly modelId: string;
  readonly step: Integer;
}

export interface RunInputs {
  readonly datasetInputs: readonly DatasetInput[];
  readonly modelInputs: readonly ModelInput[];
}

/** A run with its records; `metrics` holds the latest point per key by MLflow's rule. */
export interface Run {
  readonly info: RunInfo;
  readonly params: StringMap;
  readonly tags: StringMap;
  readonly metrics: Readonly<Record<string, Point>>;
  readonly inputs: RunInputs;
  readonly outputs: readonly ModelOutput[];
  readonly place: Place;
  /** True when the experiment directory has no readable meta.yaml. */
  readonly orphan: boolean;
}

export const LOGGED_MODEL_STATUSES = ["UNSPECIFIED", "PENDING", "READY", "FAILED"] as const;
export type LoggedModelStatus = (typeof LOGGED_MODEL_STATUSES)[number];

export interface LoggedModel {
  readonly modelId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly modelType: string | null;
  readonly sourceRunId: string | null;
  readonly status: LoggedModelStatus;
  readonly statusMessage: string | null;
  readonly artifactLocation: string;
  readonly lifecycleStage: LifecycleStage;
  readonly creationTime: Integer;
  readonly lastUpdatedTime: Integer;
  readonly params: StringMap;
  readonly tags: StringMap;
  readonly metrics: readonly LoggedModelMetric[];
}

/** Latest point of a logged model's metric, one per (key, dataset). */
export interface LoggedModelMetric extends Metric {
  readonly runId: string;
}

export interface RegisteredModel {
  readonly name: string;
  readonly description: string | null;
  readonly creationTime: Integer | null;
  readonly lastUpdatedTime: Integer | null;
  readonly tags: StringMap;
  /** alias -> version number as text */
  readonly aliases: StringMap;
}

export const STAGES = ["None", "Staging", "Production", "Archived"] as const;
export type Stage = (typeof STAGES)[number];

export interface ModelVersion {
  readonly name: string;
  readonly version: number;
  readonly creationTime: Integer;
  readonly lastUpdatedTime: Integer | null;
  readonly description: string | null;
  readonly userId: string | null;
  /** One of {@link STAGES}, or `Deleted_Internal` for a deleted version (hidden from listings). */
  readonly currentStage: string;
  readonly source: string | null;
  readonly storageLocation: string | null;
  readonly runId: string | null;
  readonly runLink: string | null;
  readonly modelId: string | null;
  readonly status: string;
  readonly statusMessage: string | null;
  readonly tags: StringMap;
  readonly aliases: readonly string[];
}

/** A trace's `trace_info.yaml`, read only. */
export interface TraceInfo {
  readonly traceId: string;
  readonly experimentId: string | null;
  /** As on disk: RFC 3339 text (V3) or milliseconds as text (V2). */
  readonly requestTime: string | null;
  readonly executionDurationMs: Integer | null;
  readonly state: string;
  readonly requestPreview: string | null;
  readonly responsePreview: string | null;
  readonly clientRequestId: string | null;
}

export interface ArtifactEntry {
  /** Path relative to the run's artifact directory, `/` between components. */
  readonly path: string;
  readonly isDir: boolean;
  /** Bytes; null for a directory. */
  readonly size: number | null;
}

/** How much a damage costs: nothing but order (`note`), something that can be rebuilt, or data that is gone. */
export type DamageSeverity = "note" | "rebuildable" | "lost";

/** One thing found wrong in a store. It hides nothing but itself. */
export interface Damage {
  /** Closed list in SPEC.md, snake_case: `experiment_without_meta`, `metric_line_malformed`, ... */
  readonly kind: string;
  readonly severity: DamageSeverity;
  /** Relative to the store root (objects: relative to the workspace), `/` between components. */
  readonly path: string;
  /** Byte offset in the file, where the damage is inside one. */
  readonly offset?: number;
  /** One sentence: what is wrong. */
  readonly reason: string;
  readonly experimentId?: string;
  readonly runId?: string;
}
