/** A peer over a store in a directory, in this process. */
import { join } from "node:path";
import type { StoreContext } from "../../core/store/context.js";
import type { ArtifactBytes, ArtifactHead } from "../../core/transfer/index.js";
import type { Capability, WantedArtifact, WireCheck } from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import { LocalCatalogSide } from "../engine/local-catalog-side.js";
import { countsHere } from "./counts-here.js";
import { LocalModelSide } from "./local-models.js";
import type { ModelSide } from "./model-side.js";
import { isSameFile, seesProbe } from "./other-store.js";
import type {
  About,
  CheckOptions,
  Heads,
  Kept,
  Offer,
  OfferOptions,
  OfferToKeep,
  Peer,
  Settled,
} from "./peer.js";
import { StoreReader } from "./store-reader.js";
import { StoreWriter } from "./store-writer.js";

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
  #writer: StoreWriter | null = null;
  #context: StoreContext | null = null;
  #requests = 0;

  constructor(place: StorePlace) {
    this.program = place.program;
    const told: readonly Capability[] = ["catalog", "models"];
    this.capabilities = place.make === undefined ? told : ["write", ...told];
    this.#place = place;
  }

  get requests(): number {
    return this.#requests;
  }

  async sees(probe: string): Promise<boolean> {
    const reader = this.#asked();
    return reader !== null && seesProbe(reader.context.root, probe);
  }

  /** Whether an artifact of a run that is here is the very file at `path`. Throws RESOURCE_DOES_NOT_EXIST. */
  isAt(runId: string, artifact: string, path: string): boolean {
    const reader = this.#asked();
    if (reader === null) return false;
    return isSameFile(join(reader.locate(runId).directory, "artifacts", artifact), path);
  }

  async heads(known: string | null): Promise<Heads> {
    return this.#asked()?.heads(known) ?? { exists: false, digest: null, heads: [] };
  }

  async *check(runIds: readonly string[], options: CheckOptions = {}): AsyncIterable<About<WireCheck>> {
    yield* this.#mustRead().check(runIds, options);
  }

  async *offers(runIds: readonly string[], options: OfferOptions): AsyncIterable<About<Offer>> {
    yield* this.#mustRead().offers(runIds, options);
  }

  async artifact(runId: string, head: ArtifactHead, start = 0): Promise<ArtifactBytes | null> {
    return this.#mustRead().artifact(runId, head, start);
  }

  async counts(wanted: readonly WantedArtifact[]): Promise<readonly number[]> {
    const reader = this.#asked();
    return reader === null ? wanted.map(() => 0) : countsHere(reader.context, wanted);
  }

  async *keep(offers: AsyncIterable<OfferToKeep>): AsyncIterable<About<Kept>> {
    yield* this.#mustWrite().keep(offers);
  }

  async settle(runId: string, choice: Settled): Promise<void> {
    await this.#mustWrite().settle(runId, choice);
  }

  readonly catalog: CatalogSide = {
    list: async (kinds, problem) => {
      this.#requests += 1;
      const context = this.#place.open();
      return context === null ? [] : new LocalCatalogSide(context).list(kinds, problem);
    },
    make: (entry) => this.#madeCatalog().make(entry),
    change: (target, changes) => this.#madeCatalog().change(target, changes),
  };

  readonly models: ModelSide = new LocalModelSide({
    open: () => {
      this.#requests += 1;
      return this.#place.open();
    },
    make: () => this.#mustMake(),
  });

  async close(): Promise<void> {}

  #madeCatalog(): LocalCatalogSide {
    return new LocalCatalogSide(this.#mustMake());
  }

  #asked(): StoreReader | null {
    this.#requests += 1;
    if (this.#reader !== null) return this.#reader;
    const context = this.#place.open();
    if (context !== null) this.#reader = new StoreReader(context);
    return this.#reader;
  }

  #mustRead(): StoreReader {
    const reader = this.#asked();
    if (reader !== null) return reader;
    throw new RunstoneError("NOT_A_STORE", "there is no store yet", { hint: "A push makes it." });
  }

  #mustWrite(): StoreWriter {
    const context = this.#mustMake();
    this.#writer ??= new StoreWriter(context);
    return this.#writer;
  }

  #mustMake(): StoreContext {
    this.#requests += 1;
    const { make } = this.#place;
    if (make === undefined)
      throw new RunstoneError(
        "PERMISSION_DENIED",
        "nothing is written to this store by whom it is asked for",
      );
    this.#context ??= make();
    return this.#context;
  }
}
