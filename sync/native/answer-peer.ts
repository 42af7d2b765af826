/** The methods of the protocol (PROTOCOL.md, section 6), answered by a peer. */
import type { ArtifactHead } from "../../core/transfer/index.js";
import {
  CATALOG_LIST_BYTES,
  catalogAnswer,
  type Item,
  MAX_CATALOG_LIST,
  MAX_LIST_ENTRIES,
  modelIdOf,
  parseCatalogWork,
  parseKinds,
  parseModelIds,
  parseRunIds,
  parseWanted,
  protocolError,
  runIdOf,
  serializeArtifactFailure,
  serializeCatalogPart,
  serializeCheck,
  serializeCounts,
  serializeFailure,
  serializeFiles,
  serializeHeads,
  serializeItem,
  type WantedArtifact,
} from "../../protocol/index.js";
import { type CatalogEntry, type CatalogKind, RunstoneError } from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import { CONFLICT_FIELDS } from "../state/index.js";
import type { Handler, Reply, Request } from "./answerer.js";
import { readModel } from "./model-reader.js";
import type { ModelSide } from "./model-side.js";
import { OfferReader, packBytes, packOffer } from "./offer-parts.js";
import type { CheckOptions, Heads, Kept, Offer, OfferToKeep, Peer } from "./peer.js";
import { asRunstoneError } from "./store-reader.js";

/** Most ids or hashes of one request. */
const MAX_ASKED = 100_000;

type Method = (peer: Peer, request: Request) => Promise<Reply>;

const METHODS: Readonly<Record<string, Method>> = {
  async heads(peer, { args }) {
    const { exists, digest, heads } = await peer.heads(args.sha256OrNull("known"));
    return { header: { exists, digest, same: heads === null }, body: headItems(heads) };
  },

  async sees(peer, { args }) {
    return { header: { seen: await peer.sees(args.text("probe")) } };
  },

  async check(peer, { args, items }) {
    const deep = args.raw("deep") === true;
    return { body: checkItems(peer, await all(items, runIdsOf), { deep }) };
  },

  async offers(peer, { args, items }) {
    const points = args.raw("points") !== false;
    return { body: offerItems(peer, await all(items, runIdsOf), points) };
  },

  async bytes(peer, { items }) {
    return { body: byteItems(peer, await all(items, parseWanted)) };
  },

  async counts(peer, { items }) {
    return { body: countItems(peer, items) };
  },

  async keep(peer, { items }) {
    return { body: keptItems(peer, offersOf(new OfferReader(items))) };
  },

  async catalog(peer, { args }) {
    return { body: catalogItems(peer, parseKinds(args.raw("kinds"))) };
  },

  async amend(peer, { items }) {
    return { body: amendedItems(peer, items) };
  },

  async models(peer, { args, items }) {
    const modelIds = args.boolean("all") ? null : await all(items, parseModelIds);
    return { body: modelItems(peer, modelIds) };
  },

  async files(peer, { args }) {
    const { heads } = await modelsOf(peer).files(modelIdOf(args));
    return { body: fileItems(heads) };
  },

  async keep_model(peer, { items }) {
    const { entry, files } = await readModel(items);
    const made = await modelsOf(peer).make(entry, files);
    return { body: [serializeItem(catalogAnswer(made))] };
  },

  async settle(peer, { args }) {
    const value = { field: args.choice("field", CONFLICT_FIELDS), key: args.textOrNull("key") };
    await peer.settle(runIdOf(args.raw("runId")), { ...value, value: args.textOrNull("value") });
    return {};
  },
};

/** All methods that are answered. */
export const METHOD_NAMES: readonly string[] = Object.keys(METHODS);

/** A handler of requests. Unknown methods are UNSUPPORTED. */
export function answerWith(peer: Peer): Handler {
  return async (request) => {
    const name = request.method.slice(0, 100);
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (method !== undefined) return method(peer, request);
    throw new RunstoneError("UNSUPPORTED", `this release does not know the request ${name}`, {
      hint: "Upgrade the older of the two sides.",
      data: { method: name },
    });
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

function catalogOf({ catalog }: Peer): CatalogSide {
  if (catalog !== null) return catalog;
  throw new RunstoneError("UNSUPPORTED", "this side tells nothing of experiments and models");
}

async function* catalogItems(peer: Peer, kinds: readonly CatalogKind[]): AsyncGenerator<Uint8Array> {
  const problems: string[] = [];
  const entries = await catalogOf(peer).list(kinds, (sentence) => problems.push(sentence));
  yield* entryItems(entries, problems);
}

async function* modelItems(peer: Peer, modelIds: readonly string[] | null): AsyncGenerator<Uint8Array> {
  const problems: string[] = [];
  const entries = await modelsOf(peer).list(modelIds, (sentence) => problems.push(sentence));
  yield* entryItems(entries, problems);
}

function* entryItems(entries: readonly CatalogEntry[], problems: readonly string[]): Generator<Uint8Array> {
  for (const problem of problems) yield serializeCatalogPart({ problem });
  let list: CatalogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = sizeOf(entry);
    if (list.length === MAX_CATALOG_LIST || (list.length > 0 && bytes + size > CATALOG_LIST_BYTES)) {
      yield serializeCatalogPart({ entries: list });
      [list, bytes] = [[], 0];
    }
    list.push(entry);
    bytes += size;
  }
  if (list.length > 0) yield serializeCatalogPart({ entries: list });
}

/** About as many bytes as its fields take. */
function sizeOf({ fields }: CatalogEntry): number {
  return Object.entries(fields).reduce((sum, [field, value]) => sum + 8 + field.length + value.length, 0);
}

function modelsOf({ models }: Peer): ModelSide {
  if (models !== null) return models;
  throw new RunstoneError("UNSUPPORTED", "this side tells nothing of logged models");
}

function* fileItems(heads: readonly ArtifactHead[]): Generator<Uint8Array> {
  for (let at = 0; at < heads.length; at += MAX_LIST_ENTRIES)
    yield serializeFiles(heads.slice(at, at + MAX_LIST_ENTRIES));
}

/** Each is durable before it is answered. */
async function* amendedItems(peer: Peer, items: AsyncIterable<Item>): AsyncGenerator<Uint8Array> {
  const catalog = catalogOf(peer);
  for await (const item of items) {
    const work = parseCatalogWork(item);
    if ("make" in work) yield serializeItem(catalogAnswer(await catalog.make(work.make, () => undefined)));
    else {
      await catalog.change(work.change, work.fields);
      yield serializeItem(catalogAnswer(null));
    }
  }
}

function* headItems(heads: Heads["heads"]): Generator<Uint8Array> {
  for (let at = 0; heads !== null && at < heads.length; at += MAX_LIST_ENTRIES)
    yield serializeHeads(heads.slice(at, at + MAX_LIST_ENTRIES));
}

async function* checkItems(
  peer: Peer,
  runIds: readonly string[],
  options: CheckOptions,
): AsyncGenerator<Uint8Array> {
  for await (const about of peer.check(runIds, options))
    yield about.error === undefined ? serializeCheck(about) : serializeFailure(about.runId, about.error);
}

/** Without artifacts: who wants them asks for their bytes. */
async function* offerItems(
  peer: Peer,
  runIds: readonly string[],
  points: boolean,
): AsyncGenerator<Uint8Array> {
  for await (const about of peer.offers(runIds, { artifacts: false, points })) {
    if (about.error === undefined) yield* packOffer(points ? about : withoutPoints(about), null);
    else yield serializeFailure(about.runId, about.error);
  }
}

function withoutPoints({ run, notes }: Offer): Offer {
  return { run: { ...run, points: () => [] }, notes };
}

async function* byteItems(peer: Peer, wanted: readonly WantedArtifact[]): AsyncGenerator<Uint8Array> {
  for (const [index, { runId, start, ...head }] of wanted.entries()) {
    try {
      const bytes = await peer.artifact(runId, head, start);
      if (bytes === null) throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", "the bytes are not here");
      yield* packBytes(index, start, bytes);
    } catch (error) {
      yield serializeArtifactFailure(index, asRunstoneError(error));
    }
  }
}

async function* countItems(peer: Peer, items: AsyncIterable<Item>): AsyncGenerator<Uint8Array> {
  for await (const item of items) yield serializeCounts(await peer.counts(parseWanted(item)));
}

/** Nothing else than runs is offered here. */
async function* offersOf(reader: OfferReader): AsyncGenerator<OfferToKeep> {
  for (;;) {
    const next = await reader.next();
    if (next === null) return;
    if (!("run" in next)) throw protocolError("something else in place of a run");
    yield next;
  }
}

async function* keptItems(peer: Peer, offers: AsyncIterable<OfferToKeep>): AsyncGenerator<Uint8Array> {
  for await (const about of peer.keep(offers)) {
    const { runId, error } = about;
    if (error !== undefined) yield serializeFailure(runId, error);
    else yield serializeItem(keptItem(about));
  }
}

function keptItem({ runId, outcome, conflicts, moved }: { readonly runId: string } & Kept): object {
  return { runId, outcome, conflicts, ...(moved === undefined ? {} : { moved }) };
}
