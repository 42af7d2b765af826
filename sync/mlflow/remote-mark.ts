/**
 * The mark of a run there: what a search tells of it, as one hash. Servers keep no time of change; what a search does not tell
 * (points behind the latest one, artifacts, logged models) usually changes together with something that it does.
 */
import { createHash } from "node:crypto";
import type { DatasetInput, Point, Run, StringMap } from "../../store-format/index.js";

export function remoteMarkOf({ info, params, tags, metrics, inputs }: Run): string {
  const { runId, experimentId, runName, userId, status, startTime, endTime, lifecycleStage } = info;
  const told = [
    [runId, experimentId, runName, userId, status, String(startTime), String(endTime), lifecycleStage],
    textsOf(params),
    textsOf(tags),
    Object.entries(metrics).map(latestText).sort(),
    inputs.datasetInputs.map(inputText).sort(),
  ];
  return createHash("sha256").update(JSON.stringify(told)).digest("hex").slice(0, 32);
}

function textsOf(map: StringMap): readonly string[] {
  return Object.entries(map)
    .map(([key, value]) => JSON.stringify([key, value]))
    .sort();
}

function latestText([key, { timestamp, step, value }]: [string, Point]): string {
  return JSON.stringify([key, String(timestamp), String(step), String(value)]);
}

function inputText({ dataset, tags }: DatasetInput): string {
  return JSON.stringify([dataset.name, dataset.digest, textsOf(tags)]);
}
