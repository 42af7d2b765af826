/** A peer over a store in a directory, in this process. */
import type { StoreContext } from "../../core/store/context.js";
import type {
  Capability,
  ObjectFailure,
  ObjectPiece,
  WantedArtifact,
  WireCheck,
  WireDocument,
} from "../../protocol/index.js";
import type { About, Heads, Peer, SentRun } from "./peer.js";
import { StoreReader } from "./store-reader.js";

export interface StorePlace {
  /** For people: which program answers. */
  readonly program: string;
  /** The store; null when there is none yet. */
  open(): StoreContext | null;
  /** The store, made if there is none. Absent: nothing is written here. */
  make?(): StoreContext;
}

export class StorePeer implements Peer {
  readonly program: string;
  readonly capabilities: readonly Capability[];
  readonly #place: StorePlace;
  #reader: StoreReader | null = null;
  #requests = 0;

  constructor(place: StorePlace) {
    this.program = place.program;
    this.capabilities = place.make === undefined ? [] : ["write"];
    this.#place = place;
  }

  get requests(): number {
    return this.#requests;
  }

  async heads(known: string | null): Promise<Heads> {
    return this.#asked()?.heads(known) ?? { exists: false, digest: null, heads: [] };
  }

  async *check(runIds: readonly string[]): AsyncIterable<About<WireCheck>> {
    yield* this.#mustRead().check(runIds);
  }

  async *documents(runIds: readonly string[]): AsyncIterable<About<{ readonly document: WireDocument }>> {
    yield* this.#mustRead().documents(runIds);
  }

  async *runs(runIds: readonly string[]): AsyncIterable<About<SentRun>> {
    yield* this.#mustRead().runs(runIds);
  }

  async *artifacts(wanted: readonly WantedArtifact[]): AsyncIterable<ObjectPiece | ObjectFailure> {
    yield* this.#mustRead().artifacts(wanted);
  }

  async close(): Promise<void> {}

  #asked(): StoreReader | null {
    this.#requests += 1;
    if (this.#reader !== null) return this.#reader;
    const context = this.#place.open();
    if (context !== null) this.#reader = new StoreReader(context);
    return this.#reader;
  }

  #mustRead(): StoreReader {
    const reader = this.#asked();
    if (reader === null) throw new Error("runs were asked for of a store that is not there");
    return reader;
  }
}
