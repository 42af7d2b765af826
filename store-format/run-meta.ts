import { type Integer, RUN_STATUSES, type RunInfo } from "./entities.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";

/** What MLflow 0.x kept in meta.yaml and tags hold since. */
export interface LegacySource {
  readonly entryPointName: string;
  readonly sourceName: string;
  /** 1 NOTEBOOK, 2 JOB, 3 PROJECT, 4 LOCAL, 5 UNKNOWN. */
  readonly sourceType: Integer;
  /** A Git commit. */
  readonly sourceVersion: string;
}

/** `<run>/meta.yaml`. */
export interface RunMeta extends RunInfo {
  /** Present when the file holds more than the constants that MLflow writes since 1.0. */
  readonly legacySource?: LegacySource;
  /** Fields that MLflow insists on and the file lacks; a file that was cut off lacks the last, `user_id`. */
  readonly missing?: readonly string[];
}

const WHAT = "run's meta.yaml";
const LOCAL = 4;

/**
 * Reads what any MLflow wrote: `run_uuid` without `run_id`, `name` for `run_name`, an integer `experiment_id`, `status`
 * absent (RUNNING) or by name. Throws DAMAGED: unreadable YAML, no run id, no experiment id, an unknown status or stage.
 */
export function parseRunMeta(bytes: Uint8Array, options: ParseOptions = {}): RunMeta {
  const fields = MetaFields.parse(bytes, WHAT, options);
  const missing = fields.missing(["end_time", "start_time", "user_id"]);
  const legacySource = parseLegacySource(fields);
  return {
    runId: fields.string("run_id") ?? fields.string("run_uuid") ?? fields.requiredString("run_id"),
    experimentId: fields.requiredString("experiment_id"),
    runName: fields.string("run_name") ?? fields.string("name") ?? "",
    userId: fields.string("user_id") ?? "",
    status: fields.choice("status", RUN_STATUSES, 1) ?? "RUNNING",
    startTime: fields.integer("start_time"),
    endTime: fields.integer("end_time"),
    deletedTime: fields.integer("deleted_time"),
    lifecycleStage: fields.lifecycleStage(),
    artifactUri: fields.string("artifact_uri") ?? "",
    ...(legacySource === undefined ? {} : { legacySource }),
    ...(missing.length === 0 ? {} : { missing }),
  };
}

/** What a listing sorts and filters by. */
export type RunMetaGlance = Pick<RunMeta, "startTime" | "lifecycleStage">;

/** A value that YAML takes as it stands, or one in simple quotes. */
const VALUE = "(?:'[A-Za-z0-9_./ -]*'|[A-Za-z0-9_./](?:[A-Za-z0-9_./%+@=-]|:(?=[^\\s])| (?=[A-Za-z0-9_(]))*)";
const INTEGER = "(?:null|0|[1-9]\\d{0,14})";

/** The file as Runstone and every MLflow since 1.0 write it: these keys in this order, each once. */
const PLAIN_FILE = new RegExp(
  [
    `^artifact_uri: ${VALUE}`,
    `(?:deleted_time: ${INTEGER}\n)?end_time: ${INTEGER}`,
    `(?:entry_point_name: ''\n)?experiment_id: ${VALUE}`,
    "lifecycle_stage: (active|deleted)",
    `(?:name: ${VALUE}\n)?run_id: ${VALUE}`,
    `(?:run_name: ${VALUE}\n)?run_uuid: ${VALUE}`,
    `(?:source_name: ''\n)?(?:source_type: ${INTEGER}\n)?(?:source_version: ''\n)?start_time: ([1-9]\\d{0,14})`,
    "status: [1-5]",
    `(?:tags: \\[\\]\n)?user_id: ${VALUE}\n$`,
  ].join("\n"),
);

/**
 * A quick look at a plain file (its bytes as Latin-1): a small part of the time of {@link parseRunMeta}, of which it says
 * the same. Null for every file that is not plain: parse it.
 */
export function glanceAtRunMeta(latin1: string): RunMetaGlance | null {
  const found = PLAIN_FILE.exec(latin1);
  if (found === null) return null;
  return { startTime: Number(found[2]), lifecycleStage: found[1] === "active" ? "active" : "deleted" };
}

function parseLegacySource(fields: MetaFields): LegacySource | undefined {
  const source: LegacySource = {
    entryPointName: fields.string("entry_point_name") ?? "",
    sourceName: fields.string("source_name") ?? "",
    sourceType: fields.integer("source_type") ?? LOCAL,
    sourceVersion: fields.string("source_version") ?? "",
  };
  const filled = source.entryPointName !== "" || source.sourceName !== "" || source.sourceVersion !== "";
  return filled || source.sourceType !== LOCAL ? source : undefined;
}

/** All keys that any MLflow insists on: `run_uuid` for 2.x, `run_id` for 3.x, and the constants. */
export function serializeRunMeta(meta: RunMeta): string {
  return serializeYamlMap({
    artifact_uri: meta.artifactUri,
    deleted_time: meta.deletedTime ?? undefined,
    end_time: meta.endTime,
    entry_point_name: meta.legacySource?.entryPointName ?? "",
    experiment_id: meta.experimentId,
    lifecycle_stage: meta.lifecycleStage,
    run_id: meta.runId,
    run_name: meta.runName,
    run_uuid: meta.runId,
    source_name: meta.legacySource?.sourceName ?? "",
    source_type: meta.legacySource?.sourceType ?? LOCAL,
    source_version: meta.legacySource?.sourceVersion ?? "",
    start_time: meta.startTime,
    status: RUN_STATUSES.indexOf(meta.status) + 1,
    tags: [],
    user_id: meta.userId,
  });
}
