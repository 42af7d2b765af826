/** Bytes of artifacts from the far end: small ones of a run share a request, a large one goes on from where it stopped. */
import {
  type ArtifactBytes,
  type ArtifactHead,
  type ArtifactSource,
  RESUMED_FROM_BYTES,
} from "../../core/transfer/index.js";
import {
  type Item,
  MAX_LIST_ENTRIES,
  parseRunPart,
  protocolError,
  serializeWanted,
  type WireBytes,
} from "../../protocol/index.js";
import type { Asker } from "./asker.js";

/** Bytes that small artifacts of one request may have in all. */
const SHARED_BYTES = 32 * 1_048_576;

export class ByteRequests {
  readonly #asker: Asker;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** A source for who takes the artifacts of a run or logged model in this order, perhaps not all of them. */
  sourceOf(ownerId: string, artifacts: readonly ArtifactHead[]): ArtifactSource {
    let shared: SharedAnswer | null = null;
    return async (head, start) => {
      if (head.absent === true) return null;
      if (start > 0 || head.size >= RESUMED_FROM_BYTES) return this.one(ownerId, head, start);
      const index = artifacts.findIndex(({ path }) => path === head.path);
      if (shared === null || !shared.holds(index)) {
        await shared?.leave();
        shared = await this.#share(ownerId, artifacts, index);
      }
      return shared.bytes(index);
    };
  }

  async one(runId: string, head: ArtifactHead, start: number): Promise<ArtifactBytes> {
    const { path, sha256, size } = head;
    const { items } = await this.#asker.ask("bytes", {}, [
      serializeWanted([{ runId, path, sha256, size, start }]),
    ]);
    return bytesOf(items, head, start);
  }

  async #share(runId: string, artifacts: readonly ArtifactHead[], from: number): Promise<SharedAnswer> {
    const indexes: number[] = [];
    let bytes = 0;
    for (let index = from; index < artifacts.length && indexes.length < MAX_LIST_ENTRIES; index += 1) {
      const { size, absent } = artifacts[index]!;
      if (absent === true || size >= RESUMED_FROM_BYTES) continue;
      if (indexes.length > 0 && bytes + size > SHARED_BYTES) break;
      indexes.push(index);
      bytes += size;
    }
    const wanted = indexes.map((index) => {
      const { path, sha256, size } = artifacts[index]!;
      return { runId, path, sha256, size, start: 0 };
    });
    const { items } = await this.#asker.ask("bytes", {}, [serializeWanted(wanted)]);
    return new SharedAnswer(items, indexes, artifacts);
  }
}

/** The bytes of several artifacts in one answer, read in its order. */
class SharedAnswer {
  readonly #items: AsyncGenerator<Item, void, undefined>;
  readonly #indexes: readonly number[];
  readonly #artifacts: readonly ArtifactHead[];
  #ahead: WireBytes | Error | null = null;
  #aheadIndex = -1;
  #isOver = false;

  constructor(
    items: AsyncGenerator<Item, void, undefined>,
    indexes: readonly number[],
    artifacts: readonly ArtifactHead[],
  ) {
    this.#items = items;
    this.#indexes = indexes;
    this.#artifacts = artifacts;
  }

  /** Whether the artifact is in this answer and was not passed over. */
  holds(index: number): boolean {
    return !this.#isOver && this.#indexes.indexOf(index) >= Math.max(0, this.#aheadIndex);
  }

  async leave(): Promise<void> {
    this.#isOver = true;
    await this.#items.return();
  }

  async *bytes(index: number): AsyncGenerator<Uint8Array> {
    const place = this.#indexes.indexOf(index);
    const { size } = this.#artifacts[index]!;
    let at = 0;
    for (let isFirst = true; isFirst || at < size; isFirst = false) {
      await this.#readTo(place);
      const part = this.#ahead;
      this.#ahead = null;
      if (part instanceof Error) throw part;
      if (part === null || this.#aheadIndex !== place) throw protocolError("fewer bytes than were asked for");
      if (part.start !== at || (part.data.length === 0 && at < size))
        throw protocolError("bytes that were not asked for");
      at += part.data.length;
      if (at > size) throw protocolError("more bytes than the artifact has");
      yield part.data;
    }
    if (place === this.#indexes.length - 1) await this.leave();
  }

  /** Passes over what stands before that artifact. */
  async #readTo(place: number): Promise<void> {
    while (this.#ahead === null || this.#aheadIndex < place) {
      const next = await this.#items.next();
      if (next.done === true) throw protocolError("fewer bytes than were asked for");
      const part = partOf(next.value);
      if (part.artifact < this.#aheadIndex || part.artifact >= this.#indexes.length)
        throw protocolError("bytes that were not asked for");
      this.#aheadIndex = part.artifact;
      this.#ahead = part.kind === "failure" ? part.error : part;
    }
  }
}

function partOf(item: Item): Extract<ReturnType<typeof parseRunPart>, { readonly artifact: number }> {
  const part = parseRunPart(item);
  if (part.kind !== "bytes" && part.kind !== "failure")
    throw protocolError("something else in place of bytes");
  return part;
}

async function* bytesOf(
  items: AsyncGenerator<Item, void, undefined>,
  { size }: ArtifactHead,
  start: number,
): AsyncGenerator<Uint8Array> {
  let at = start;
  try {
    for await (const item of items) {
      const part = partOf(item);
      if (part.kind === "failure") throw part.error;
      if (part.artifact !== 0 || part.start !== at) throw protocolError("bytes that were not asked for");
      if (part.data.length === 0 && at < size) throw protocolError("an item without bytes");
      at += part.data.length;
      if (at > size) throw protocolError("more bytes than the artifact has");
      yield part.data;
    }
  } finally {
    await items.return();
  }
}
