/** What the writer and the reader of records agree on. */
import type { RunInfo } from "../../store-format/index.js";

/** Bits of the byte a row begins with. */
export const ROW_BITS = { info: 1, sealed: 2, orphan: 4, trash: 8, damage: 16, links: 32 } as const;
/** Bits of the byte that the info of a row begins with. */
export const INFO_BITS = { otherRunId: 1, otherExperimentId: 2 } as const;

/** Attributes that are texts, in the order of their columns. */
export const TEXT_ATTRIBUTES = [
  "run_id",
  "experiment_id",
  "place",
  "lifecycle_stage",
  "run_name",
  "user_id",
  "status",
  "artifact_uri",
] as const;
export type TextAttribute = (typeof TEXT_ATTRIBUTES)[number];

/** Attributes that are numbers, in the order of their columns. */
export const NUMBER_ATTRIBUTES = ["start_time", "end_time"] as const;
export type NumberAttribute = (typeof NUMBER_ATTRIBUTES)[number];

/** Texts of datasets, in the order of their columns. */
export const DATASET_TEXTS = ["name", "digest", "context"] as const;
export type DatasetText = (typeof DATASET_TEXTS)[number];

/** The tables of keys, in the order in which they are stored. */
export const KEYED = ["param", "tag", "metric"] as const;
export type Keyed = (typeof KEYED)[number];

/** What the times of a run are close to, so that they are stored short. */
export function nearTime(info: Pick<RunInfo, "startTime"> | null): number {
  return typeof info?.startTime === "number" ? info.startTime : 0;
}
