/** Runs on the wire, from the offers of one side to the offers of the other. */

import { OpenFile } from "../../core/fs/index.js";
import type { ArtifactBytes, ArtifactHead, ArtifactSource, ReceivedRun } from "../../core/transfer/index.js";
import {
  type Item,
  type JsonObject,
  MAX_PIECE_BYTES,
  Members,
  parseRunPart,
  protocolError,
  type RunPart,
  serializeArtifactFailure,
  serializeBytes,
  serializePoints,
  serializeRun,
  serializeRunEnd,
  stringMapOf,
  type WireDocument,
  type WirePoints,
} from "../../protocol/index.js";
import { isRunstoneError, POINT_RECORD_BYTES, type Point, RunstoneError } from "../../store-format/index.js";
import { parseBase, serializeBase } from "./base-value.js";
import { packPoints, unpackPoints } from "./pack-points.js";
import type { Offer, OfferToKeep } from "./peer.js";

/** How many bytes of each of a document's artifacts the other side has; null: artifacts are not sent. */
export type Counts = readonly number[] | null;

/** All items of one run. Throws what the offer throws before its first byte of an artifact. */
export async function* packOffer(
  offer: Offer & Partial<OfferToKeep>,
  counts: Counts,
): AsyncGenerator<Uint8Array> {
  const { run, notes, base, baseArtifacts, bringsBytes } = offer;
  const { document, experimentTags, incomplete } = run;
  yield serializeRun(document, {
    ...(experimentTags === undefined ? {} : { experimentTags }),
    ...(incomplete === true ? { incomplete } : {}),
    ...(notes.length === 0 ? {} : { notes: notes.slice(0, MAX_NOTES) }),
    ...(base === undefined || base === null ? {} : { base: serializeBase(base), baseArtifacts }),
    ...(bringsBytes === true ? { bringsBytes } : {}),
  });
  for (const key of keysOf(document))
    for await (const points of packedPoints(key, run)) yield serializePoints(points);
  if (counts !== null) yield* packArtifacts(run, counts);
  yield serializeRunEnd();
}

const MAX_NOTES = 100;

async function* packedPoints(key: string, { points }: ReceivedRun): AsyncGenerator<WirePoints> {
  for await (const chunk of points(key)) yield* packPoints(key, [chunk]);
}

/** Those of which the other side has less than all. */
export async function* packArtifacts(
  { document, artifact }: PackedFiles,
  counts: readonly number[],
): AsyncGenerator<Uint8Array> {
  for (const [index, head] of document.artifacts.entries()) {
    const start = counts[index] ?? 0;
    if (start === head.size && start > 0) continue;
    try {
      const bytes = await artifact(head, start);
      if (bytes === null) continue;
      yield* packBytes(index, start, bytes);
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      yield serializeArtifactFailure(index, error);
    }
  }
}

interface PackedFiles {
  readonly document: { readonly artifacts: readonly ArtifactHead[] };
  readonly artifact: ArtifactSource;
}

/** Bytes of one artifact as they go into a body. */
export async function* packBytes(
  artifact: number,
  start: number,
  bytes: ArtifactBytes,
): AsyncGenerator<Uint8Array> {
  let at = start;
  for await (const block of blocksOf(bytes, start))
    for (let from = 0; from < block.length; from += MAX_PIECE_BYTES) {
      const data = block.subarray(from, from + MAX_PIECE_BYTES);
      yield serializeBytes({ artifact, start: at, data });
      at += data.length;
    }
  if (at === start) yield serializeBytes({ artifact, start, data: new Uint8Array(0) });
}

function blocksOf(bytes: ArtifactBytes, start: number): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return "file" in bytes ? blocksOfFile(bytes.file, start) : bytes;
}

function* blocksOfFile(path: string, start: number): Generator<Uint8Array> {
  const file = OpenFile.openIfExists(path);
  if (file === null)
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `${path} is gone`, { data: { path } });
  try {
    yield* file.blocks(start);
  } finally {
    file.close();
  }
}

function keysOf({ series }: WireDocument): Set<string> {
  return new Set(series.map(({ key }) => key));
}

/** The runs of a body, one after another. What nobody read of one is passed over before the next. */
export class OfferReader {
  readonly #items: AsyncGenerator<Item, void, undefined>;
  #ahead: RunPart | null = null;
  #inRun = false;
  /** Whose parts are read. */
  #run: WireDocument | null = null;
  /** Bytes of points that may still come for the open run. */
  #room = 0;

  constructor(items: AsyncGenerator<Item, void, undefined>) {
    this.#items = items;
  }

  /** The next item as it is, when it does not begin a run; null at the end of the body. */
  async next(): Promise<OfferToKeep | Item | null> {
    while (this.#inRun) await this.#part();
    const next = await this.#items.next();
    if (next.done === true) return null;
    if (!new Members(next.value.head, "item").has("run")) return next.value;
    const part = parseRunPart(next.value);
    if (part.kind !== "run") throw protocolError("something else in place of a run");
    this.#inRun = true;
    this.#run = part.document;
    this.#room = mostRecordBytes(part.document);
    return this.#offer(part.document, part.options);
  }

  #offer(document: WireDocument, options: JsonObject): OfferToKeep {
    const members = new Members(options, "run");
    const tags = members.has("experimentTags")
      ? { experimentTags: stringMapOf(members.raw("experimentTags"), "experimentTags") }
      : {};
    return {
      run: {
        document,
        points: (key) => this.#points(document, key),
        artifact: (head, start) => this.#artifact(document, head, start),
        ...tags,
        incomplete: members.raw("incomplete") === true,
      },
      notes: members.has("notes") ? members.list("notes", MAX_NOTES).map(noteOf) : [],
      base: members.has("base") ? parseBase(members.object("base")) : null,
      bringsBytes: members.raw("bringsBytes") === true,
      baseArtifacts: stringMapOf(members.raw("baseArtifacts") ?? {}, "baseArtifacts"),
    };
  }

  async *#points(document: WireDocument, key: string): AsyncGenerator<readonly Point[]> {
    const order = [...keysOf(document)];
    const wanted = order.indexOf(key);
    // Of a run that is over nothing is left.
    while (this.#run === document) {
      const part = await this.#peek();
      if (part?.kind !== "points") return;
      const found = order.indexOf(part.key);
      if (found < 0) throw protocolError("points of no series of the run");
      if (found > wanted) return;
      this.#ahead = null;
      if (found === wanted) yield unpackPoints(part);
    }
  }

  async #artifact(document: WireDocument, head: ArtifactHead, start: number): Promise<ArtifactBytes | null> {
    const wanted = document.artifacts.findIndex(({ path }) => path === head.path);
    if (this.#run !== document) return null;
    for (;;) {
      const part = await this.#peek();
      if (part === null || part.kind === "end" || part.kind === "run") return null;
      if (part.kind !== "points" && part.artifact > wanted) return null;
      if (part.kind !== "points" && part.artifact === wanted) break;
      this.#ahead = null;
    }
    return this.#bytes(wanted, start);
  }

  /** From `start` on, which may lie behind the beginning of what comes. */
  async *#bytes(wanted: number, start: number): AsyncGenerator<Uint8Array> {
    let at: number | null = null;
    for (;;) {
      const part = await this.#peek();
      if (part?.kind === "failure" && part.artifact === wanted) throw part.error;
      if (part?.kind !== "bytes" || part.artifact !== wanted) return;
      this.#ahead = null;
      if (at === null && part.start > start) throw beginsLater();
      if (at !== null && part.start !== at) throw protocolError("bytes that do not follow each other");
      at = part.start + part.data.length;
      if (at > start) yield part.data.subarray(Math.max(0, start - part.start));
    }
  }

  async #peek(): Promise<RunPart | null> {
    if (this.#ahead === null && this.#inRun) this.#ahead = await this.#read();
    return this.#ahead;
  }

  /** Takes the next part; the end of a run is taken once. */
  async #part(): Promise<void> {
    const part = this.#ahead ?? (await this.#read());
    this.#ahead = null;
    if (part.kind === "end") this.#inRun = false;
  }

  async #read(): Promise<RunPart> {
    const next = await this.#items.next();
    if (next.done === true) throw protocolError("a run without end");
    const part = parseRunPart(next.value);
    if (part.kind === "run") throw protocolError("a run within a run");
    if (part.kind === "points") this.#room -= part.records.length;
    if (this.#room < 0) throw protocolError("points without end");
    return part;
  }
}

/** A file may hold a point many times that counts once in the document, but not without end. */
function mostRecordBytes({ series }: WireDocument): number {
  const count = series.reduce((sum, one) => sum + one.count, 0);
  return POINT_RECORD_BYTES * (16 * count + 1_000_000);
}

function noteOf(value: unknown): string {
  if (typeof value !== "string") throw protocolError("a note that is no text");
  return value.slice(0, 1_000).replace(/\p{Cc}/gu, "?");
}

function beginsLater(): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", "an artifact came from a later byte on than what is here", {
    hint: "Another transfer of the same bytes may have begun anew. Repeat.",
  });
}
