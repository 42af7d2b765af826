/** A logged model that comes in a body: its record, the list of its files, and their bytes in that order. */
import type { ArtifactBytes, ArtifactHead, LoggedModelFiles } from "../../core/transfer/index.js";
import {
  type Item,
  isFiles,
  parseCatalogWork,
  parseFiles,
  parseRunPart,
  protocolError,
  type RunPart,
} from "../../protocol/index.js";
import { type CatalogEntry, RunstoneError } from "../../store-format/index.js";

const MAX_FILES = 1_000_000;

export interface IncomingModel {
  readonly entry: CatalogEntry;
  /** Bytes are to be read in the order of the files. */
  readonly files: LoggedModelFiles;
}

/** Throws REMOTE_FAILED for what is none. */
export async function readModel(items: AsyncGenerator<Item, void, undefined>): Promise<IncomingModel> {
  const work = parseCatalogWork(await mustNext(items));
  if (!("make" in work)) throw protocolError("something else in place of a logged model");
  const heads: ArtifactHead[] = [];
  let item = await mustNext(items);
  for (; isFiles(item); item = await mustNext(items)) {
    heads.push(...parseFiles(item));
    if (heads.length > MAX_FILES) throw protocolError("files without end");
  }
  const bytes = new BytesInOrder(items, heads, parseRunPart(item));
  return { entry: work.make, files: { heads, artifact: (head, start) => bytes.of(head, start) } };
}

class BytesInOrder {
  readonly #items: AsyncGenerator<Item, void, undefined>;
  readonly #heads: readonly ArtifactHead[];
  #ahead: RunPart | null;

  constructor(items: AsyncGenerator<Item, void, undefined>, heads: readonly ArtifactHead[], first: RunPart) {
    this.#items = items;
    this.#heads = heads;
    this.#ahead = first;
  }

  /** Null when they do not come. What comes before is passed over. */
  async of(head: ArtifactHead, start: number): Promise<ArtifactBytes | null> {
    const wanted = this.#heads.indexOf(head);
    for (;;) {
      const part = await this.#peek();
      if (part.kind !== "bytes" && part.kind !== "failure") return null;
      if (part.artifact > wanted) return null;
      if (part.artifact === wanted) return this.#bytes(wanted, start);
      this.#ahead = null;
    }
  }

  async *#bytes(wanted: number, start: number): AsyncGenerator<Uint8Array> {
    let at: number | null = null;
    for (;;) {
      const part = await this.#peek();
      if (part.kind === "failure" && part.artifact === wanted) throw part.error;
      if (part.kind !== "bytes" || part.artifact !== wanted) return;
      this.#ahead = null;
      if (at === null && part.start > start) throw beginsLater();
      if (at !== null && part.start !== at) throw protocolError("bytes that do not follow each other");
      at = part.start + part.data.length;
      if (at > start) yield part.data.subarray(Math.max(0, start - part.start));
    }
  }

  async #peek(): Promise<RunPart> {
    this.#ahead ??= parseRunPart(await mustNext(this.#items));
    return this.#ahead;
  }
}

async function mustNext(items: AsyncGenerator<Item, void, undefined>): Promise<Item> {
  const next = await items.next();
  if (next.done === true) throw protocolError("a logged model without end");
  return next.value;
}

function beginsLater(): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", "a file came from a later byte on than what is here", {
    hint: "Another transfer of the same bytes may have begun anew. Repeat.",
  });
}
