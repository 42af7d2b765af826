/** A peer at the other end of a pipe. Whatever it answers is checked: it may be anybody. */
import type { ArtifactBytes, ArtifactHead } from "../../core/transfer/index.js";
import {
  type Hello,
  type Item,
  MAX_LIST_ENTRIES,
  Members,
  PROTOCOL_VERSIONS,
  parseCheck,
  parseCounts,
  parseFailure,
  parseHeads,
  protocolError,
  runIdOf,
  serializeItem,
  serializeWanted,
  type WantedArtifact,
  type WireCheck,
  type WireHead,
} from "../../protocol/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import type { Moved } from "../engine/progress.js";
import { CONFLICT_FIELDS, type Conflict } from "../state/index.js";
import { Asker, type BodyPieces } from "./asker.js";
import { ByteRequests } from "./byte-requests.js";
import type { ByteStreams } from "./byte-stream.js";
import { FarCatalog } from "./far-catalog.js";
import { FarModels } from "./far-models.js";
import type { GreetingPatience } from "./link.js";
import type { ModelSide } from "./model-side.js";
import { OfferReader, packOffer } from "./offer-parts.js";
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

/** Heads of one store. More than this is no store, but somebody who wants our memory. */
const MAX_HEADS = 20_000_000;

/** Offers whose documents are read before the first of them is sent. */
const READ_AHEAD = 32;
export interface FarPeerOptions {
  readonly streams: ByteStreams;
  /** Our name and release, for the other side. */
  readonly program: string;
  /** Absent: its hello is waited for without end. */
  readonly patience?: GreetingPatience;
}

/** Says hello. Throws UNSUPPORTED (no version in common), REMOTE_UNREACHABLE, REMOTE_FAILED. */
export async function openFarPeer({ streams, program, patience }: FarPeerOptions): Promise<Peer> {
  const ours: Hello = { versions: PROTOCOL_VERSIONS, program, capabilities: [] };
  return new FarPeer(await Asker.open(streams, ours, patience));
}

class FarPeer implements Peer {
  readonly #asker: Asker;
  readonly #bytes: ByteRequests;

  constructor(asker: Asker) {
    this.#asker = asker;
    this.#bytes = new ByteRequests(asker);
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

  async sees(probe: string): Promise<boolean> {
    const { header, items } = await this.#asker.ask("sees", { probe });
    for await (const _item of items) throw protocolError("more than was asked for");
    return new Members(header, "sees").boolean("seen");
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
    const digest = said.sha256OrNull("digest");
    return { exists: said.boolean("exists"), digest, heads: said.boolean("same") ? null : heads };
  }

  async *check(
    runIds: readonly string[],
    { deep = false }: CheckOptions = {},
  ): AsyncIterable<About<WireCheck>> {
    const { items } = await this.#asker.ask("check", { deep }, lists(runIds));
    yield* inOrder(runIds, items, (item) => parseCheck(new Members(item.head, "check")));
  }

  async *offers(runIds: readonly string[], options: OfferOptions): AsyncIterable<About<Offer>> {
    const { artifacts, points = true } = options;
    const { items } = await this.#asker.ask("offers", points ? {} : { points }, lists(runIds));
    const reader = new OfferReader(items);
    try {
      for (const runId of runIds) {
        const next = await reader.next();
        const about = next === null || "run" in next ? next : parseFailure(next);
        if (about === null) throw protocolError("fewer runs than were asked for");
        const found = "run" in about ? about.run.document.info.runId : about.runId;
        if (found !== runId) throw protocolError(`the run ${found} in place of ${runId}`);
        yield "run" in about ? { runId, ...this.#withBytes(about, artifacts) } : about;
      }
      if ((await reader.next()) !== null) throw protocolError("more than was asked for");
    } finally {
      await items.return();
    }
  }

  /** Artifacts are asked for when they are wanted. */
  #withBytes({ run, notes }: Offer, artifacts: boolean): Offer {
    const source = artifacts
      ? this.#bytes.sourceOf(run.document.info.runId, run.document.artifacts)
      : () => null;
    return { run: { ...run, artifact: source }, notes };
  }

  async artifact(runId: string, head: ArtifactHead, start: number): Promise<ArtifactBytes | null> {
    return this.#bytes.one(runId, head, start);
  }

  async counts(wanted: readonly WantedArtifact[]): Promise<readonly number[]> {
    const parts = cut(wanted);
    const { items } = await this.#asker.ask("counts", {}, parts.map(serializeWanted));
    const counts: number[] = [];
    try {
      for (const part of parts) {
        const next = await items.next();
        if (next.done === true) throw protocolError("fewer counts than were asked for");
        counts.push(...parseCounts(next.value, part));
      }
    } finally {
      await items.return();
    }
    return counts;
  }

  async *keep(offers: AsyncIterable<OfferToKeep>): AsyncIterable<About<Kept>> {
    const sent: string[] = [];
    const body = this.#packed(offers, sent);
    const { items } = await this.#asker.ask("keep", {}, body);
    try {
      let at = 0;
      for await (const item of items) {
        const about = parseFailure(item) ?? parseKept(item);
        if (at === sent.length || about.runId !== sent[at])
          throw protocolError(`an answer about ${about.runId}`);
        at += 1;
        yield about;
      }
      if (at < sent.length) throw protocolError("fewer answers than runs");
    } finally {
      await items.return();
    }
  }

  /** Some documents are read ahead, so that one question tells what is there of all their artifacts. */
  async *#packed(offers: AsyncIterable<OfferToKeep>, sent: string[]): AsyncGenerator<Uint8Array> {
    for await (const group of groupsOf(offers, READ_AHEAD)) {
      const counts = await this.#countsOf(group);
      for (const [index, offer] of group.entries()) {
        sent.push(offer.run.document.info.runId);
        yield* packOffer(offer, counts[index]!);
      }
    }
  }

  /** Of each offer's artifacts. */
  async #countsOf(offers: readonly OfferToKeep[]): Promise<readonly (readonly number[])[]> {
    const wanted = offers.map(({ run: { document } }) =>
      document.artifacts.map(({ path, sha256, size }) => ({
        ...{ runId: document.info.runId, path, sha256, size, start: 0 },
      })),
    );
    const all = wanted.flat();
    const counts = all.length === 0 ? [] : await this.counts(all);
    let at = 0;
    return wanted.map((artifacts) => {
      at += artifacts.length;
      return counts.slice(at - artifacts.length, at);
    });
  }

  async settle(runId: string, choice: Settled): Promise<void> {
    const { items } = await this.#asker.ask("settle", { runId, ...choice });
    for await (const _item of items) throw protocolError("more than was asked for");
  }

  get catalog(): CatalogSide | null {
    return this.capabilities.includes("catalog") ? new FarCatalog(this.#asker) : null;
  }

  get models(): ModelSide | null {
    if (!this.capabilities.includes("models")) return null;
    return new FarModels({
      asker: this.#asker,
      bytes: this.#bytes,
      counts: (wanted) => this.counts(wanted),
    });
  }

  async close(): Promise<void> {
    this.#asker.close();
  }
}

function parseKept({ head }: Item): About<Kept> {
  const members = new Members(head, "kept");
  return {
    runId: runIdOf(members.raw("runId")),
    outcome: members.choice("outcome", ["created", "merged", "same"]),
    conflicts: members.list("conflicts", MAX_CONFLICTS).map(parseConflict),
    ...(members.has("moved") ? { moved: parseMoved(members.object("moved")) } : {}),
  };
}

function parseMoved(members: Members): Required<Moved> {
  return {
    params: members.size("params"),
    tags: members.size("tags"),
    points: members.size("points"),
    artifacts: members.size("artifacts"),
    bytes: members.size("bytes"),
  };
}

const MAX_CONFLICTS = 100_000;

function parseConflict(value: unknown): Conflict {
  const members = new Members(value, "conflict");
  return {
    field: members.choice("field", CONFLICT_FIELDS),
    key: members.textOrNull("key"),
    base: members.textOrNull("base"),
    mine: members.textOrNull("mine"),
    theirs: members.textOrNull("theirs"),
  };
}

async function* groupsOf<Value>(values: AsyncIterable<Value>, size: number): AsyncGenerator<Value[]> {
  let group: Value[] = [];
  for await (const value of values) {
    group.push(value);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
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
async function* inOrder<Value extends { readonly runId: string }>(
  runIds: readonly string[],
  items: AsyncGenerator<Item, void, undefined>,
  parse: (item: Item) => Value,
): AsyncGenerator<About<Value>> {
  try {
    for (const runId of runIds) {
      const next = await items.next();
      if (next.done === true) throw protocolError("fewer runs than were asked for");
      const about = parseFailure(next.value) ?? parse(next.value);
      if (about.runId !== runId) throw protocolError(`the run ${about.runId} in place of ${runId}`);
      yield about as About<Value>;
    }
    if ((await items.next()).done !== true) throw protocolError("more than was asked for");
  } finally {
    await items.return();
  }
}
