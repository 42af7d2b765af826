/** The writing half of a peer over a store in a directory: runs are taken whole, or merged into those that are here. */
import { mustFindRun } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { resolveConflict } from "../../core/transfer/index.js";
import { keepRuns } from "./keep-runs.js";
import type { About, Kept, OfferToKeep, Settled } from "./peer.js";

export class StoreWriter {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  keep(offers: AsyncIterable<OfferToKeep>): AsyncGenerator<About<Kept>> {
    return keepRuns(this.#context, offers);
  }

  /** Throws RESOURCE_DOES_NOT_EXIST, UNSUPPORTED, INVALID_PARAMETER_VALUE. */
  async settle(runId: string, { field, key, value }: Settled): Promise<void> {
    await resolveConflict(this.#context, mustFindRun(this.#context, runId), { field, key }, { value });
  }
}
