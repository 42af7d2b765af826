/** Whether a run there is just the run here, so that a pull would find nothing in it. */
import type { Run, StringMap } from "../../store-format/index.js";
import type { ExpectedRun } from "./expected-run.js";
import { RUN_NAME_TAG } from "./wanted-record.js";

/**
 * Of a run that has everything it should have: nothing more, and nothing that was left as somebody made it there. Points of known
 * keys, artifacts and models are not looked at. Tags below `runstone.` are the origin's.
 */
export function isSameRecord(expected: ExpectedRun, run: Run): boolean {
  const { wanted, leftAlone, document, params, tags, datasetInputs } = expected;
  return (
    leftAlone.size === 0 &&
    (wanted.endTime !== null || run.info.endTime === null) &&
    sizeOf(tags) === sizeOf(wanted.tags) &&
    isWithin(run.params, params) &&
    isWithin(withoutOwn(run.tags), tags) &&
    isWithin(run.metrics, Object.fromEntries(document.series.map(({ key }) => [key, true]))) &&
    run.inputs.datasetInputs.length <= datasetInputs.length &&
    run.inputs.modelInputs.length <= document.inputs.modelInputs.length
  );
}

function sizeOf(map: StringMap): number {
  return Object.keys(map).length;
}

function isWithin(theirs: object, ours: object): boolean {
  return Object.keys(theirs).every((key) => Object.hasOwn(ours, key));
}

function withoutOwn(tags: StringMap): StringMap {
  const isTold = ([key]: readonly [string, string]) => !key.startsWith("runstone.") && key !== RUN_NAME_TAG;
  return Object.fromEntries(Object.entries(tags).filter(isTold));
}
