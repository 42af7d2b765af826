/** Reads a run as searches see it. What cannot be read costs only itself; each damage is counted and reported. */

import { join } from "node:path";
import type { Damage, RunInfo, StringMap } from "../../store-format/index.js";
import { statIfExists } from "../fs/index.js";
import { MANIFEST } from "../store/layout.js";
import { checkRunMeta } from "../store/read/check-run-meta.js";
import type { OnDamage } from "../store/read/damages.js";
import { reportForeign } from "../store/read/foreign-content.js";
import { readInputs, readOutputs } from "../store/read/inputs-outputs.js";
import { type ReadSeries, readEachSeries } from "../store/read/latest-metrics.js";
import type { RunLocation } from "../store/read/located.js";
import { readRecords, toStringMap } from "../store/read/records.js";
import { readRunMetaReporting, toRunInfo } from "../store/read/runs.js";
import type { DatasetUse, MetricSummary, RunRecord } from "./run-record.js";
import { PointSummary } from "./summarize-points.js";

export function readRunRecord(location: RunLocation, onDamage: OnDamage): RunRecord {
  const damages = new DamageCount(onDamage);
  const info = readInfo(location, damages.add);
  const inputs = readInputs(location, damages.add);
  return {
    runId: location.runId,
    experimentId: location.experimentId,
    place: location.place,
    orphan: location.orphan,
    directory: location.directory,
    info,
    params: readTexts(location, "params", damages.add),
    tags: readTexts(location, "tags", damages.add),
    metrics: readSummaries(location, damages.add),
    ...toLinked(inputs),
    modelOutputs: readOutputs(location, damages.add),
    sealed: statIfExists(join(location.directory, MANIFEST)) !== null,
    damage: damages.first,
    damageCount: damages.count,
  };
}

/** A directory that holds records but no meta.yaml is a damaged run, too. */
function readInfo(location: RunLocation, onDamage: OnDamage): RunInfo | null {
  const meta = readRunMetaReporting(location, onDamage);
  if (meta === null) return null;
  checkRunMeta(location, meta, onDamage);
  return toRunInfo(location, meta);
}

function readTexts(location: RunLocation, folder: "params" | "tags", onDamage: OnDamage): StringMap {
  const records = readRecords(location, folder, onDamage);
  for (const { key, bytes } of records) reportForeign(location, `${folder}/${key}`, bytes, onDamage);
  return toStringMap(records);
}

/** What a run used, as records keep it. */
export function toLinked(inputs: ReturnType<typeof readInputs>): Pick<RunRecord, "datasets" | "modelInputs"> {
  return {
    datasets: inputs.datasetInputs.map(datasetUse),
    modelInputs: inputs.modelInputs.map(({ modelId }) => modelId),
  };
}

function datasetUse({ dataset, tags }: ReturnType<typeof readInputs>["datasetInputs"][number]): DatasetUse {
  return { name: dataset.name, digest: dataset.digest, context: tags["mlflow.data.context"] ?? null };
}

function readSummaries(location: RunLocation, onDamage: OnDamage): Record<string, MetricSummary> {
  const summaries: Record<string, MetricSummary> = Object.create(null);
  for (const [key, { latest, value }] of readEachSeries(location, summaryIn, onDamage))
    summaries[key] = { ...value, last: latest };
  return summaries;
}

const summaryIn: ReadSeries<MetricSummary> = (chunks) => {
  const summary = new PointSummary();
  for (const points of chunks) for (const point of points) summary.add(point);
  const value = summary.end();
  return value === null ? undefined : { latest: value.last, value };
};

/** Passes damages on; remembers the first and how many there were. Notes are no damage. */
class DamageCount {
  first: Damage | null = null;
  count = 0;
  readonly #onDamage: OnDamage;

  constructor(onDamage: OnDamage) {
    this.#onDamage = onDamage;
  }

  readonly add: OnDamage = (damage) => {
    this.#onDamage(damage);
    if (damage.severity === "note") return;
    this.first ??= damage;
    this.count += 1;
  };
}
