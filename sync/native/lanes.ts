/** Runs on their way from one peer to the other, in several lanes beside each other. */
import type { WireDocument } from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { Moved } from "../engine/progress.js";
import type { RunState } from "../engine/run-state.js";
import { Gate } from "./gate.js";
import type { About, Kept, OfferToKeep, Peer } from "./peer.js";

/** Offers of one request. */
const OFFERS_AT_ONCE = 32;

/** Two requests that failed whole, each with other runs: it is not the runs. */
const MOST_SILENT = 2;

export interface BringOptions {
  readonly from: Peer;
  readonly to: Peer;
  readonly runIds: readonly string[];
  /** Lanes. */
  readonly jobs: number;
  readonly withArtifacts: boolean;
  /** Also bytes of artifacts that the other side was given only the names of. */
  readonly bringsBytes: boolean;
  readonly signal: AbortSignal | undefined;
  /** What is known of a run from when both sides were last equal. */
  base(runId: string): RunState | null;
  /** The name of an experiment at the other side. */
  rename(experimentName: string): string;
  onBegin(runId: string, runName: string): void;
}

/** A run that arrived, or was there. */
export interface Brought {
  readonly runId: string;
  readonly error?: undefined;
  readonly document: WireDocument;
  readonly kept: Kept;
  readonly notes: readonly string[];
  readonly moved: Moved;
}

export type BroughtRun = Brought | { readonly runId: string; readonly error: RunstoneError };

/** One result for each run, in any order; those that are not begun when the signal is aborted have none. */
export async function* bringRuns(options: BringOptions): AsyncGenerator<BroughtRun> {
  const queue = [...options.runIds];
  const results = new Results();
  const lanes = Array.from({ length: Math.min(options.jobs, queue.length) }, () =>
    new Lane(options, queue, results).run(),
  );
  void Promise.all(lanes).then(
    () => results.end(null),
    (error: unknown) => results.end(error),
  );
  yield* results.all();
}

class Lane {
  readonly #options: BringOptions;
  readonly #queue: string[];
  readonly #results: Results;
  /** Offered and not answered yet. */
  readonly #open = new Map<string, OfferToKeep>();
  #taken: string[] = [];
  /** Attempts one after another that ended without a single answer. */
  #silent = 0;

  constructor(options: BringOptions, queue: string[], results: Results) {
    this.#options = options;
    this.#queue = queue;
    this.#results = results;
  }

  /**
   * Never rejects for what is wrong with a run: it is the result of the runs that it hit. Rejects where the keeper takes
   * nothing at all, which would be so for every run.
   */
  async run(): Promise<void> {
    while (this.#queue.length > 0 && this.#options.signal?.aborted !== true) {
      try {
        for await (const about of this.#options.to.keep(this.#offers())) this.#note(about);
      } catch (error) {
        if (!(error instanceof RunstoneError)) throw error;
        this.#fail(error);
      }
    }
  }

  /** What was taken and has no answer failed with the conversation. Throws where asking again is no use. */
  #fail(error: RunstoneError): void {
    this.#silent += 1;
    if (this.#taken.length === 0) throw error;
    for (const runId of this.#taken) this.#results.add({ runId, error });
    this.#taken = [];
    this.#open.clear();
    // Where nobody answers, nothing more is tried.
    if (error.code !== "REMOTE_UNREACHABLE" && this.#silent < MOST_SILENT) return;
    for (const runId of this.#queue.splice(0)) this.#results.add({ runId, error });
  }

  async *#offers(): AsyncGenerator<OfferToKeep> {
    const { from, withArtifacts, signal } = this.#options;
    while (this.#queue.length > 0 && signal?.aborted !== true) {
      const ids = this.#queue.splice(0, this.#chunk());
      this.#taken.push(...ids);
      for await (const about of from.offers(ids, { artifacts: withArtifacts })) {
        if (about.error !== undefined) this.#over({ runId: about.runId, error: about.error });
        else yield this.#toKeep(about.runId, about);
      }
    }
  }

  /** No lane takes all that is left while others have nothing to do. */
  #chunk(): number {
    return Math.max(1, Math.min(OFFERS_AT_ONCE, Math.ceil(this.#queue.length / (2 * this.#options.jobs))));
  }

  #toKeep(runId: string, { run, notes }: Pick<OfferToKeep, "run" | "notes">): OfferToKeep {
    const { base, rename, onBegin, withArtifacts } = this.#options;
    const { document } = run;
    onBegin(runId, document.info.runName);
    const known = base(runId);
    const offer = {
      run: { ...run, document: { ...document, experimentName: rename(document.experimentName) } },
      notes,
      base: known?.common ?? null,
      baseArtifacts: known?.artifacts ?? {},
      bringsBytes: this.#options.bringsBytes && withArtifacts,
    };
    this.#open.set(runId, offer);
    return offer;
  }

  #note(about: About<Kept>): void {
    const { runId } = about;
    this.#silent = 0;
    const offer = this.#open.get(runId);
    this.#open.delete(runId);
    if (about.error !== undefined || offer === undefined)
      return this.#over({ runId, error: about.error ?? unknownAnswer(runId) });
    const { document } = offer.run;
    const moved = about.moved ?? this.#guessed(about, document);
    this.#over({ runId, document, kept: about, notes: offer.notes, moved });
  }

  /** What an older keeper took: of a run that was there, only it could tell. */
  #guessed({ outcome }: Kept, document: WireDocument): Moved {
    return outcome === "created" ? movedOf(document, this.#options.withArtifacts) : {};
  }

  #over(result: BroughtRun): void {
    const at = this.#taken.indexOf(result.runId);
    if (at >= 0) this.#taken.splice(at, 1);
    this.#results.add(result);
  }
}

function movedOf({ params, tags, series, artifacts }: WireDocument, withArtifacts: boolean): Moved {
  const sent = withArtifacts ? artifacts.filter(({ absent }) => absent !== true) : [];
  return {
    params: Object.keys(params).length,
    tags: Object.keys(tags).length,
    points: series.reduce((sum, { count }) => sum + count, 0),
    artifacts: sent.length,
    bytes: sent.reduce((sum, { size }) => sum + size, 0),
  };
}

function unknownAnswer(runId: string): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", `the other side answered about ${runId}, which was not sent`);
}

/** Results of all lanes as one sequence. */
class Results {
  readonly #ready: BroughtRun[] = [];
  #end: { readonly error: unknown } | null = null;
  readonly #gate = new Gate();

  add(result: BroughtRun): void {
    this.#ready.push(result);
    this.#gate.open();
  }

  end(error: unknown): void {
    this.#end = { error };
    this.#gate.open();
  }

  async *all(): AsyncGenerator<BroughtRun> {
    for (;;) {
      const next = this.#ready.shift();
      if (next !== undefined) yield next;
      else if (this.#end === null) await this.#gate.opened();
      else if (this.#end.error !== null) throw this.#end.error;
      else return;
    }
  }
}
