/** The catalog of a store at the far end of a pipe. Whatever it answers is checked. */
import {
  type Item,
  parseCatalogAnswer,
  parseCatalogPart,
  protocolError,
  serializeCatalogWork,
} from "../../protocol/index.js";
import type { CatalogChanges, CatalogEntry, CatalogKind } from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import type { Asker } from "./asker.js";

/** More than this is no store, but somebody who wants our memory. */
const MAX_ENTRIES = 1_000_000;
const MAX_PROBLEMS = 10_000;

export class FarCatalog implements CatalogSide {
  readonly #asker: Asker;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  async list(
    kinds: readonly CatalogKind[],
    problem: (sentence: string) => void,
  ): Promise<readonly CatalogEntry[]> {
    const { items } = await this.#asker.ask("catalog", { kinds });
    return listedEntries(items, kinds, problem);
  }

  async make(entry: CatalogEntry): Promise<CatalogEntry> {
    const made = await this.#one(serializeCatalogWork({ make: entry }));
    if (made?.kind !== entry.kind) throw protocolError("another thing than what was to be made");
    return made;
  }

  async change(target: CatalogEntry, fields: CatalogChanges): Promise<void> {
    await this.#one(serializeCatalogWork({ change: target, fields }));
  }

  async #one(work: Uint8Array): Promise<CatalogEntry | null> {
    const { items } = await this.#asker.ask("amend", {}, [work]);
    let answer: CatalogEntry | null | undefined;
    for await (const item of items) {
      if (answer !== undefined) throw protocolError("more than was asked for");
      answer = parseCatalogAnswer(item);
    }
    if (answer === undefined) throw protocolError("no answer");
    return answer;
  }
}

/** Entries of these kinds. Throws REMOTE_FAILED for a list without end, and for what is none. */
export async function listedEntries(
  items: AsyncIterable<Item>,
  kinds: readonly CatalogKind[],
  problem: (sentence: string) => void,
): Promise<CatalogEntry[]> {
  const entries: CatalogEntry[] = [];
  let problems = 0;
  for await (const item of items) {
    const part = parseCatalogPart(item);
    if ("problem" in part) {
      problems += 1;
      problem(`there: ${part.problem.replace(/\p{Cc}/gu, "?")}`);
    } else entries.push(...part.entries.filter(({ kind }) => kinds.includes(kind)));
    if (entries.length > MAX_ENTRIES || problems > MAX_PROBLEMS) throw protocolError("a catalog without end");
  }
  return entries;
}
