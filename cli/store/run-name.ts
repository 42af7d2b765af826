import type { RunRecord } from "../../core/search/run-record.js";

/** The name of a run for people. That of a damaged run is in its tag `mlflow.runName`, where that can be read. */
export function runNameOf({ info, tags }: Pick<RunRecord, "info" | "tags">): string {
  if (info !== null) return info.runName;
  return Object.hasOwn(tags, "mlflow.runName") ? tags["mlflow.runName"]! : "";
}
