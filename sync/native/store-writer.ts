/** The writing half of a peer over a store in a directory: runs are taken whole, or merged into those that are here. */
import { join } from "node:path";

import { objectPath, statIfExists } from "../../core/fs/index.js";
import { findRun, mustFindRun, type RunLocation } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { incomingPath, objectsPath } from "../../core/store/layout.js";
import {
  type ArtifactHead,
  mergeRun,
  readRunDocument,
  receiveArtifacts,
  receiveRun,
  resolveConflict,
} from "../../core/transfer/index.js";
import type { WantedArtifact } from "../../protocol/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { About, Kept, OfferToKeep, Settled } from "./peer.js";
import { asRunstoneError } from "./store-reader.js";

export class StoreWriter {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /**
   * What is here whole is hashed when it is used, and what is here in part when it is gone on with. An artifact that its run
   * has already is not sent again.
   */
  counts(wanted: readonly WantedArtifact[]): readonly number[] {
    const sealed = new Map<string, ReadonlyMap<string, string>>();
    return wanted.map((artifact) => {
      const { runId, path, sha256, size } = artifact;
      if (!sealed.has(runId)) sealed.set(runId, this.#sealedIn(runId));
      if (sealed.get(runId)!.get(path) === sha256 || this.#hasObject(artifact)) return size;
      const part = statIfExists(join(incomingPath(this.#context), `${sha256}.part`))?.size ?? 0;
      return part < size ? part : 0;
    });
  }

  /** Artifacts of a run whose files look as they did when it was sealed: path -> SHA-256. */
  #sealedIn(runId: string): ReadonlyMap<string, string> {
    const location = findRun(this.#context, runId);
    const known = new Map<string, string>();
    if (location === null) return known;
    for (const { path, sha256, absent } of this.#artifactsOf(location))
      if (absent !== true) known.set(path, sha256);
    return known;
  }

  #artifactsOf(location: RunLocation): readonly ArtifactHead[] {
    try {
      return readRunDocument(this.#context, location).document.artifacts;
    } catch (error) {
      if (isRunstoneError(error)) return [];
      throw error;
    }
  }

  #hasObject({ sha256, size }: WantedArtifact): boolean {
    const own = objectsPath(this.#context);
    return own !== null && statIfExists(objectPath(own, sha256))?.size === size;
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
    const { created, location } = await receiveRun(this.#context, run);
    if (created) return { outcome: "created", conflicts: [] };
    const merge = { theirs: run, common: base, commonArtifacts: baseArtifacts };
    const { changed, conflicts } = await mergeRun(this.#context, location, merge);
    const brought = bringsBytes
      ? await receiveArtifacts(this.#context, location, { source: run.artifact })
      : null;
    const isMore = changed || (brought !== null && brought.received.length > 0);
    return { outcome: isMore ? "merged" : "same", conflicts };
  }
}
