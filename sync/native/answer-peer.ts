/** The methods of the protocol (PROTOCOL.md, section 6), answered by a peer. */
import {
  type Item,
  MAX_LIST_ENTRIES,
  parseRunIds,
  parseWanted,
  protocolError,
  serializeCheck,
  serializeFailure,
  serializeHeads,
  serializeObjectFailure,
  serializePiece,
  serializePoints,
  serializeRun,
  serializeRunEnd,
  type WantedArtifact,
} from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { Handler, Reply, Request } from "./answerer.js";
import type { Heads, Peer } from "./peer.js";

/** Most ids, hashes or artifacts of one request. */
const MAX_ASKED = 100_000;

type Method = (peer: Peer, request: Request) => Promise<Reply>;

const METHODS: Readonly<Record<string, Method>> = {
  async heads(peer, { args }) {
    const { exists, digest, heads } = await peer.heads(args.sha256OrNull("known"));
    return { header: { exists, digest, same: heads === null }, body: headItems(heads) };
  },

  async check(peer, { items }) {
    return { body: checkItems(peer, await all(items, runIdsOf)) };
  },

  async documents(peer, { items }) {
    return { body: documentItems(peer, await all(items, runIdsOf)) };
  },

  async runs(peer, { items }) {
    return { body: runItems(peer, await all(items, runIdsOf)) };
  },

  async artifacts(peer, { items }) {
    return { body: pieceItems(peer, await all(items, parseWanted)) };
  },
};

/** A handler of requests. Unknown methods are UNSUPPORTED. */
export function answerWith(peer: Peer): Handler {
  return async (request) => {
    const method = Object.hasOwn(METHODS, request.method) ? METHODS[request.method] : undefined;
    if (method !== undefined) return method(peer, request);
    throw new RunstoneError(
      "UNSUPPORTED",
      `this release does not know the request ${request.method.slice(0, 100)}`,
      {
        hint: "Upgrade the older of the two sides.",
        data: { method: request.method.slice(0, 100) },
      },
    );
  };
}

function runIdsOf({ head }: Item): readonly string[] {
  return parseRunIds(head, MAX_LIST_ENTRIES);
}

async function all<Value>(
  items: AsyncIterable<Item>,
  parse: (item: Item) => readonly Value[],
): Promise<Value[]> {
  const values: Value[] = [];
  for await (const item of items) {
    for (const value of parse(item)) values.push(value);
    if (values.length > MAX_ASKED) throw protocolError(`more than ${MAX_ASKED} things asked for at once`);
  }
  return values;
}

function* headItems(heads: Heads["heads"]): Generator<Uint8Array> {
  for (let at = 0; heads !== null && at < heads.length; at += MAX_LIST_ENTRIES)
    yield serializeHeads(heads.slice(at, at + MAX_LIST_ENTRIES));
}

async function* checkItems(peer: Peer, runIds: readonly string[]): AsyncGenerator<Uint8Array> {
  for await (const about of peer.check(runIds))
    yield about.error === undefined ? serializeCheck(about) : serializeFailure(about.runId, about.error);
}

async function* documentItems(peer: Peer, runIds: readonly string[]): AsyncGenerator<Uint8Array> {
  for await (const about of peer.documents(runIds))
    yield about.error === undefined
      ? serializeRun(about.document)
      : serializeFailure(about.runId, about.error);
}

async function* runItems(peer: Peer, runIds: readonly string[]): AsyncGenerator<Uint8Array> {
  for await (const about of peer.runs(runIds)) {
    if (about.error !== undefined) yield serializeFailure(about.runId, about.error);
    else {
      yield serializeRun(about.document);
      for await (const points of about.points) yield serializePoints(points);
      yield serializeRunEnd();
    }
  }
}

async function* pieceItems(peer: Peer, wanted: readonly WantedArtifact[]): AsyncGenerator<Uint8Array> {
  for await (const piece of peer.artifacts(wanted))
    yield "error" in piece ? serializeObjectFailure(piece.sha256, piece.error) : serializePiece(piece);
}
