/** Reads runs back from the bytes of their rows, one at a time. Written by record-writer.ts. */
import type {
  Damage,
  LifecycleStage,
  ModelOutput,
  RunInfo,
  RunStatus,
  StringMap,
} from "../../store-format/index.js";
import type { DatasetUse, MetricSummary } from "../search/run-record.js";
import { restoreUri } from "./artifact-uri.js";
import type { ByteReader } from "./byte-reader.js";
import type { Dictionary } from "./dictionary.js";
import type { IndexRecord } from "./indexed-run.js";
import { readSummary } from "./metric-column.js";
import {
  type DatasetText,
  INFO_BITS,
  type Keyed,
  nearTime,
  ROW_BITS,
  type TextAttribute,
} from "./record-layout.js";

/** Keys and texts of the file. */
export interface RowTexts {
  attribute(name: TextAttribute): Dictionary;
  dataset(name: DatasetText): Dictionary;
  /** What the rows of a shape have. */
  shape(entity: Keyed, number: number): RowShape;
}

export interface RowShape {
  readonly keys: readonly string[];
  /** One a key; none for metrics. */
  readonly dictionaries: readonly Dictionary[];
}

export function readRecord(reader: ByteReader, texts: RowTexts): IndexRecord {
  const bits = reader.byte();
  const runId = readText(reader, texts.attribute("run_id"));
  const experimentId = readText(reader, texts.attribute("experiment_id"));
  const lifecycleStage = readText(reader, texts.attribute("lifecycle_stage")) as LifecycleStage;
  const identity = { runId, experimentId, lifecycleStage };
  const info = (bits & ROW_BITS.info) === 0 ? null : readInfo(reader, texts, identity);
  return {
    runId,
    experimentId,
    place: (bits & ROW_BITS.trash) === 0 ? "root" : "trash",
    orphan: (bits & ROW_BITS.orphan) !== 0,
    info,
    params: readTexts(reader, texts, "param"),
    tags: readTexts(reader, texts, "tag"),
    metrics: readMetrics(reader, texts, nearTime(info)),
    ...((bits & ROW_BITS.links) === 0 ? NO_LINKS : readLinks(reader, texts)),
    sealed: (bits & ROW_BITS.sealed) !== 0,
    ...((bits & ROW_BITS.damage) === 0 ? NO_DAMAGE : readDamage(reader)),
  };
}

const NO_LINKS = { datasets: [], modelInputs: [], modelOutputs: [] } as const;
const NO_DAMAGE = { damage: null, damageCount: 0 } as const;

type Identity = Pick<RunInfo, "runId" | "experimentId" | "lifecycleStage">;

function readInfo(reader: ByteReader, texts: RowTexts, identity: Identity): RunInfo {
  const bits = reader.byte();
  const runId = (bits & INFO_BITS.otherRunId) === 0 ? identity.runId : reader.text();
  const experimentId = (bits & INFO_BITS.otherExperimentId) === 0 ? identity.experimentId : reader.text();
  const runName = readText(reader, texts.attribute("run_name"));
  const userId = readText(reader, texts.attribute("user_id"));
  const status = readText(reader, texts.attribute("status")) as RunStatus;
  const artifactUri = restoreUri(
    readText(reader, texts.attribute("artifact_uri")),
    identity.runId,
    reader.path,
  );
  const startTime = reader.integer(0);
  const near = nearTime({ startTime });
  const endTime = reader.integer(near);
  const deletedTime = reader.integer(near);
  const { lifecycleStage } = identity;
  return {
    runId,
    experimentId,
    runName,
    userId,
    status,
    startTime,
    endTime,
    deletedTime,
    lifecycleStage,
    artifactUri,
  };
}

function readTexts(reader: ByteReader, texts: RowTexts, entity: "param" | "tag"): StringMap {
  const { keys, dictionaries } = texts.shape(entity, reader.varint());
  const map: Record<string, string> = Object.create(null);
  for (let index = 0; index < keys.length; index += 1)
    map[keys[index]!] = readText(reader, dictionaries[index]!);
  return map;
}

function readMetrics(reader: ByteReader, texts: RowTexts, time: number): IndexRecord["metrics"] {
  const { keys } = texts.shape("metric", reader.varint());
  const map: Record<string, MetricSummary> = Object.create(null);
  for (const key of keys) map[key] = readSummary(reader, time);
  return map;
}

function readLinks(
  reader: ByteReader,
  texts: RowTexts,
): Pick<IndexRecord, "datasets" | "modelInputs" | "modelOutputs"> {
  return {
    datasets: readList(reader, () => readDataset(reader, texts)),
    modelInputs: readList(reader, () => reader.text()),
    modelOutputs: readList(reader, () => readModelOutput(reader)),
  };
}

function readList<T>(reader: ByteReader, readItem: () => T): T[] {
  return Array.from({ length: reader.count() }, readItem);
}

function readDataset(reader: ByteReader, texts: RowTexts): DatasetUse {
  return {
    name: readText(reader, texts.dataset("name")),
    digest: readText(reader, texts.dataset("digest")),
    context: texts.dataset("context").readText(reader),
  };
}

function readModelOutput(reader: ByteReader): ModelOutput {
  return { modelId: reader.text(), step: reader.someInteger(0) };
}

function readDamage(reader: ByteReader): Pick<IndexRecord, "damage" | "damageCount"> {
  const damageCount = reader.varint();
  return { damage: readJson(reader) as Damage | null, damageCount };
}

function readJson(reader: ByteReader): unknown {
  const text = reader.text();
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw reader.damage("a damage is no JSON");
    throw error;
  }
}

function readText(reader: ByteReader, dictionary: Dictionary): string {
  const text = dictionary.readText(reader);
  if (text === null) throw reader.damage("a text is missing");
  return text;
}
