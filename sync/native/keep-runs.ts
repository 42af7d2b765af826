/**
 * Keeping runs one after another. While the files of some go to the disk the next are built; those that are durable appear
 * together, with one fsync of their directory, and only then is any of them answered. Never half a run is visible, and one
 * that fails fails alone.
 */
import type { RunLocation } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import {
  type BuiltRun,
  buildRun,
  type MergeCounts,
  mergeRun,
  type PublishedRun,
  publishRuns,
  type ReceivedRun,
  receiveArtifacts,
} from "../../core/transfer/index.js";
import type { About, Kept, OfferToKeep } from "./peer.js";
import { asRunstoneError } from "./store-reader.js";
import { TakenBytes } from "./taken-bytes.js";

/** Runs that are built and not visible yet: what a crash costs at most. */
const RUNS_TOGETHER = 16;
/** Bytes of their artifacts. */
const BYTES_TOGETHER = 64 * 1_048_576;

/** An answer for each offer, in their order. Whatever ends it early, what was built appears. */
export async function* keepRuns(
  context: StoreContext,
  offers: AsyncIterable<OfferToKeep>,
): AsyncGenerator<About<Kept>> {
  const keeper = new Keeper(context);
  const source = offers[Symbol.asyncIterator]();
  try {
    let next = quiet(source.next());
    for (;;) {
      if (keeper.isFull || !(await keeper.isSoonerThanDisk(next))) yield* await keeper.publish();
      const { done, value } = await next;
      if (done === true) break;
      if (keeper.holds(value)) yield* await keeper.publish();
      await keeper.take(value);
      next = quiet(source.next());
    }
    yield* await keeper.publish();
  } finally {
    await keeper.publish();
    await source.return?.();
  }
}

/** Somebody waits for it later: until then its rejection is nobody's. */
function quiet<Value>(work: Promise<Value>): Promise<Value> {
  work.catch(() => undefined);
  return work;
}

/** An offer whose bytes are counted. */
interface Taking {
  readonly offer: OfferToKeep;
  readonly bytes: TakenBytes;
}

/** Built and waiting, or answered already. */
type Taken = (Taking & { readonly built: BuiltRun }) | { readonly answer: About<Kept> };

class Keeper {
  readonly #context: StoreContext;
  #taken: Taken[] = [];
  #bytes = 0;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  get isFull(): boolean {
    return this.#taken.length >= RUNS_TOGETHER || this.#bytes >= BYTES_TOGETHER;
  }

  /** Whether this run is on its way: then it must appear before it is merged into. */
  holds({ run }: OfferToKeep): boolean {
    const { runId } = run.document.info;
    return this.#taken.some((one) => "offer" in one && one.offer.run.document.info.runId === runId);
  }

  /** Whether there is a next offer before all that was built is durable: nobody waits for an answer longer than for the disk. */
  async isSoonerThanDisk(next: Promise<unknown>): Promise<boolean> {
    if (this.#taken.length === 0) return true;
    const durable = Promise.all(this.#taken.map((one) => ("built" in one ? one.built.durable : null)));
    return Promise.race([
      next.then(
        () => true,
        () => true,
      ),
      durable.then(() => false),
    ]);
  }

  /** Reads all of an offer. */
  async take(offer: OfferToKeep): Promise<void> {
    const { runId } = offer.run.document.info;
    const taking = { offer, bytes: new TakenBytes(offer.run) };
    try {
      const begun = await buildRun(this.#context, taking.bytes.run);
      if (!("built" in begun)) this.#answer({ runId, ...(await this.#merge(taking, begun.location)) });
      else this.#taken.push({ ...taking, built: begun });
      this.#bytes += bytesOf(offer);
    } catch (error) {
      this.#answer({ runId, error: asRunstoneError(error) });
    }
  }

  /** Lets appear what was built; the answers about everything that was taken. */
  async publish(): Promise<readonly About<Kept>[]> {
    const taken = this.#taken;
    this.#taken = [];
    this.#bytes = 0;
    const waiting = taken.flatMap((one) => ("built" in one ? [one] : []));
    const published = await publishRuns(
      this.#context,
      waiting.map(({ built }) => built),
    );
    const answers: About<Kept>[] = [];
    for (const one of taken)
      answers.push(
        "answer" in one ? one.answer : await this.#answerTo(one, published[waiting.indexOf(one)]!),
      );
    return answers;
  }

  async #answerTo(taking: Taking, published: PublishedRun): Promise<About<Kept>> {
    const { run } = taking.offer;
    const { runId } = run.document.info;
    try {
      if ("error" in published) throw published.error;
      const { created, absent, location } = published;
      // Where somebody else was first: of an offer that came over a pipe there is nothing left to read.
      if (!created) return { runId, ...(await this.#merge(taking, location)) };
      const moved = { ...countsOf(run, absent), bytes: taking.bytes.bytes };
      return { runId, outcome: "created", conflicts: [], moved };
    } catch (error) {
      return { runId, error: asRunstoneError(error) };
    }
  }

  #answer(answer: About<Kept>): void {
    this.#taken.push({ answer });
  }

  async #merge({ offer, bytes }: Taking, location: RunLocation): Promise<Kept> {
    const { base, baseArtifacts, bringsBytes } = offer;
    const merge = { theirs: bytes.run, common: base, commonArtifacts: baseArtifacts };
    const { changed, counts, conflicts } = await mergeRun(this.#context, location, merge);
    const brought = bringsBytes ? await this.#bringBytes(location, bytes.run) : 0;
    const moved = { ...counts, artifacts: counts.artifacts + brought, bytes: bytes.bytes };
    return { outcome: changed || brought > 0 ? "merged" : "same", conflicts, moved };
  }

  /** Of artifacts that are known here by name, as they are offered; how many came. */
  async #bringBytes(location: RunLocation, { document, artifact }: ReceivedRun): Promise<number> {
    const offered = new Map(document.artifacts.map(({ path, sha256 }) => [path, sha256]));
    const { received } = await receiveArtifacts(this.#context, location, {
      source: artifact,
      isWanted: ({ path, sha256 }) => offered.get(path) === sha256,
    });
    return received.length;
  }
}

/** What a run is that was not here. */
function countsOf({ document }: ReceivedRun, absent: number): MergeCounts {
  const { params, tags, series, artifacts } = document;
  return {
    params: Object.keys(params).length,
    tags: Object.keys(tags).length,
    points: series.reduce((sum, { count }) => sum + count, 0),
    artifacts: artifacts.length - absent,
  };
}

function bytesOf({ run }: OfferToKeep): number {
  return run.document.artifacts.reduce((sum, { size }) => sum + size, 0);
}
