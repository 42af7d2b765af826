/** A peer at the other end of a pipe. Whatever it answers is checked: it may be anybody. */
import {
  type Hello,
  type Item,
  MAX_LIST_ENTRIES,
  Members,
  type ObjectFailure,
  type ObjectPiece,
  PROTOCOL_VERSIONS,
  parseCheck,
  parseFailure,
  parseHeads,
  parseObjectFailure,
  parsePiece,
  parseRunPart,
  protocolError,
  serializeItem,
  serializeWanted,
  type WantedArtifact,
  type WireCheck,
  type WireDocument,
  type WireHead,
  type WirePoints,
} from "../../protocol/index.js";
import { POINT_RECORD_BYTES } from "../../store-format/index.js";
import { Asker, type BodyPieces } from "./asker.js";
import type { ByteStreams } from "./byte-stream.js";
import type { About, Heads, Peer, SentRun } from "./peer.js";

/** Heads of one store. More than this is no store, but somebody who wants our memory. */
const MAX_HEADS = 20_000_000;

export interface FarPeerOptions {
  readonly streams: ByteStreams;
  /** Our name and release, for the other side. */
  readonly program: string;
}

/** Says hello. Throws UNSUPPORTED (no version in common), REMOTE_UNREACHABLE, REMOTE_FAILED. */
export async function openFarPeer({ streams, program }: FarPeerOptions): Promise<Peer> {
  const ours: Hello = { versions: PROTOCOL_VERSIONS, program, capabilities: [] };
  return new FarPeer(await Asker.open(streams, ours));
}

class FarPeer implements Peer {
  readonly #asker: Asker;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  get program(): string {
    return this.#asker.theirs.program;
  }

  get capabilities(): Peer["capabilities"] {
    return this.#asker.theirs.capabilities;
  }

  get requests(): number {
    return this.#asker.requests;
  }

  async heads(known: string | null): Promise<Heads> {
    const { header, items } = await this.#asker.ask("heads", { known });
    const said = new Members(header, "heads");
    const heads: WireHead[] = [];
    const seen = new Set<string>();
    for await (const item of items)
      for (const head of parseHeads(item)) {
        if (seen.has(head.runId)) throw protocolError(`two heads of the run ${head.runId}`);
        if (seen.size >= MAX_HEADS) throw protocolError("heads without end");
        seen.add(head.runId);
        heads.push(head);
      }
    const same = said.boolean("same");
    return {
      exists: said.boolean("exists"),
      digest: said.sha256OrNull("digest"),
      heads: same ? null : heads,
    };
  }

  async *check(runIds: readonly string[]): AsyncIterable<About<WireCheck>> {
    const { items } = await this.#asker.ask("check", {}, lists(runIds));
    yield* inOrder(runIds, items, async (item) => parseCheck(new Members(item.head, "check")));
  }

  async *documents(runIds: readonly string[]): AsyncIterable<About<{ readonly document: WireDocument }>> {
    const { items } = await this.#asker.ask("documents", {}, lists(runIds));
    yield* inOrder(runIds, items, async (item) => {
      const document = documentOf(item);
      return { runId: document.info.runId, document };
    });
  }

  async *runs(runIds: readonly string[]): AsyncIterable<About<SentRun>> {
    const { items } = await this.#asker.ask("runs", {}, lists(runIds));
    let open: AsyncGenerator<WirePoints> | null = null;
    const parse = async (item: Item): Promise<SentRun & { readonly runId: string }> => {
      const document = documentOf(item);
      open = pointsOf(items, document);
      return { runId: document.info.runId, document, points: open };
    };
    const drain = async (): Promise<void> => {
      // What the reader left of a run stands before the next one.
      if (open !== null) for await (const _points of open);
      open = null;
    };
    yield* inOrder(runIds, items, parse, drain);
  }

  async *artifacts(wanted: readonly WantedArtifact[]): AsyncIterable<ObjectPiece | ObjectFailure> {
    const body = cut(wanted).map(serializeWanted);
    const { items } = await this.#asker.ask("artifacts", {}, body);
    yield* piecesOf(wanted, items);
  }

  async close(): Promise<void> {
    this.#asker.close();
  }
}

/** Lists of ids, none longer than a list may be. */
function lists(runIds: readonly string[]): BodyPieces {
  return cut(runIds).map((part) => serializeItem(part));
}

function cut<Value>(values: readonly Value[]): Value[][] {
  const parts: Value[][] = [];
  for (let at = 0; at < values.length; at += MAX_LIST_ENTRIES)
    parts.push(values.slice(at, at + MAX_LIST_ENTRIES));
  return parts;
}

/** One answer for each run, in the order that was asked for, and nothing else. */
async function* inOrder<Value>(
  runIds: readonly string[],
  items: AsyncGenerator<Item, void, undefined>,
  parse: (item: Item) => Promise<Value & { readonly runId: string }>,
  before: () => Promise<void> = async () => undefined,
): AsyncGenerator<About<Value>> {
  try {
    for (const runId of runIds) {
      await before();
      const next = await items.next();
      if (next.done === true) throw protocolError("fewer runs than were asked for");
      const about = parseFailure(next.value) ?? (await parse(next.value));
      if (about.runId !== runId) throw protocolError(`the run ${about.runId} in place of ${runId}`);
      yield about as About<Value>;
    }
    await before();
    if ((await items.next()).done !== true) throw protocolError("more than was asked for");
  } finally {
    await items.return();
  }
}

function documentOf(item: Item): WireDocument {
  const part = parseRunPart(item);
  if (part.kind !== "run") throw protocolError("something else in place of a document");
  return part.document;
}

/** Not more points than the document tells; the sets of them are compared by who keeps them. */
async function* pointsOf(
  items: AsyncGenerator<Item, void, undefined>,
  { series }: WireDocument,
): AsyncGenerator<WirePoints> {
  const keys = new Set(series.map(({ key }) => key));
  let room = mostRecordBytes(series);
  for (;;) {
    const next = await items.next();
    if (next.done === true) throw protocolError("a run without end");
    const part = parseRunPart(next.value);
    if (part.kind === "end") return;
    if (part.kind !== "points" || !keys.has(part.key)) throw protocolError("points of no series of the run");
    room -= part.records.length;
    if (room < 0) throw protocolError("points without end");
    yield part;
  }
}

/** A file may hold a point many times that counts once in the document, but not without end. */
function mostRecordBytes(series: WireDocument["series"]): number {
  const count = series.reduce((sum, one) => sum + one.count, 0);
  return POINT_RECORD_BYTES * (16 * count + 1_000_000);
}

/** Pieces of one artifact after the other, each from where the one before ended. */
async function* piecesOf(
  wanted: readonly WantedArtifact[],
  items: AsyncGenerator<Item, void, undefined>,
): AsyncGenerator<ObjectPiece | ObjectFailure> {
  try {
    for (const { sha256, size, start } of wanted) {
      for (let at = start, isFirst = true; isFirst || at < size; isFirst = false) {
        const next = await items.next();
        if (next.done === true) throw protocolError("fewer artifacts than were asked for");
        const failure = parseObjectFailure(next.value);
        if (failure !== null) {
          if (failure.sha256 !== sha256) throw protocolError("an artifact that was not asked for");
          yield failure;
          break;
        }
        const piece = parsePiece(next.value);
        if (piece.sha256 !== sha256 || piece.size !== size || piece.start !== at)
          throw protocolError("bytes that were not asked for");
        if (piece.data.length === 0 && at < size) throw protocolError("a piece without bytes");
        at += piece.data.length;
        yield piece;
      }
    }
    if ((await items.next()).done !== true) throw protocolError("more than was asked for");
  } finally {
    await items.return();
  }
}
