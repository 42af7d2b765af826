/** Whether two stores hold the same run. */
import { isDeepStrictEqual } from "node:util";
import type { RunRecord } from "../../core/search/run-record.js";

/**
 * True when everything that searches see is equal, but for what may differ between copies: where the run lies, whether it
 * is sealed, and the tags `runstone.*`. Points are compared by their number, first, last, least and greatest.
 */
export function isSameRun(left: RunRecord, right: RunRecord): boolean {
  return left.runId === right.runId && isDeepStrictEqual(comparable(left), comparable(right));
}

function comparable({ info, params, tags, metrics, datasets, modelInputs, modelOutputs }: RunRecord): object {
  const own = Object.entries(tags).filter(([key]) => !key.startsWith("runstone."));
  return {
    info: info === null ? null : { ...info, experimentId: null, artifactUri: null },
    params: { ...params },
    tags: Object.fromEntries(own),
    metrics: { ...metrics },
    datasets,
    modelInputs,
    modelOutputs,
  };
}
