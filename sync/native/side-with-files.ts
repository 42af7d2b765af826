/** A side of a catalog whose logged models come with their files from the other side. */
import type { CatalogChanges, CatalogEntry, CatalogKind } from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import type { ModelSide } from "./model-side.js";

export interface SideParts {
  readonly catalog: CatalogSide;
  readonly models: ModelSide;
  /** Where files come from. */
  readonly other: ModelSide;
  /** The name of an experiment of the other side as it is on this one. */
  rename(name: string): string;
}

export class SideWithFiles implements CatalogSide {
  readonly #parts: SideParts;

  constructor(parts: SideParts) {
    this.#parts = parts;
  }

  list(kinds: readonly CatalogKind[], problem: (sentence: string) => void): Promise<readonly CatalogEntry[]> {
    return this.#parts.catalog.list(kinds, problem);
  }

  loggedModels(
    modelIds: readonly string[] | null,
    problem: (sentence: string) => void,
  ): Promise<readonly CatalogEntry[]> {
    return this.#parts.models.list(modelIds, problem);
  }

  async make(entry: CatalogEntry, problem: (sentence: string) => void): Promise<CatalogEntry | null> {
    const { catalog, models, other, rename } = this.#parts;
    if (entry.kind !== "logged_model") return catalog.make(entry, problem);
    const { experimentName } = entry.facts;
    const facts = { ...entry.facts, experimentName: experimentName === null ? null : rename(experimentName) };
    return models.make({ ...entry, facts }, await other.files(entry.id));
  }

  change(target: CatalogEntry, changes: CatalogChanges): Promise<void> {
    return this.#parts.catalog.change(target, changes);
  }
}
