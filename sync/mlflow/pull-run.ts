/** One run on its way from the server: read whole, then taken or merged, then what is known of it is written. */
import { findRun, type RunLocation } from "../../core/index.js";
import {
  type LocalRunHead,
  mergeRun,
  type ReceivedRun,
  type RunDocument,
  readRunDocument,
  readRunHead,
  receiveRun,
} from "../../core/transfer/index.js";
import type { Run } from "../../store-format/index.js";
import type { Moved } from "../engine/progress.js";
import { addMoved, NOTHING_MOVED, type RunOutcome } from "../engine/report.js";
import type { RunState } from "../engine/run-state.js";
import type { Conflict } from "../state/index.js";
import { ORIGIN_TAG } from "./find-runs.js";
import { NO_ODD_POINTS, type OddPoints, parseOddPoints } from "./odd-points.js";
import type { PullTask } from "./pull-plan.js";
import type { PullSession } from "./pull-session.js";
import { type PulledArtifacts, pullArtifacts } from "./pulled-artifacts.js";
import { datasetsAsHere, keysThatFit, only, pulledDocument } from "./pulled-document.js";
import type { PulledExperiment } from "./pulled-experiments.js";
import { type PulledModels, pulledModels, receiveModels } from "./pulled-models.js";
import { PulledPoints, type RunHere } from "./pulled-points.js";
import { mayBeCut, type PulledTexts, pulledTexts, reconciledTexts, withLongValues } from "./pulled-texts.js";
import { settlePulledRun } from "./settle-pulled-run.js";

/** Throws `RunstoneError`; nothing is known of the run then that was not known before. */
export function pullRun(session: PullSession, task: PullTask): Promise<RunOutcome> {
  return new RunPull(session, task).pull();
}

interface Here extends RunHere {
  readonly head: LocalRunHead;
}

interface Read {
  readonly run: Run;
  readonly mine: Here | null;
  readonly state: RunState | null;
  readonly document: RunDocument;
  readonly points: PulledPoints;
  readonly artifacts: PulledArtifacts;
  readonly models: PulledModels;
}

class RunPull {
  readonly #session: PullSession;
  readonly #task: PullTask;
  readonly #exceptions: string[] = [];
  #incomplete = false;
  #moved = NOTHING_MOVED;

  constructor(session: PullSession, task: PullTask) {
    this.#session = session;
    this.#task = task;
  }

  async pull(): Promise<RunOutcome> {
    const { calls, context, experiments, includeDeleted, onEvent } = this.#session;
    const { id, remoteRunId, remoteExperimentId } = this.#task;
    const run = await calls.getRun(remoteRunId);
    if (run === null) return this.#outcome("", { result: "skipped", reason: "it is gone there" });
    const { runName, lifecycleStage } = run.info;
    const mine = this.#here(findRun(context, id));
    if (lifecycleStage === "deleted" && !includeDeleted && mine?.document.info.lifecycleStage !== "deleted")
      return this.#outcome(runName, {
        result: "skipped",
        reason: "it is deleted there (--include-deleted)",
      });
    onEvent({ type: "begin", runId: id, runName });
    const experiment = experiments.get(remoteExperimentId);
    if (experiment === undefined)
      return this.#outcome(runName, { result: "skipped", reason: "its experiment is left out" });
    const read = await this.#read(run, mine, experiment);
    try {
      return await this.#keep(read, experiment);
    } finally {
      read.artifacts.clear();
    }
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

  async #read(run: Run, mine: Here | null, experiment: PulledExperiment): Promise<Read> {
    const { histories, now } = this.#session;
    const { id: runId, remoteRunId } = this.#task;
    const state = this.#state();
    const points = new PulledPoints(histories, { remoteRunId, odd: oddPointsOf(run) }, mine);
    for (const key of keysThatFit(Object.keys(run.metrics), "metric", this.#refuse("metric")))
      await points.read(key);
    points.end();
    this.#exceptions.push(...points.differences);
    this.#move({ points: points.added });
    const models = await pulledModels(this.#session, run, (text) => this.#lack(text));
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
    return { run, mine, state, document, points, artifacts, models };
  }

  async #artifacts(run: Run, mine: RunDocument | null, state: RunState | null): Promise<PulledArtifacts> {
    const texts = pulledTexts(run, { runId: this.#task.id, localIdOf: () => undefined });
    const { withArtifacts } = this.#session;
    const artifacts = await pullArtifacts(this.#session, run, {
      ...{ mine, state, mayBeCut: mayBeCut(texts) },
      moved: (moved) => this.#move(moved),
    });
    if (withArtifacts && artifacts.unreachable !== null)
      this.#lack(`Artifacts are not here: ${artifacts.unreachable}.`);
    return artifacts;
  }

  #texts(
    run: Run,
    mine: RunDocument | null,
    { state, artifacts }: Pick<Read, "state" | "artifacts">,
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
    return (key, reason) => this.#lack(`The ${what} '${key}' cannot be kept here: ${reason}.`);
  }

  async #keep(read: Read, experiment: PulledExperiment): Promise<RunOutcome> {
    const { context } = this.#session;
    const { document, points, artifacts, mine, state } = read;
    const received: ReceivedRun = {
      document,
      points: points.source,
      artifact: ({ path }) => artifacts.bytes.get(path) ?? null,
      experimentTags: experiment.tags,
    };
    if (mine !== null) {
      const { changed, conflicts } = await mergeRun(context, mine.location, {
        theirs: received,
        common: state?.common ?? null,
        commonArtifacts: state?.artifacts ?? {},
      });
      this.#countTexts(document, mine.document);
      await this.#keepModels(read, experiment);
      return this.#settle(read, mine.location, { isChanged: changed, conflicts });
    }
    const experimentId = this.#session.experiments.ensure(experiment);
    const { location, created } = await receiveRun(context, received, { experimentId });
    // Somebody else made it meanwhile: it is merged the next time.
    if (!created)
      return this.#outcome(document.info.runName, { result: "skipped", reason: "it is being made" });
    this.#countTexts(document, null);
    await this.#keepModels(read, experiment);
    return this.#settle(read, location, { isChanged: true, conflicts: [] });
  }

  #keepModels({ models }: Read, experiment: PulledExperiment): Promise<void> {
    const lack = (sentence: string): void => this.#lack(sentence);
    return receiveModels(this.#session, models, { experiment, lack });
  }

  #settle(
    read: Read,
    location: RunLocation,
    { isChanged, conflicts }: { readonly isChanged: boolean; readonly conflicts: readonly Conflict[] },
  ): RunOutcome {
    const { mine, run } = read;
    settlePulledRun(this.#session, {
      ...{ task: this.#task, run, location, conflicts },
      mine: mine?.document ?? null,
      ...{ state: read.state, document: read.document, points: read.points, artifacts: read.artifacts },
      exceptions: this.#exceptions,
    });
    const result = conflicts.length > 0 ? "conflict" : isChanged ? "done" : "unchanged";
    return { ...this.#outcome(read.document.info.runName, { result }), conflicts };
  }

  #countTexts({ params, tags }: RunDocument, mine: RunDocument | null): void {
    const count = (theirs: object, own: object): number =>
      Object.keys(theirs).filter((key) => !Object.hasOwn(own, key)).length;
    this.#move({ params: count(params, mine?.params ?? {}), tags: count(tags, mine?.tags ?? {}) });
  }

  /** Something of the run there is not here. */
  #lack(sentence: string): void {
    this.#exceptions.push(sentence);
    this.#incomplete = true;
  }

  #move(moved: Moved): void {
    this.#moved = addMoved(this.#moved, moved);
    this.#session.onEvent({ type: "moved", runId: this.#task.id, ...moved });
  }

  #outcome(runName: string, how: Pick<RunOutcome, "result"> & { readonly reason?: string }): RunOutcome {
    const { id: runId, remoteRunId } = this.#task;
    return {
      ...{ runId, runName, remoteRunId, ...how, conflicts: [] },
      exceptions: this.#exceptions,
      ...{ incomplete: this.#incomplete, moved: this.#moved },
    };
  }
}

/** Only of runs that a push made. */
function oddPointsOf({ tags }: Run): OddPoints {
  return tags[ORIGIN_TAG] === undefined ? NO_ODD_POINTS : parseOddPoints(tags);
}
