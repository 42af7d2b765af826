/** Documents of runs on the wire: all of a run's record but its points and the bytes of its artifacts. */
import {
  type DatasetInput,
  type DatasetRef,
  isContainedPath,
  isExperimentId,
  isModelId,
  isRunId,
  type ModelInput,
  type ModelOutput,
  RUN_STATUSES,
  type RunInfo,
  type RunInputs,
  type StringMap,
} from "../../store-format/index.js";
import { asList, type JsonObject, Members, protocolError, stringMapOf } from "./json.js";

/** Entries of one list of a document. */
const MANY = 1_000_000;

/** Same shape as `RunDocument` of core/transfer. */
export interface WireDocument {
  readonly info: RunInfo;
  readonly experimentName: string;
  readonly params: StringMap;
  readonly tags: StringMap;
  readonly series: readonly WireSeries[];
  readonly inputs: RunInputs;
  readonly outputs: readonly ModelOutput[];
  readonly artifacts: readonly WireArtifact[];
  readonly recordDigest: string;
}

export interface WireSeries {
  readonly key: string;
  readonly dataset?: DatasetRef;
  /** Different points. */
  readonly count: number;
  readonly sha256: string;
}

export interface WireArtifact {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** The record has it, and the sender has not its bytes. */
  readonly absent?: true;
}

/** The value that goes into the head of an item. Where the sender keeps its files is nobody else's business. */
export function documentValue(document: WireDocument): JsonObject {
  const { artifactUri: _here, ...info } = document.info;
  return { ...document, info };
}

/** Throws REMOTE_FAILED for anything that is no document. Names are checked where they would become paths. */
export function parseDocument(value: unknown): WireDocument {
  const members = new Members(value, "document");
  return {
    info: parseInfo(members.object("info")),
    experimentName: members.text("experimentName"),
    params: members.stringMap("params"),
    tags: members.stringMap("tags"),
    series: members.list("series", MANY).map(parseSeries),
    inputs: parseInputs(members.object("inputs")),
    outputs: members.list("outputs", MANY).map(parseOutput),
    artifacts: members.list("artifacts", MANY).map(parseArtifact),
    recordDigest: members.sha256("recordDigest"),
  };
}

function parseInfo(info: Members): RunInfo {
  return {
    runId: runIdOf(info.raw("runId")),
    experimentId: experimentIdOf(info),
    runName: info.text("runName"),
    userId: info.text("userId"),
    status: info.choice("status", RUN_STATUSES),
    startTime: info.integerOrNull("startTime"),
    endTime: info.integerOrNull("endTime"),
    deletedTime: info.integerOrNull("deletedTime"),
    lifecycleStage: info.choice("lifecycleStage", ["active", "deleted"]),
    artifactUri: "",
  };
}

function experimentIdOf(info: Members): string {
  const id = info.text("experimentId");
  return isExperimentId(id) ? id : info.refuse("experimentId", "no id of an experiment");
}

/** Throws REMOTE_FAILED for what is no id of a run. */
export function runIdOf(value: unknown): string {
  if (typeof value === "string" && isRunId(value)) return value;
  throw protocolError(`${JSON.stringify(String(value).slice(0, 100))} is no id of a run`);
}

function parseSeries(value: unknown): WireSeries {
  const members = new Members(value, "series");
  const dataset = members.has("dataset") ? { dataset: parseDatasetRef(members.object("dataset")) } : {};
  return {
    key: members.text("key"),
    count: members.size("count"),
    sha256: members.sha256("sha256"),
    ...dataset,
  };
}

export function parseDatasetRef(members: Members): DatasetRef {
  return { name: members.text("name"), digest: members.text("digest") };
}

function parseInputs(members: Members): RunInputs {
  return {
    datasetInputs: members.list("datasetInputs", MANY).map(parseDatasetInput),
    modelInputs: members.list("modelInputs", MANY).map(parseModelInput),
  };
}

function parseDatasetInput(value: unknown): DatasetInput {
  const members = new Members(value, "input");
  const dataset = members.object("dataset");
  return {
    dataset: {
      datasetId: dataset.text("datasetId"),
      name: dataset.text("name"),
      digest: dataset.text("digest"),
      sourceType: dataset.text("sourceType"),
      source: dataset.text("source"),
      schema: dataset.textOrNull("schema"),
      profile: dataset.textOrNull("profile"),
    },
    tags: stringMapOf(members.raw("tags"), "input.tags"),
  };
}

function parseModelInput(value: unknown): ModelInput {
  return { modelId: modelIdOf(new Members(value, "input")) };
}

function parseOutput(value: unknown): ModelOutput {
  const members = new Members(value, "output");
  return { modelId: modelIdOf(members), step: members.integer("step") };
}

export function modelIdOf(members: Members): string {
  const id = members.text("modelId");
  return isModelId(id) ? id : members.refuse("modelId", "no id of a logged model");
}

export function parseArtifact(value: unknown): WireArtifact {
  const members = new Members(value, "artifact");
  const path = members.text("path");
  if (!isContainedPath(path)) members.refuse("path", "a path that leads out of the run");
  const absent = members.raw("absent") === true ? ({ absent: true } as const) : {};
  return { path, size: members.size("size"), sha256: members.sha256("sha256"), ...absent };
}

/** A list of ids of runs. */
export function parseRunIds(value: unknown, atMost: number): readonly string[] {
  return asList(value, "runIds", atMost).map(runIdOf);
}
