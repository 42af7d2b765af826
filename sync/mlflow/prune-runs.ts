/** Giving up the bytes of artifacts that an MLflow server was just seen to hold. */
import pLimit from "p-limit";
import { findRun, type RunLocation, type StoreContext } from "../../core/index.js";
import { isEnded } from "../../core/store/runs/finish-run.js";
import { type ArtifactHead, readRunDocument, releaseArtifacts } from "../../core/transfer/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { RunState } from "../engine/run-state.js";
import { artifactPlace } from "./artifact-place.js";
import { MlflowCalls } from "./calls.js";
import { ORIGIN_TAG } from "./find-runs.js";
import { HttpTransport } from "./http-transport.js";
import type { PushParties } from "./push.js";
import { verifyArtifacts } from "./verify-artifacts.js";

export interface PruneOptions {
  /** Default: every run that has a receipt. */
  readonly runIds?: readonly string[];
  readonly experimentIds?: readonly string[];
  /** Bytes: only artifacts that are larger. */
  readonly least: number;
  /** Takes the size of what is larger than 1 MiB for enough; else every artifact is read back and hashed first. */
  readonly trustSize: boolean;
  /** Compares sizes, and frees nothing. */
  readonly dryRun: boolean;
  /** Runs at once. */
  readonly jobs: number;
  readonly signal?: AbortSignal;
}

export interface PrunedRun {
  readonly runId: string;
  readonly freed: readonly ArtifactHead[];
}

/** A run of which some artifacts, or all, stay. */
export interface KeptRun {
  readonly runId: string;
  readonly reason: string;
}

export interface PruneReport {
  readonly pruned: readonly PrunedRun[];
  readonly kept: readonly KeptRun[];
}

/**
 * Frees artifacts that a receipt of the server covers and whose bytes it gives back now. What fails of a run leaves all of it
 * here, with the reason. Rejects when nobody answers at all.
 */
export async function pruneRuns(parties: PushParties, options: PruneOptions): Promise<PruneReport> {
  return new Pruner(parties, options).run();
}

/** What a run might be freed of. */
interface Candidate {
  readonly location: RunLocation;
  readonly state: RunState;
  readonly artifacts: readonly ArtifactHead[];
}

class Pruner {
  readonly #parties: PushParties;
  readonly #options: PruneOptions;
  readonly #calls: MlflowCalls;
  readonly #pruned: PrunedRun[] = [];
  readonly #kept: KeptRun[] = [];

  constructor(parties: PushParties, options: PruneOptions) {
    this.#parties = parties;
    this.#options = options;
    this.#calls = new MlflowCalls(new HttpTransport(parties.http, options.signal));
  }

  async run(): Promise<PruneReport> {
    const { state } = this.#parties;
    const { jobs, signal, runIds } = this.#options;
    const wanted = runIds === undefined ? null : new Set(runIds);
    const ids = [...state.runIds()].filter((id) => wanted?.has(id) !== false);
    const limit = pLimit(jobs);
    await Promise.all(
      ids.map((runId) =>
        limit(async () => {
          if (signal?.aborted !== true) await this.#tryRun(runId);
        }),
      ),
    );
    return { pruned: this.#pruned, kept: this.#kept };
  }

  async #tryRun(runId: string): Promise<void> {
    try {
      const candidate = this.#candidate(runId);
      if (candidate !== null) await this.#prune(runId, candidate);
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      this.#keep(runId, error.message);
    }
  }

  /** Null when there is nothing to free. */
  #candidate(runId: string): Candidate | null {
    const { context, state: states } = this.#parties;
    const state = states.run(runId);
    const location = findRun(context, runId);
    if (location === null || state === null || state.receipt === null) return null;
    if (this.#options.experimentIds?.includes(location.experimentId) === false) return null;
    const artifacts = this.#coveredArtifacts(context, location, state);
    return artifacts.length === 0 ? null : { location, state, artifacts };
  }

  #coveredArtifacts(context: StoreContext, location: RunLocation, state: RunState): readonly ArtifactHead[] {
    const { document, changing } = readRunDocument(context, location);
    // Who runs may still read its files.
    if (!isEnded(document.info.status)) return [];
    return document.artifacts.filter(
      ({ path, sha256, size, absent }) =>
        absent !== true &&
        size > this.#options.least &&
        state.artifacts[path] === sha256 &&
        !changing.includes(path),
    );
  }

  async #prune(runId: string, { location, state, artifacts }: Candidate): Promise<void> {
    const { trustSize, dryRun } = this.#options;
    const place = await this.#placeThere(runId, state);
    if (place === null) return;
    const hash = dryRun ? "none" : trustSize ? "small" : "all";
    const { problems, bySize } = await verifyArtifacts(this.#calls, { place, artifacts }, { hash });
    for (const { path, problem } of problems) this.#keep(runId, `'${path}' ${problem} there`);
    const unread = dryRun || trustSize ? [] : bySize;
    for (const path of unread)
      this.#keep(runId, `the server does not give '${path}' back (--trust-size frees it by its size)`);
    const unsafe = new Set([...problems.map(({ path }) => path), ...unread]);
    this.#release(
      { runId, location },
      artifacts.filter(({ path }) => !unsafe.has(path)),
    );
  }

  #release(
    { runId, location }: { readonly runId: string; readonly location: RunLocation },
    safe: readonly ArtifactHead[],
  ): void {
    const shas = new Map(safe.map(({ path, sha256 }) => [path, sha256]));
    const freed = this.#options.dryRun
      ? safe
      : releaseArtifacts(this.#parties.context, location, ({ path, sha256 }) => shas.get(path) === sha256);
    if (freed.length > 0) this.#pruned.push({ runId, freed });
  }

  /** Below the root of the artifact proxy; null: it was said why the run keeps what it has. */
  async #placeThere(runId: string, { remoteRunId }: RunState): Promise<string | null> {
    const run = remoteRunId === null ? null : await this.#calls.getRun(remoteRunId);
    if (run === null) return this.#keep(runId, "the run is gone there");
    // An administrator may remove what is deleted for good.
    if (run.info.lifecycleStage === "deleted") return this.#keep(runId, "the run is deleted there");
    if (run.tags[ORIGIN_TAG] !== runId && run.info.runId !== runId)
      return this.#keep(runId, "the run there is another one");
    const { path, reason } = artifactPlace(run.info.artifactUri, this.#parties.http.settings.url);
    return path ?? this.#keep(runId, reason);
  }

  #keep(runId: string, reason: string): null {
    this.#kept.push({ runId, reason });
    return null;
  }
}
