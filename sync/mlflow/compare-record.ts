/** Params, tags, fields, inputs and outputs of a run that was read back, against what should be there. */
import type { Run, StringMap } from "../../store-format/index.js";
import type { Difference, ExpectedRun } from "./expected-run.js";

export type ComparedRun = ExpectedRun & { readonly modelIds: ReadonlyMap<string, string | null> };

/** Adds what is not there as it should be to `differences`. */
export function compareRecord(expected: ComparedRun, run: Run, differences: Difference[]): void {
  compareInfo(expected, run, differences);
  compareMaps({ what: "param", ours: expected.params, theirs: run.params }, differences);
  compareMaps({ what: "tag", ours: expected.tags, theirs: run.tags }, differences);
  compareInputs(expected, run, differences);
  const outputs = new Set(run.outputs.map(({ modelId }) => modelId));
  for (const { modelId } of expected.document.outputs) {
    const remoteId = expected.modelIds.get(modelId);
    if (remoteId === null || (remoteId !== undefined && !outputs.has(remoteId)))
      differences.push({ what: "output", key: modelId, problem: "is missing" });
  }
}

function compareInfo({ wanted, leftAlone }: ExpectedRun, { info }: Run, differences: Difference[]): void {
  const tell = (key: string, ours: unknown, theirs: unknown): void => {
    if (ours !== theirs) differences.push({ what: "run", key, problem: `is ${theirs}, not ${ours}` });
  };
  if (!leftAlone.has("runName")) tell("name", wanted.runName, info.runName);
  if (!leftAlone.has("status")) tell("status", wanted.status, info.status);
  if (!leftAlone.has("endTime") && wanted.endTime !== null) tell("end time", wanted.endTime, info.endTime);
  if (!leftAlone.has("lifecycleStage")) tell("life cycle", wanted.lifecycleStage, info.lifecycleStage);
  tell("start time", wanted.startTime ?? 0, info.startTime ?? 0);
}

interface MapPair {
  readonly what: "param" | "tag";
  readonly ours: StringMap;
  readonly theirs: StringMap;
}

function compareMaps({ what, ours, theirs }: MapPair, differences: Difference[]): void {
  for (const [key, value] of Object.entries(ours)) {
    if (!Object.hasOwn(theirs, key)) differences.push({ what, key, problem: "is missing" });
    else if (theirs[key] !== value) differences.push({ what, key, problem: "has another value" });
  }
}

function compareInputs(expected: ComparedRun, run: Run, differences: Difference[]): void {
  const datasets = new Set(
    run.inputs.datasetInputs.map(({ dataset }) => `${dataset.name}\n${dataset.digest}`),
  );
  for (const { dataset } of expected.datasetInputs)
    if (!datasets.has(`${dataset.name}\n${dataset.digest}`))
      differences.push({ what: "input", key: dataset.name, problem: "is missing" });
  const models = new Set(run.inputs.modelInputs.map(({ modelId }) => modelId));
  for (const { modelId } of expected.document.inputs.modelInputs) {
    const remoteId = expected.modelIds.get(modelId);
    if (remoteId === null || (remoteId !== undefined && !models.has(remoteId)))
      differences.push({ what: "input", key: modelId, problem: "is missing" });
  }
}
