/** Which runs there have to be read: what a search tells of each against the journal. Runs that are the same cost nothing more. */
import { listRunLocations } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { isRunName } from "../../core/store/read/runs.js";
import { routeLabel } from "../../protocol/mlflow/index.js";
import { isRunId, type LifecycleStage, type Run, RunstoneError } from "../../store-format/index.js";
import type { PoolTask } from "../engine/pool.js";
import type { RemoteStateView } from "../state/index.js";
import type { MlflowCalls } from "./calls.js";
import { chunksOf, compareRefs, ORIGIN_TAG, refOf } from "./find-runs.js";
import { endless } from "./pages.js";
import { remoteMarkOf } from "./remote-mark.js";
import { LOCAL_PARENT_TAG, parentOf } from "./wanted-record.js";

/** Runs of one page: a page holds their params, tags and latest metrics, too. */
const RUNS_A_PAGE = 1_000;
/** Experiments of one search. */
const EXPERIMENTS_A_SEARCH = 50;
/** A server that tells of more is not believed. */
const MOST_RUNS = 20_000_000;
/** Ends the mark of a run that was pulled without its artifacts. */
const METADATA_ONLY = ".m";

/** A run there that is looked at; its id in the pool is that of the run here. */
export interface PullTask extends PoolTask {
  readonly remoteRunId: string;
  readonly runName: string;
  readonly remoteExperimentId: string;
  readonly lifecycleStage: LifecycleStage;
  readonly mark: string;
  /** The run of this id is in the store here. */
  readonly isHere: boolean;
}

export interface PullPlan {
  readonly tasks: readonly PullTask[];
  readonly unchanged: number;
  /** Runs there that stand for a run which another one stands for, too. */
  readonly twins: number;
  /** Id there -> id here, of every run that was seen. */
  readonly localIds: ReadonlyMap<string, string>;
}

export interface PlanOptions {
  /** Ids there of the experiments that are looked at. */
  readonly experimentIds: readonly string[];
  readonly withArtifacts: boolean;
  /** Takes no run for the same. */
  readonly recheck: boolean;
  /** Beginnings of ids, here or there; only these runs are looked at, whatever the journal says. */
  readonly words?: readonly string[] | undefined;
  /** Ids here; only these. */
  readonly runIds?: readonly string[] | undefined;
}

export function markFor(mark: string, withArtifacts: boolean): string {
  return withArtifacts ? mark : mark + METADATA_ONLY;
}

/** The mark of a run that was pulled in the same way as the one of `before`: with its artifacts, or without. */
export function likeBefore(mark: string, before: string): string {
  return markFor(mark, !before.endsWith(METADATA_ONLY));
}

interface Seen extends Omit<PullTask, "id" | "after" | "isHere"> {
  readonly parentId: string | null;
  readonly originParentId: string | null;
  readonly pushedTime: number | null;
  readonly isKnown: boolean;
  readonly isSame: boolean;
}

/** Throws what the server says, RESOURCE_DOES_NOT_EXIST and INVALID_PARAMETER_VALUE for words that name no single run. */
export async function planPull(
  { context, calls, state }: PlanParties,
  options: PlanOptions,
): Promise<PullPlan> {
  const planner = new Planner(context, state, options);
  for (const ids of chunksOf(options.experimentIds, EXPERIMENTS_A_SEARCH)) {
    const search = { experimentIds: ids, maxResults: RUNS_A_PAGE, view: "all" } as const;
    let again = 0;
    for await (const run of calls.searchRuns(search)) {
      again = planner.see(run) ? 0 : again + 1;
      if (again > RUNS_A_PAGE) throw endless(routeLabel("searchRuns"));
    }
  }
  return planner.finish();
}

export interface PlanParties {
  readonly context: StoreContext;
  readonly calls: MlflowCalls;
  readonly state: RemoteStateView;
}

class Planner {
  readonly #state: RemoteStateView;
  readonly #options: PlanOptions;
  readonly #here: ReadonlySet<string>;
  /** Id there -> id here, by the journal. */
  readonly #known = new Map<string, string>();
  readonly #seen = new Map<string, Seen>();
  readonly #localIds = new Map<string, string>();
  #twins = 0;

  constructor(context: StoreContext, state: RemoteStateView, options: PlanOptions) {
    this.#state = state;
    this.#options = options;
    this.#here = new Set([...listRunLocations(context)].map(({ runId }) => runId));
    for (const runId of state.runIds()) {
      const remoteRunId = state.marks(runId)?.remoteRunId ?? null;
      if (remoteRunId !== null) this.#known.set(remoteRunId, runId);
    }
  }

  /** False for a run that was seen before: pages may shift while runs are added. */
  see(run: Run): boolean {
    const { runId: remoteRunId, experimentId, lifecycleStage } = run.info;
    if (this.#localIds.has(remoteRunId)) return false;
    if (this.#localIds.size >= MOST_RUNS) throw tooMany();
    const known = this.#known.get(remoteRunId);
    const runId = known ?? originOf(run) ?? remoteRunId;
    this.#localIds.set(remoteRunId, runId);
    const mark = remoteMarkOf(run);
    const isSame = this.#isSame(runId, remoteRunId, mark);
    const seen: Seen = {
      ...{ remoteRunId, remoteExperimentId: experimentId, lifecycleStage, mark, isSame },
      runName: isSame ? "" : run.info.runName,
      parentId: parentOf(run.tags),
      originParentId: run.tags[LOCAL_PARENT_TAG] ?? null,
      pushedTime: refOf(run).pushedTime,
      isKnown: known !== undefined,
    };
    const other = this.#seen.get(runId);
    if (other !== undefined) this.#twins += 1;
    if (other === undefined || standsBefore(seen, other)) this.#seen.set(runId, seen);
    return true;
  }

  finish(): PullPlan {
    const chosen = this.#chosen();
    const tasks: PullTask[] = [];
    let unchanged = 0;
    for (const [runId, seen] of chosen) {
      const isHere = this.#here.has(runId);
      if (seen.isSame && isHere && this.#options.words === undefined) unchanged += 1;
      else tasks.push(this.#taskOf(runId, seen, isHere));
    }
    return { tasks, unchanged, twins: this.#twins, localIds: this.#localIds };
  }

  #taskOf(runId: string, seen: Seen, isHere: boolean): PullTask {
    const { remoteRunId, runName, remoteExperimentId, lifecycleStage, mark, parentId, originParentId } = seen;
    const after = (parentId === null ? undefined : this.#localIds.get(parentId)) ?? originParentId;
    return {
      ...{ id: runId, after: after ?? undefined, isHere },
      ...{ remoteRunId, runName, remoteExperimentId, lifecycleStage, mark },
    };
  }

  #isSame(runId: string, remoteRunId: string, mark: string): boolean {
    if (this.#options.recheck) return false;
    const marks = this.#state.marks(runId);
    if (marks === null || marks.remoteRunId !== remoteRunId) return false;
    const isWhole = marks.remoteMark === mark;
    return isWhole || (!this.#options.withArtifacts && marks.remoteMark === markFor(mark, false));
  }

  #chosen(): Iterable<[string, Seen]> {
    const { words, runIds } = this.#options;
    if (words !== undefined) return words.map((word) => this.#named(word));
    if (runIds === undefined) return this.#seen;
    return runIds.flatMap((runId) => {
      const seen = this.#seen.get(runId);
      return seen === undefined ? [] : [[runId, seen] as [string, Seen]];
    });
  }

  #named(word: string): [string, Seen] {
    const all = [...this.#seen];
    const exact = all.filter(([runId, seen]) => runId === word || seen.remoteRunId === word);
    const begun = all.filter(([runId, seen]) => runId.startsWith(word) || seen.remoteRunId.startsWith(word));
    const found = exact.length > 0 ? exact : begun;
    if (found.length === 1) return found[0]!;
    if (found.length === 0)
      throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `no run there has an id that begins with ${word}`, {
        hint: "Give ids of runs, or their beginnings; without them everything is pulled.",
        data: { word },
      });
    const message = `${found.length} runs there have ids that begin with ${word}`;
    const data = { word, runIds: found.slice(0, 20).map(([runId]) => runId) };
    throw new RunstoneError("INVALID_PARAMETER_VALUE", message, { hint: "Give more of the id.", data });
  }
}

/** The id of the run's origin, when it is one that a run here can have: anybody may have set the tag. */
export function originOf({ tags }: Run): string | undefined {
  const id = tags[ORIGIN_TAG];
  return id !== undefined && isRunId(id) && isRunName(id) ? id : undefined;
}

/** An active one; then the one that the journal knows; else as a push chooses among twins. */
function standsBefore(a: Seen, b: Seen): boolean {
  if (a.lifecycleStage !== b.lifecycleStage) return a.lifecycleStage === "active";
  if (a.isKnown !== b.isKnown) return a.isKnown;
  return compareRefs(a, b) < 0;
}

function tooMany(): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", `the server tells of more than ${MOST_RUNS} runs`, {
    hint: "Pull one experiment at a time (-e NAME).",
  });
}
