/** Reading back everything that a server should hold of some runs, without sending anything. */
import {
  type ArtifactHead,
  type LocalRunHead,
  readRunDocument,
  readRunHead,
} from "../../core/transfer/index.js";
import { RunstoneError, type StringMap } from "../../store-format/index.js";
import { planRuns, type RunSelection, type RunTask } from "../engine/plan.js";
import type { OnSyncEvent } from "../engine/progress.js";
import { isOutOfReach, type Refusal, Refusals } from "../engine/refusals.js";
import { NOTHING_MOVED, ReportBuilder, type RunOutcome, type SyncReport } from "../engine/report.js";
import { MlflowCalls } from "./calls.js";
import type { ExpectedRun, VerifiedRun } from "./expected-run.js";
import { experimentNames } from "./experiment-names.js";
import { type ExperimentOptions, RemoteExperiments } from "./experiments.js";
import { chunksOf, findRemoteRuns } from "./find-runs.js";
import { HttpTransport } from "./http-transport.js";
import { outgoingLongValues } from "./long-values.js";
import { notEqual } from "./not-equal.js";
import { oddPointTags } from "./odd-points.js";
import type { PushParties } from "./push.js";
import { datasetKey, RunContents } from "./run-contents.js";
import { stateAfter } from "./settle-run.js";
import type { HashChoice } from "./verify-artifacts.js";
import { verifyRuns } from "./verify-runs.js";
import { parentOf, wantedRecord } from "./wanted-record.js";

export interface VerifyAllOptions extends RunSelection {
  readonly withArtifacts: boolean;
  readonly includeDeleted: boolean;
  readonly hash: HashChoice;
  readonly experiments: Omit<ExperimentOptions, "onNote" | "restore">;
  readonly commitReceipts: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnSyncEvent;
}

/** Runs that are read back together. */
const RUNS_AT_ONCE = 50;

/**
 * `done`: equal, and its receipt is written anew; `failed`: `error.data.differences` has what is not; a run that is not there
 * is `failed`, too. Rejects when the server cannot be asked at all.
 */
export async function verify(parties: PushParties, options: VerifyAllOptions): Promise<SyncReport> {
  return new Verification(parties, options).run();
}

class Verification {
  readonly #parties: PushParties;
  readonly #options: VerifyAllOptions;
  readonly #calls: MlflowCalls;
  readonly #report = new ReportBuilder();

  constructor(parties: PushParties, options: VerifyAllOptions) {
    this.#parties = parties;
    this.#options = options;
    this.#calls = new MlflowCalls(new HttpTransport(parties.http, options.signal));
  }

  async run(): Promise<SyncReport> {
    const begin = performance.now();
    const before = this.#calls.requests;
    const { context, state } = this.#parties;
    const { tasks } = planRuns(context, state, { ...this.#options, recheck: true });
    this.#tell({ type: "plan", runs: tasks.length, unchanged: 0 });
    try {
      await this.#verifyAll(tasks);
    } catch (error) {
      // What a stop cuts off is no failure.
      if (this.#options.signal?.aborted !== true) throw error;
    }
    state.flush();
    return this.#report.finish({
      remote: state.name,
      requests: this.#calls.requests - before,
      duration: performance.now() - begin,
      interrupted: this.#options.signal?.aborted === true,
    });
  }

  async #verifyAll(tasks: readonly RunTask[]): Promise<void> {
    const remoteIds = await this.#remoteIds(tasks);
    for (const group of chunksOf(tasks, RUNS_AT_ONCE)) {
      if (this.#options.signal?.aborted) break;
      await this.#verifyGroup(group, remoteIds);
    }
  }

  /** By the journal, else by a search of each experiment. */
  async #remoteIds(tasks: readonly RunTask[]): Promise<ReadonlyMap<string, RemotePlace>> {
    const found = new Map<string, RemotePlace>();
    const unknown = new Map<string, string[]>();
    const names = experimentNames();
    for (const { head, state } of tasks) {
      if (state?.remoteRunId != null && state.remoteExperimentId !== null) {
        found.set(head.runId, { runId: state.remoteRunId, experimentId: state.remoteExperimentId });
        continue;
      }
      const name = names.nameOf(head.location);
      unknown.set(name, [...(unknown.get(name) ?? []), head.runId]);
    }
    const experiments = new RemoteExperiments(this.#calls, this.#parties.state, {
      ...this.#options.experiments,
      restore: false,
      onNote: (message) => this.#note(message),
    });
    for (const [name, ids] of unknown) {
      const experimentId = await experiments.find(name);
      if (experimentId === null) continue;
      for (const [id, [ref]] of await findRemoteRuns(this.#calls, experimentId, ids))
        if (ref !== undefined) found.set(id, { runId: ref.remoteRunId, experimentId });
    }
    return found;
  }

  async #verifyGroup(tasks: readonly RunTask[], places: ReadonlyMap<string, RemotePlace>): Promise<void> {
    const expected: Expectation[] = [];
    for (const task of tasks) {
      const found = this.#expect(task, places.get(task.head.runId));
      if (found !== null) expected.push(found);
    }
    const runs = expected.map((each) => each.run);
    const { hash } = this.#options;
    const verified = await verifyRuns(this.#calls, runs, { hash, baseUrl: this.#parties.http.settings.url });
    for (const each of expected) this.#settle(each, verified.get(each.run.runId)!);
  }

  /** Null: what there is to say of this run is said. */
  #expect({ head, state }: RunTask, place: RemotePlace | undefined): Expectation | null {
    const { context } = this.#parties;
    try {
      const now = readRunHead(context, head.location) ?? head;
      const { document } = readRunDocument(context, head.location);
      if (document.info.lifecycleStage === "deleted" && !this.#options.includeDeleted) return null;
      if (place === undefined) {
        this.#end(head, { result: "failed", error: notThere(head.runId), runName: document.info.runName });
        return null;
      }
      const parent = parentOf(document.tags);
      const parentId = parent === null ? null : (this.#parties.state.run(parent)?.remoteRunId ?? null);
      const keys = [...new Set(document.series.map(({ key }) => key))];
      const odd = oddPointTags(head.location, keys);
      const wanted = wantedRecord(document, parentId, odd);
      const long = wanted.longValues === null ? [] : [outgoingLongValues(wanted.longValues)];
      const standing = new RunContents(document, wanted).standing(state);
      const refused = new Refusals(standing.list.filter(({ sentence }) => !isOutOfReach(sentence)));
      const isThere = ({ path, sha256 }: ArtifactHead): boolean =>
        refused.of("artifact", path, sha256) === undefined;
      const [metrics, datasets] = [refused.keys("metric"), refused.keys("dataset")];
      const run: ExpectedRun = {
        runId: head.runId,
        location: head.location,
        document,
        remoteRunId: place.runId,
        remoteExperimentId: place.experimentId,
        wanted,
        tags: without(wanted.tags, refused.keys("tag")),
        params: without(wanted.params, refused.keys("param")),
        leftAlone: new Set(),
        keys: keys.filter((key) => !metrics.has(key)),
        keysWithNan: new Set(),
        modelIds: undefined,
        refusedModels: refused.keys("model"),
        datasetInputs: document.inputs.datasetInputs.filter((input) => !datasets.has(datasetKey(input))),
        artifacts: this.#options.withArtifacts ? [...document.artifacts, ...long].filter(isThere) : [],
      };
      return { head: now, run, watermarks: state?.watermarks ?? {}, refused: refused.list };
    } catch (error) {
      if (!(error instanceof RunstoneError)) throw error;
      this.#end(head, { result: "failed", error });
      return null;
    }
  }

  #settle({ head, run, watermarks, refused }: Expectation, found: VerifiedRun | RunstoneError): void {
    const { runName } = run.document.info;
    const { remoteRunId, wanted } = run;
    if (found instanceof RunstoneError)
      return this.#end(head, { result: "failed", error: found, runName, remoteRunId });
    const exceptions = [
      ...new Set([...wanted.exceptions, ...refused.map(({ sentence }) => sentence), ...found.exceptions]),
    ];
    if (found.differences.length > 0) {
      const error = notEqual(run.runId, found.differences);
      return this.#end(head, { result: "failed", error, runName, remoteRunId, exceptions });
    }
    if (this.#options.withArtifacts) {
      const { context, state } = this.#parties;
      // Out of reach, nothing is known to be there.
      const seen = found.artifacts === run.artifacts.length ? run.artifacts : [];
      const artifacts = Object.fromEntries(seen.map(({ path, sha256 }) => [path, sha256]));
      const saved = stateAfter(run, {
        ...{ mark: head.mark, watermarks, artifacts, refused, exceptions },
        found,
        now: context.now(),
        conflicts: [],
        former: null,
        remoteMark: state.run(run.runId)?.remoteMark ?? null,
      });
      state.save(saved);
      state.saveConflicts(run.runId, []);
      state.writeReceipt(saved, this.#options.commitReceipts ? run.location.directory : null);
    }
    const incomplete = refused.length > 0 || found.artifacts < run.artifacts.length;
    this.#end(head, { result: "done", runName, remoteRunId, exceptions, incomplete });
  }

  #end({ runId }: LocalRunHead, how: Partial<RunOutcome> & Pick<RunOutcome, "result">): void {
    const outcome: RunOutcome = {
      ...{ runId, runName: "", remoteRunId: null, conflicts: [], exceptions: [], incomplete: false },
      moved: NOTHING_MOVED,
      ...how,
    };
    this.#report.add(outcome);
    this.#tell({ type: "end", outcome });
  }

  #note(message: string): void {
    this.#report.note(message);
    this.#tell({ type: "note", message });
  }

  #tell(event: Parameters<OnSyncEvent>[0]): void {
    this.#options.onEvent?.(event);
  }
}

interface RemotePlace {
  readonly runId: string;
  readonly experimentId: string;
}

interface Expectation {
  readonly head: LocalRunHead;
  readonly run: ExpectedRun;
  /** What is known not to be there. */
  readonly refused: readonly Refusal[];
  readonly watermarks: Parameters<typeof stateAfter>[1]["watermarks"];
}

function without(values: StringMap, keys: ReadonlySet<string>): StringMap {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.has(key)));
}

function notThere(runId: string): RunstoneError {
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} is not there`, {
    hint: "Push it.",
    data: { runId },
  });
}
