/** A dry run of a pull: the server is asked as the pull asks it, but for the bytes of artifacts, and what it would report is told. */
import pLimit from "p-limit";
import { ArtifactHashes, planMerge } from "../../core/transfer/index.js";
import type { Experiment } from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import type { Moved } from "../engine/progress.js";
import {
  addMoved,
  NOTHING_MOVED,
  ReportBuilder,
  type RunOutcome,
  type SyncReport,
} from "../engine/report.js";
import type { RemoteStateView } from "../state/index.js";
import { MlflowCalls } from "./calls.js";
import { ForeseenSpool } from "./foreseen-spool.js";
import { HttpTransport } from "./http-transport.js";
import { LocalModels } from "./local-models.js";
import { isAny, lossText, noticeLosses } from "./lost-runs.js";
import type { PullOptions } from "./pull.js";
import { PulledHistories } from "./pull-histories.js";
import { type PullPlan, type PullTask, planPull } from "./pull-plan.js";
import { PullRounds } from "./pull-rounds.js";
import type { PullReading } from "./pull-session.js";
import { PulledCatalog } from "./pulled-catalog.js";
import { experimentsToPull } from "./pulled-experiments.js";
import type { PushParties } from "./push.js";
import { type PulledRead, PulledRunReader } from "./read-pulled-run.js";
import { RehearsedState } from "./rehearsed-state.js";

export type ForeseeParties = Omit<PushParties, "state"> & { readonly state: RemoteStateView };

export interface PullForesight extends SyncReport {
  /** Runs that are not here yet. */
  readonly created: ReadonlySet<string>;
  /** Experiments and models as they are here then. */
  readonly catalogAfter: CatalogAfter | null;
  /** What a push right after the pull would send of the runs that were looked at; null: nothing at all. */
  readonly left: ReadonlyMap<string, Required<Moved> | null>;
}

export interface CatalogAfter {
  readonly local: CatalogSide;
  readonly state: RehearsedState;
}

/**
 * The report that `pull` would give now, if nothing changes meanwhile. Writes nothing, here or there: artifacts of the same size
 * as those here are taken for the same ones, which a note says. Rejects as it does.
 */
export async function foreseePull(parties: ForeseeParties, options: PullOptions): Promise<PullForesight> {
  return new Foreseeing(parties, options).run();
}

class Foreseeing {
  readonly #parties: ForeseeParties;
  readonly #options: PullOptions;
  readonly #calls: MlflowCalls;
  readonly #report = new ReportBuilder();
  readonly #transport: HttpTransport;
  readonly #state: RehearsedState;
  readonly #created = new Set<string>();
  #catalogAfter: CatalogAfter | null = null;
  readonly #left = new Map<string, Required<Moved> | null>();

  constructor(parties: ForeseeParties, options: PullOptions) {
    this.#parties = parties;
    this.#options = options;
    this.#transport = new HttpTransport(parties.http, options.signal);
    this.#calls = new MlflowCalls(this.#transport);
    this.#state = new RehearsedState(parties.state);
  }

  async run(): Promise<PullForesight> {
    const begin = performance.now();
    const { signal } = this.#options;
    try {
      await this.#foresee();
    } catch (error) {
      // What a stop cuts off is no failure.
      if (signal?.aborted !== true) throw error;
    }
    const report = this.#report.finish({
      remote: this.#parties.state.name,
      requests: this.#calls.requests,
      duration: performance.now() - begin,
      interrupted: signal?.aborted === true,
    });
    return { ...report, created: this.#created, left: this.#left, catalogAfter: this.#catalogAfter };
  }

  async #foresee(): Promise<void> {
    const listed: Experiment[] = [];
    for await (const experiment of this.#calls.searchExperiments()) listed.push(experiment);
    const lost = await noticeLosses({ ...this.#parties, calls: this.#calls });
    if (isAny(lost)) this.#report.note(`${lossText(lost)}; a push sends again what it lacks`);
    const catalog = new PulledCatalog(
      { ...this.#parties, state: this.#state, calls: this.#calls, transport: this.#transport },
      { ...this.#options, listed, isRehearsal: true },
    );
    await catalog.before();
    const { experiments: naming, experimentNames: names, includeDeleted, jobs, signal } = this.#options;
    const chosen = experimentsToPull(this.#state, listed, { naming, names, includeDeleted });
    const experiments = new Map(chosen.map((experiment) => [experiment.remoteId, experiment]));
    const plan = await this.#plan([...experiments.keys()]);
    const reading = this.#reading(experiments, plan);
    const rounds = new PullRounds({
      ...{ calls: this.#calls, histories: reading.histories, report: this.#report, less: lost.less },
      ...{ jobs, includeDeleted, signal, onEvent: reading.onEvent },
      one: (task) => this.#one(reading, task),
    });
    await rounds.run(plan.tasks);
    if (signal?.aborted === true) return;
    await catalog.after(null);
    this.#report.addCatalog(catalog.result);
    this.#catalogAfter = { local: catalog.local, state: this.#state };
  }

  async #plan(experimentIds: readonly string[]): Promise<PullPlan> {
    const { withArtifacts, recheck = false, words, runIds } = this.#options;
    const plan = await planPull(
      { ...this.#parties, calls: this.#calls },
      { experimentIds, withArtifacts, recheck, words, runIds },
    );
    this.#report.addUnchanged(plan.unchanged);
    return plan;
  }

  #reading(experiments: PullReading["experiments"], { localIds }: PullPlan): PullReading {
    const { context, http, state } = this.#parties;
    const { jobs, withArtifacts, includeDeleted, recheck, words, onEvent = () => undefined } = this.#options;
    return {
      ...{ context, state, experiments, localIds, calls: this.#calls, baseUrl: http.settings.url },
      histories: new PulledHistories(this.#calls),
      hashes: new ArtifactHashes(),
      models: new LocalModels(context, () => undefined),
      artifactLimit: pLimit(jobs),
      ...{ withArtifacts, includeDeleted, onEvent },
      isWantedArtifact: this.#options.isWantedArtifact,
      recheck: recheck === true || words !== undefined,
      newSpool: () => new ForeseenSpool(this.#calls, () => this.#noteUnread()),
      now: () => context.now(),
    };
  }

  #noteUnread(): void {
    this.#report.note(
      "Some artifacts have the size of those here: whether they are the same, the pull will tell.",
    );
  }

  async #one(reading: PullReading, task: PullTask): Promise<RunOutcome> {
    const reader = new PulledRunReader(reading, task);
    const read = await reader.read();
    if ("result" in read) return read;
    const { mine, state, document } = read;
    const { runName } = document.info;
    reader.countTexts(document, mine?.document ?? null);
    if (mine === null) {
      this.#created.add(task.id);
      this.#left.set(task.id, null);
      return reader.outcome(runName, { result: "done" });
    }
    const { params, tags, artifacts, others, conflicts } = planMerge({
      ...{ mine: mine.document, document, common: state?.common ?? null, isIncomplete: false },
      commonArtifacts: state?.artifacts ?? {},
    });
    this.#left.set(task.id, leftOf(read, reading.withArtifacts));
    const changes = params + tags + artifacts.length + others + read.points.added;
    const result = conflicts.length > 0 ? "conflict" : changes > 0 ? "done" : "unchanged";
    return { ...reader.outcome(runName, { result }), conflicts };
  }
}

/** What the server would lack still; null: nothing. */
function leftOf(
  { mine, document, state, points, artifacts }: PulledRead,
  withArtifacts: boolean,
): Required<Moved> | null {
  if (mine === null) return null;
  const digest = mine.document.recordDigest;
  // A push without artifacts counts as one, too: those of it are due still.
  const isSent = mine.document.artifacts.every(
    ({ path, sha256, absent }) => absent === true || state?.artifacts[path] === sha256,
  );
  // What a push found that the server cannot hold does not make them differ.
  if (
    (isSent || !withArtifacts) &&
    state?.receipt?.recordDigest === digest &&
    state.common?.recordDigest === digest
  )
    return null;
  const plan = planMerge({
    ...{ mine: document, document: mine.document, common: state?.common ?? null, isIncomplete: false },
    commonArtifacts: state?.artifacts ?? {},
  });
  const { params, tags, others } = plan;
  const isReached = withArtifacts && artifacts.unreachable === null;
  const files = isReached ? plan.artifacts.filter(({ absent }) => absent !== true) : [];
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const moved = { params, tags, points: points.lacking, artifacts: files.length, bytes };
  const isNothing = params + tags + others + points.lacking + files.length === 0;
  return isNothing ? null : addMoved(NOTHING_MOVED, moved);
}
