/** The logged models of a store at the far end of a pipe. Whatever it answers is checked. */
import type { ArtifactHead, LoggedModelFiles } from "../../core/transfer/index.js";
import {
  isFiles,
  MAX_LIST_ENTRIES,
  parseCatalogAnswer,
  parseFiles,
  protocolError,
  serializeCatalogWork,
  serializeFiles,
  serializeItem,
  serializeRunEnd,
  type WantedArtifact,
} from "../../protocol/index.js";
import type { CatalogEntry } from "../../store-format/index.js";
import type { Asker } from "./asker.js";
import type { ByteRequests } from "./byte-requests.js";
import { listedEntries } from "./far-catalog.js";
import type { ModelSide } from "./model-side.js";
import { packArtifacts } from "./offer-parts.js";

/** More than this is no model, but somebody who wants our memory. */
const MAX_FILES = 1_000_000;

export interface FarModelsOptions {
  readonly asker: Asker;
  readonly bytes: ByteRequests;
  counts(wanted: readonly WantedArtifact[]): Promise<readonly number[]>;
}

export class FarModels implements ModelSide {
  readonly #options: FarModelsOptions;

  constructor(options: FarModelsOptions) {
    this.#options = options;
  }

  async list(
    modelIds: readonly string[] | null,
    problem: (sentence: string) => void,
  ): Promise<readonly CatalogEntry[]> {
    const lists = modelIds === null ? [] : cut(modelIds).map((part) => serializeItem(part));
    const { items } = await this.#options.asker.ask("models", { all: modelIds === null }, lists);
    const wanted = modelIds === null ? null : new Set(modelIds);
    const entries = await listedEntries(items, ["logged_model"], problem);
    return entries.filter(({ id, origin }) => id === origin && wanted?.has(id) !== false);
  }

  async files(modelId: string): Promise<LoggedModelFiles> {
    const { asker, bytes } = this.#options;
    const { items } = await asker.ask("files", { modelId });
    const heads: ArtifactHead[] = [];
    for await (const item of items) {
      if (!isFiles(item)) throw protocolError("something else in place of files");
      heads.push(...parseFiles(item));
      if (heads.length > MAX_FILES) throw protocolError("files without end");
    }
    return { heads, artifact: bytes.sourceOf(modelId, heads) };
  }

  async make(entry: CatalogEntry, files: LoggedModelFiles): Promise<CatalogEntry> {
    const { asker, counts } = this.#options;
    const { heads } = files;
    const wanted = heads.map(({ path, sha256, size }) => ({
      ...{ runId: entry.id, path, sha256, size, start: 0 },
    }));
    const there = wanted.length === 0 ? [] : await counts(wanted);
    const { items } = await asker.ask("keep_model", {}, packModel(entry, files, there));
    let made: CatalogEntry | null = null;
    for await (const item of items) {
      if (made !== null) throw protocolError("more than was asked for");
      made = parseCatalogAnswer(item);
    }
    if (made?.kind !== "logged_model" || made.id !== entry.id)
      throw protocolError("another thing than what was to be made");
    return made;
  }
}

async function* packModel(
  entry: CatalogEntry,
  { heads, artifact }: LoggedModelFiles,
  counts: readonly number[],
): AsyncGenerator<Uint8Array> {
  yield serializeCatalogWork({ make: entry });
  for (const part of cut(heads)) yield serializeFiles(part);
  yield* packArtifacts({ document: { artifacts: heads }, artifact }, counts);
  yield serializeRunEnd();
}

function cut<Value>(values: readonly Value[]): Value[][] {
  const parts: Value[][] = [];
  for (let at = 0; at < values.length; at += MAX_LIST_ENTRIES)
    parts.push(values.slice(at, at + MAX_LIST_ENTRIES));
  return parts;
}
