/**
 * Reads runs back and holds them against what is here. Many runs share their requests: a search brings up to a hundred of
 * them, and one request the points that a key has in all of them.
 */
import type { RunLocation } from "../../core/index.js";
import { type ArtifactHead, type RunDocument, readSeries } from "../../core/transfer/index.js";
import { encodePath, MAX_BULK_HISTORY_POINTS, MAX_BULK_HISTORY_RUNS } from "../../protocol/mlflow/index.js";
import {
  type DatasetInput,
  isRunstoneError,
  type LifecycleStage,
  type Point,
  type Run,
  RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import { ARTIFACTS_OUT_OF_REACH } from "../engine/compare-state.js";
import { PointCollector, type PointSet } from "../engine/point-set.js";
import { artifactPlace } from "./artifact-place.js";
import type { MlflowCalls } from "./calls.js";
import { isMissingEndpoint, isRefusal } from "./failures.js";
import { MODEL_ORIGIN_TAG } from "./send-models.js";
import { storedPoint } from "./stored-value.js";
import { type HashChoice, verifyArtifacts } from "./verify-artifacts.js";
import type { WantedRecord } from "./wanted-record.js";

/** One thing that is not there as it should be. */
export interface Difference {
  readonly what: "run" | "param" | "tag" | "metric" | "input" | "output" | "artifact" | "model";
  readonly key: string;
  /** What is wrong with it: `is missing`. */
  readonly problem: string;
}

/** A run as it is to be found there. */
export interface ExpectedRun {
  readonly runId: string;
  readonly location: RunLocation;
  readonly document: RunDocument;
  readonly remoteRunId: string;
  readonly remoteExperimentId: string;
  readonly wanted: WantedRecord;
  /** Tags that must be there with these values. */
  readonly tags: StringMap;
  readonly params: StringMap;
  /** Fields that somebody changed there on purpose, or that are in conflict. */
  readonly leftAlone: ReadonlySet<"runName" | "status" | "endTime" | "lifecycleStage">;
  /** Keys of metrics that are looked at. */
  readonly keys: readonly string[];
  /** Of these the server writes NaN as no JSON has it when it answers for many runs. */
  readonly keysWithNan: ReadonlySet<string>;
  /** Id there of a logged model here; null: it is not there. Undefined as a whole: they are looked up. */
  readonly modelIds: ReadonlyMap<string, string | null> | undefined;
  readonly datasetInputs: readonly DatasetInput[];
  readonly artifacts: readonly ArtifactHead[];
}

export interface VerifiedRun {
  readonly run: Run | null;
  readonly differences: readonly Difference[];
  /** What the server cannot hold as it is, found out by reading it back. */
  readonly exceptions: readonly string[];
  readonly points: number;
  /** Artifacts that were looked at. */
  readonly artifacts: number;
  readonly hashedArtifacts: number;
}

export interface VerifyOptions {
  /** The server's address. */
  readonly baseUrl: string;
  readonly hash: HashChoice;
  readonly signal?: AbortSignal | undefined;
}

/** Runs of one search. */
const IDS_A_SEARCH = 100;
/** gunicorn takes request lines of 4094 bytes. */
const MAX_QUERY_BYTES = 3_600;
const RUN_ID_BYTES = "run_id=&".length + 32;

/** By local run id; a run whose reading failed has the error instead. */
export async function verifyRuns(
  calls: MlflowCalls,
  expected: readonly ExpectedRun[],
  options: VerifyOptions,
): Promise<ReadonlyMap<string, VerifiedRun | RunstoneError>> {
  const verifier = new Verifier(calls, options);
  await verifier.readRuns(expected);
  await verifier.readHistories(expected);
  const verified = new Map<string, VerifiedRun | RunstoneError>();
  for (const run of expected) verified.set(run.runId, await orError(() => verifier.compare(run)));
  return verified;
}

class Verifier {
  readonly #calls: MlflowCalls;
  readonly #options: VerifyOptions;
  readonly #runs = new Map<string, Run>();
  /** Points there, by remote run id and key. */
  readonly #histories = new Map<string, PointSet>();

  constructor(calls: MlflowCalls, options: VerifyOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  async readRuns(expected: readonly ExpectedRun[]): Promise<void> {
    const byExperiment = new Map<string, ExpectedRun[]>();
    for (const run of expected) {
      const runs = byExperiment.get(run.remoteExperimentId) ?? [];
      runs.push(run);
      byExperiment.set(run.remoteExperimentId, runs);
    }
    for (const [experimentId, runs] of byExperiment) {
      if (runs.length === 1) continue;
      for (let at = 0; at < runs.length; at += IDS_A_SEARCH)
        await this.#search(experimentId, runs.slice(at, at + IDS_A_SEARCH));
    }
  }

  async #search(experimentId: string, runs: readonly ExpectedRun[]): Promise<void> {
    const ids = runs.map(({ remoteRunId }) => `'${remoteRunId}'`);
    const found = this.#calls.searchRuns({
      experimentIds: [experimentId],
      filter: `attributes.run_id IN (${ids.join(",")})`,
      maxResults: IDS_A_SEARCH,
      view: "all",
    });
    try {
      for await (const run of found) this.#runs.set(run.info.runId, run);
    } catch (error) {
      // Old servers know no lists of ids: each run is asked for by itself.
      if (!isRefusal(error)) throw error;
    }
  }

  /** Points of keys that several runs have; what this leaves out is read run by run. */
  async readHistories(expected: readonly ExpectedRun[]): Promise<void> {
    const byKey = new Map<string, ExpectedRun[]>();
    for (const run of expected)
      for (const key of run.keys) {
        if (run.keysWithNan.has(key)) continue;
        const runs = byKey.get(key) ?? [];
        runs.push(run);
        byKey.set(key, runs);
      }
    for (const [key, runs] of byKey)
      for (const group of groupsOf(key, runs)) if (!(await this.#readGroup(key, group))) return;
  }

  /** False: the server has no such endpoint. */
  async #readGroup(key: string, runs: readonly ExpectedRun[]): Promise<boolean> {
    if (runs.length < 2) return true;
    try {
      const ids = runs.map(({ remoteRunId }) => remoteRunId);
      const found = await this.#calls.getHistories(ids, key);
      for (const [remoteRunId, points] of found ?? []) this.#histories.set(`${remoteRunId} ${key}`, points);
      return true;
    } catch (error) {
      if (!isRunstoneError(error, "REMOTE_FAILED")) throw error;
      return !isMissingEndpoint(error);
    }
  }

  async compare(expected: ExpectedRun): Promise<VerifiedRun> {
    const differences: Difference[] = [];
    const exceptions: string[] = [];
    const run = await this.#run(expected);
    if (run === null) {
      differences.push({ what: "run", key: expected.remoteRunId, problem: "is gone there" });
      return { run, differences, exceptions, points: 0, artifacts: 0, hashedArtifacts: 0 };
    }
    const modelIds = expected.modelIds ?? (await this.#modelIds(expected.document, run));
    compareRecord({ ...expected, modelIds }, run, differences);
    let points = 0;
    for (const key of expected.keys)
      points += await this.#compareSeries(expected, key, { differences, exceptions });
    const { artifacts, hashed } = await this.#compareArtifacts(expected, run, { differences, exceptions });
    return { run, differences, exceptions, points, artifacts, hashedArtifacts: hashed };
  }

  /** Searches leave out models: a run that has some is asked for by itself. */
  async #run({ remoteRunId, document }: ExpectedRun): Promise<Run | null> {
    const hasModels = document.outputs.length + document.inputs.modelInputs.length > 0;
    const found = hasModels ? undefined : this.#runs.get(remoteRunId);
    return found ?? (await this.#calls.getRun(remoteRunId));
  }

  async #compareSeries(
    expected: ExpectedRun,
    key: string,
    found: { readonly differences: Difference[]; readonly exceptions: string[] },
  ): Promise<number> {
    const { remoteRunId, document, location } = expected;
    const theirs =
      this.#histories.get(`${remoteRunId} ${key}`) ?? (await this.#calls.getHistory(remoteRunId, key));
    this.#histories.delete(`${remoteRunId} ${key}`);
    const heads = document.series.filter((head) => head.key === key);
    const isSame =
      heads.length === 1 && heads[0]!.count === theirs.size && heads[0]!.sha256 === theirs.sha256();
    const linked = heads.find(({ dataset }) => dataset !== undefined);
    if (linked !== undefined)
      found.exceptions.push(
        `Points of '${key}' have no link to the dataset '${linked.dataset!.name}' there.`,
      );
    if (isSame) return theirs.size;
    const ours = localSet(location, key);
    const missing = ours.points.without(theirs).size;
    const more = theirs.without(ours.points).size;
    if (missing > 0 && !wentOn(document, key, { theirs: theirs.size, more }))
      found.differences.push({
        what: "metric",
        key,
        problem: `lacks ${missing} of ${ours.points.size} points`,
      });
    if (more > 0) found.exceptions.push(`The metric '${key}' has ${more} points there that are not here.`);
    if (ours.hasInfinity) found.exceptions.push(`Infinities of '${key}' are the largest double there.`);
    return theirs.size;
  }

  /** Models there by the id of their origin, of those that the run there has to do with. */
  async #modelIds({ outputs, inputs }: RunDocument, run: Run): Promise<ReadonlyMap<string, string | null>> {
    const ids = new Map<string, string | null>();
    for (const { modelId } of [...outputs, ...inputs.modelInputs]) ids.set(modelId, null);
    if (ids.size === 0) return ids;
    for (const { modelId } of [...run.outputs, ...run.inputs.modelInputs]) {
      const model = await this.#calls.getLoggedModel(modelId);
      const originId = model?.tags[MODEL_ORIGIN_TAG] ?? modelId;
      if (ids.has(originId)) ids.set(originId, modelId);
    }
    return ids;
  }

  async #compareArtifacts(
    { artifacts }: ExpectedRun,
    run: Run,
    found: { readonly differences: Difference[]; readonly exceptions: string[] },
  ): Promise<{ readonly artifacts: number; readonly hashed: number }> {
    if (artifacts.length === 0) return { artifacts: 0, hashed: 0 };
    const { path, reason } = artifactPlace(run.info.artifactUri, this.#options.baseUrl);
    if (path === undefined) {
      found.exceptions.push(`${ARTIFACTS_OUT_OF_REACH}${reason}.`);
      return { artifacts: 0, hashed: 0 };
    }
    const result = await verifyArtifacts(this.#calls, { place: path, artifacts }, this.#options);
    for (const problem of result.problems)
      found.differences.push({ what: "artifact", key: problem.path, problem: problem.problem });
    return { artifacts: artifacts.length, hashed: result.hashed };
  }
}

/** Runs whose points of a key fit into one answer, and whose ids fit into one address. */
function* groupsOf(key: string, runs: readonly ExpectedRun[]): Generator<readonly ExpectedRun[]> {
  const most = Math.min(
    MAX_BULK_HISTORY_RUNS,
    Math.max(1, Math.floor((MAX_QUERY_BYTES - encodePath(key).length) / RUN_ID_BYTES)),
  );
  let group: ExpectedRun[] = [];
  let points = 0;
  for (const run of runs) {
    const count = countOf(run.document, key);
    if (group.length > 0 && (group.length >= most || points + count >= MAX_BULK_HISTORY_POINTS)) {
      yield group;
      group = [];
      points = 0;
    }
    group.push(run);
    points += count;
  }
  if (group.length > 0) yield group;
}

function countOf({ series }: RunDocument, key: string): number {
  return series.reduce((sum, head) => (head.key === key ? sum + head.count : sum), 0);
}

function localSet(
  location: RunLocation,
  key: string,
): { readonly points: PointSet; readonly hasInfinity: boolean } {
  const collector = new PointCollector();
  let hasInfinity = false;
  for (const { points } of readSeries(location, key).chunks)
    for (const point of points) {
      hasInfinity ||= isInfinite(point);
      collector.add(storedPoint(point));
    }
  return { points: collector.finish(), hasInfinity };
}

/** A run that still runs may have logged more since it was sent: what it had then is there. */
function wentOn(
  document: RunDocument,
  key: string,
  { theirs, more }: { readonly theirs: number; readonly more: number },
): boolean {
  return document.info.status === "RUNNING" && more === 0 && theirs >= countOf(document, key);
}

function isInfinite({ value }: Point): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}

type ComparedRun = ExpectedRun & { readonly modelIds: ReadonlyMap<string, string | null> };

function compareRecord(expected: ComparedRun, run: Run, differences: Difference[]): void {
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
  if (!leftAlone.has("lifecycleStage")) tell("life cycle", stageOf(wanted), info.lifecycleStage);
  tell("start time", wanted.startTime ?? 0, info.startTime ?? 0);
}

function stageOf({ lifecycleStage }: WantedRecord): LifecycleStage {
  return lifecycleStage;
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

async function orError<Value>(work: () => Promise<Value>): Promise<Value | RunstoneError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RunstoneError) return error;
    throw error;
  }
}
