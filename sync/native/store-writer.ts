/** The writing half of a peer over a store in a directory: runs are taken whole, or merged into those that are here. */
import { mustFindRun, type RunLocation } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import {
  type MergeCounts,
  mergeRun,
  type ReceivedRun,
  receiveArtifacts,
  receiveRun,
  resolveConflict,
} from "../../core/transfer/index.js";
import type { About, Kept, OfferToKeep, Settled } from "./peer.js";
import { asRunstoneError } from "./store-reader.js";
import { TakenBytes } from "./taken-bytes.js";

export class StoreWriter {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async *keep(offers: AsyncIterable<OfferToKeep>): AsyncGenerator<About<Kept>> {
    for await (const offer of offers) {
      const { runId } = offer.run.document.info;
      try {
        yield { runId, ...(await this.#keep(offer)) };
      } catch (error) {
        yield { runId, error: asRunstoneError(error) };
      }
    }
  }

  /** Throws RESOURCE_DOES_NOT_EXIST, UNSUPPORTED, INVALID_PARAMETER_VALUE. */
  async settle(runId: string, { field, key, value }: Settled): Promise<void> {
    await resolveConflict(this.#context, mustFindRun(this.#context, runId), { field, key }, { value });
  }

  async #keep({ run, base, baseArtifacts, bringsBytes }: OfferToKeep): Promise<Kept> {
    const taken = new TakenBytes(run);
    const { created, location, absent } = await receiveRun(this.#context, taken.run);
    if (created)
      return { outcome: "created", conflicts: [], moved: { ...countsOf(run, absent), bytes: taken.bytes } };
    const merge = { theirs: taken.run, common: base, commonArtifacts: baseArtifacts };
    const { changed, counts, conflicts } = await mergeRun(this.#context, location, merge);
    const brought = bringsBytes ? await this.#bringBytes(location, taken.run) : 0;
    const moved = { ...counts, artifacts: counts.artifacts + brought, bytes: taken.bytes };
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
