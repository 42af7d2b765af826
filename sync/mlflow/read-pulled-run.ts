/** One run there, read whole as it is to be here. Nothing is written. */
import { findRun, type RunLocation } from "../../core/index.js";
import {
  type LocalRunHead,
  type RunDocument,
  readRunDocument,
  readRunHead,
} from "../../core/transfer/index.js";
import type { Run } from "../../store-format/index.js";
import type { Moved } from "../engine/progress.js";
import { addMoved, NOTHING_MOVED, type RunOutcome } from "../engine/report.js";
import type { RunState } from "../engine/run-state.js";
import { ORIGIN_TAG } from "./find-runs.js";
import { NO_ODD_POINTS, type OddPoints, parseOddPoints } from "./odd-points.js";
import type { PullTask } from "./pull-plan.js";
import type { PullReading } from "./pull-session.js";
import { type PulledArtifacts, pullArtifacts } from "./pulled-artifacts.js";
import { datasetsAsHere, keysThatFit, only, pulledDocument } from "./pulled-document.js";
import type { PulledExperiment } from "./pulled-experiments.js";
import { type PulledModels, pulledModels } from "./pulled-models.js";
import { PulledPoints, type RunHere } from "./pulled-points.js";
import { mayBeCut, type PulledTexts, pulledTexts, reconciledTexts, withLongValues } from "./pulled-texts.js";

export interface Here extends RunHere {
  readonly head: LocalRunHead;
}

export interface PulledRead {
  readonly run: Run;
  /** Null: it is not here. */
  readonly mine: Here | null;
  /** What is known of this very counterpart. */
  readonly state: RunState | null;
  readonly document: RunDocument;
  readonly points: PulledPoints;
  readonly artifacts: PulledArtifacts;
  readonly models: PulledModels;
  readonly experiment: PulledExperiment;
}

/** Of one run; what it met stays with it. */
export class PulledRunReader {
  /** What cannot be here as it is there: one sentence each. */
  readonly exceptions: string[] = [];
  readonly #session: PullReading;
  readonly #task: PullTask;
  #incomplete = false;
  #moved = NOTHING_MOVED;

  constructor(session: PullReading, task: PullTask) {
    this.#session = session;
    this.#task = task;
  }

  /** An outcome when the run is left out. Call `artifacts.clear` of what was read. Throws what the server says. */
  async read(): Promise<PulledRead | RunOutcome> {
    const { calls, context, experiments, includeDeleted, onEvent } = this.#session;
    const { id, remoteRunId, remoteExperimentId } = this.#task;
    const run = await calls.getRun(remoteRunId);
    if (run === null) return this.outcome("", { result: "skipped", reason: "it is gone there" });
    const { runName, lifecycleStage } = run.info;
    const mine = this.#here(findRun(context, id));
    if (lifecycleStage === "deleted" && !includeDeleted && mine?.document.info.lifecycleStage !== "deleted")
      return this.outcome(runName, {
        result: "skipped",
        reason: "it is deleted there (--include-deleted)",
      });
    onEvent({ type: "begin", runId: id, runName });
    const experiment = experiments.get(remoteExperimentId);
    if (experiment === undefined)
      return this.outcome(runName, { result: "skipped", reason: "its experiment is left out" });
    return this.#read(run, mine, experiment);
  }

  #here(location: RunLocation | null): Here | null {
    const { context, hashes } = this.#session;
    const head = location === null ? null : readRunHead(context, location);
    if (location === null || head === null) return null;
    return { location, head, document: readRunDocument(context, location, { hashes }).document };
  }

  /** What is known of this very counterpart. */
  #state(): RunState | null {
    const state = this.#session.state.run(this.#task.id);
    return state?.remoteRunId === this.#task.remoteRunId ? state : null;
  }

  async #read(run: Run, mine: Here | null, experiment: PulledExperiment): Promise<PulledRead> {
    const { histories, now } = this.#session;
    const { id: runId, remoteRunId } = this.#task;
    const state = this.#state();
    const points = new PulledPoints(histories, { remoteRunId, odd: oddPointsOf(run) }, mine);
    for (const key of keysThatFit(Object.keys(run.metrics), "metric", this.#refuse("metric")))
      await points.read(key);
    points.end();
    this.exceptions.push(...points.differences);
    this.#move({ points: points.added });
    const models = await pulledModels(this.#session, run, (text) => this.lack(text));
    const artifacts = await this.#artifacts(run, mine?.document ?? null, state);
    const document = pulledDocument({
      ...{ run, runId, experimentName: experiment.name, now: now() },
      texts: this.#texts(run, mine?.document ?? null, { state, artifacts }),
      series: points.series,
      inputs: {
        datasetInputs: datasetsAsHere(run.inputs.datasetInputs, mine?.document.inputs.datasetInputs ?? []),
        modelInputs: models.inputs,
      },
      outputs: models.outputs,
      artifacts: artifacts.heads,
    });
    return { run, mine, state, document, points, artifacts, models, experiment };
  }

  async #artifacts(run: Run, mine: RunDocument | null, state: RunState | null): Promise<PulledArtifacts> {
    const texts = pulledTexts(run, { runId: this.#task.id, localIdOf: () => undefined });
    const { withArtifacts } = this.#session;
    const artifacts = await pullArtifacts(this.#session, run, {
      ...{ mine, state, mayBeCut: mayBeCut(texts) },
      moved: (moved) => this.#move(moved),
    });
    if (withArtifacts && artifacts.unreachable !== null)
      this.lack(`Artifacts are not here: ${artifacts.unreachable}.`);
    return artifacts;
  }

  #texts(
    run: Run,
    mine: RunDocument | null,
    { state, artifacts }: Pick<PulledRead, "state" | "artifacts">,
  ): PulledTexts {
    const { localIds } = this.#session;
    const runId = this.#task.id;
    let texts = pulledTexts(run, { runId, localIdOf: (remoteId) => localIds.get(remoteId) });
    if (artifacts.longValues !== null) texts = withLongValues(texts, artifacts.longValues);
    if (mine !== null) texts = reconciledTexts(texts, mine, state);
    const params = keysThatFit(Object.keys(texts.params), "param", this.#refuse("param"));
    const tags = keysThatFit(Object.keys(texts.tags), "tag", this.#refuse("tag"));
    return { ...texts, params: only(texts.params, params), tags: only(texts.tags, tags) };
  }

  #refuse(what: string): (key: string, reason: string) => void {
    return (key, reason) => this.lack(`The ${what} '${key}' cannot be kept here: ${reason}.`);
  }

  /** Params and tags that are not here: nothing of them is on its way before the run is kept. */
  countTexts({ params, tags }: RunDocument, mine: RunDocument | null): void {
    const count = (theirs: object, own: object): number =>
      Object.keys(theirs).filter((key) => !Object.hasOwn(own, key)).length;
    this.#move({ params: count(params, mine?.params ?? {}), tags: count(tags, mine?.tags ?? {}) });
  }

  /** Something of the run there is not here. */
  lack(sentence: string): void {
    this.exceptions.push(sentence);
    this.#incomplete = true;
  }

  #move(moved: Moved): void {
    this.#moved = addMoved(this.#moved, moved);
    this.#session.onEvent({ type: "moved", runId: this.#task.id, ...moved });
  }

  outcome(runName: string, how: Pick<RunOutcome, "result"> & { readonly reason?: string }): RunOutcome {
    const { id: runId, remoteRunId } = this.#task;
    return {
      ...{ runId, runName, remoteRunId, ...how, conflicts: [] },
      exceptions: this.exceptions,
      ...{ incomplete: this.#incomplete, moved: this.#moved },
    };
  }
}

/** Only of runs that a push made. */
function oddPointsOf({ tags }: Run): OddPoints {
  return tags[ORIGIN_TAG] === undefined ? NO_ODD_POINTS : parseOddPoints(tags);
}
