/**
 * Reads runs back and holds them against what is here. Many runs share their requests: a search brings up to a hundred of
 * them, and one request the points that a key has in all of them.
 */
import { type Run, RunstoneError } from "../../store-format/index.js";
import { ARTIFACTS_OUT_OF_REACH } from "../engine/refusals.js";
import { acceptedSentence, acceptedThere, withAccepted } from "./accepted-params.js";
import { artifactPlace } from "./artifact-place.js";
import type { MlflowCalls } from "./calls.js";
import { compareRecord } from "./compare-record.js";
import { compareSeries } from "./compare-series.js";
import type { Difference, ExpectedRun, VerifiedRun } from "./expected-run.js";
import { isRefusal } from "./failures.js";
import { isSameRecord } from "./same-record.js";
import { MODEL_ORIGIN_TAG } from "./send-models.js";
import { VerifiedHistories } from "./verified-histories.js";
import { type HashChoice, verifyArtifacts } from "./verify-artifacts.js";

export interface VerifyOptions {
  /** The server's address. */
  readonly baseUrl: string;
  readonly hash: HashChoice;
  readonly signal?: AbortSignal | undefined;
}

/** Runs of one search. */
const IDS_A_SEARCH = 100;

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

interface Findings {
  readonly differences: Difference[];
  readonly exceptions: string[];
}

class Verifier {
  readonly #calls: MlflowCalls;
  readonly #options: VerifyOptions;
  readonly #runs = new Map<string, Run>();
  readonly #histories: VerifiedHistories;

  constructor(calls: MlflowCalls, options: VerifyOptions) {
    this.#calls = calls;
    this.#options = options;
    this.#histories = new VerifiedHistories(calls);
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

  readHistories(expected: readonly ExpectedRun[]): Promise<void> {
    return this.#histories.readAhead(expected);
  }

  async compare(expected: ExpectedRun): Promise<VerifiedRun> {
    const differences: Difference[] = [];
    const exceptions: string[] = [];
    const run = await this.#run(expected);
    if (run === null) {
      differences.push({ what: "run", key: expected.remoteRunId, problem: "is gone there" });
      return { run, differences, exceptions, isSame: false, points: 0, artifacts: 0, hashedArtifacts: 0 };
    }
    const modelIds = expected.modelIds ?? (await this.#modelIds(expected, run));
    const { acceptedParams: accepted } = expected.wanted;
    const params = withAccepted(expected.params, accepted, run.params);
    for (const key of acceptedThere(accepted, expected.params, run.params))
      exceptions.push(acceptedSentence(key));
    compareRecord({ ...expected, params, modelIds }, run, differences);
    let points = 0;
    let more = 0;
    for (const key of expected.keys) {
      const theirs = await this.#histories.of(expected.remoteRunId, key);
      more += compareSeries(expected, { key, theirs }, { differences, exceptions });
      points += theirs.size;
    }
    const isSame = differences.length === 0 && more === 0 && isSameRecord(expected, run);
    const { artifacts, hashed } = await this.#compareArtifacts(expected, run, { differences, exceptions });
    return { run, differences, exceptions, isSame, points, artifacts, hashedArtifacts: hashed };
  }

  /** Searches leave out models: a run that has some is asked for by itself. */
  async #run({ remoteRunId, document }: ExpectedRun): Promise<Run | null> {
    const hasModels = document.outputs.length + document.inputs.modelInputs.length > 0;
    const found = hasModels ? undefined : this.#runs.get(remoteRunId);
    return found ?? (await this.#calls.getRun(remoteRunId));
  }

  /** Models there by the id of their origin, of those that the run there has to do with. */
  async #modelIds(
    { document: { outputs, inputs }, refusedModels }: ExpectedRun,
    run: Run,
  ): Promise<ReadonlyMap<string, string | null>> {
    const ids = new Map<string, string | null>();
    for (const { modelId } of [...outputs, ...inputs.modelInputs]) ids.set(modelId, null);
    if (ids.size === 0) return ids;
    for (const { modelId } of [...run.outputs, ...run.inputs.modelInputs]) {
      const model = await this.#calls.getLoggedModel(modelId);
      const originId = model?.tags[MODEL_ORIGIN_TAG] ?? modelId;
      if (ids.has(originId)) ids.set(originId, modelId);
    }
    for (const modelId of refusedModels) if (ids.get(modelId) === null) ids.delete(modelId);
    return ids;
  }

  async #compareArtifacts(
    { artifacts }: ExpectedRun,
    run: Run,
    found: Findings,
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

async function orError<Value>(work: () => Promise<Value>): Promise<Value | RunstoneError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RunstoneError) return error;
    throw error;
  }
}
