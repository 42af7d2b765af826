/** The writing half of a peer over a store in a directory: runs are taken whole, or merged into those that are here. */

import { join } from "node:path";
import { objectPath, statIfExists } from "../../core/fs/index.js";
import { mustFindRun } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { incomingPath, objectsPath } from "../../core/store/layout.js";
import { mergeRun, receiveRun, resolveConflict } from "../../core/transfer/index.js";
import type { WireObject } from "../../protocol/index.js";
import type { About, Kept, OfferToKeep, Settled } from "./peer.js";
import { asRunstoneError } from "./store-reader.js";

export class StoreWriter {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** An object that is here whole is hashed when it is used; the part of one is hashed when it is gone on with. */
  counts(objects: readonly WireObject[]): readonly number[] {
    return objects.map(({ sha256, size }) => {
      const own = objectsPath(this.#context);
      if (own !== null && statIfExists(objectPath(own, sha256))?.size === size) return size;
      const part = statIfExists(join(incomingPath(this.#context), `${sha256}.part`))?.size ?? 0;
      return part < size ? part : 0;
    });
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

  async #keep({ run, base, baseArtifacts }: OfferToKeep): Promise<Kept> {
    const { created, location } = await receiveRun(this.#context, run);
    if (created) return { outcome: "created", conflicts: [] };
    const merge = { theirs: run, common: base, commonArtifacts: baseArtifacts };
    const { changed, conflicts } = await mergeRun(this.#context, location, merge);
    return { outcome: changed ? "merged" : "same", conflicts };
  }
}
