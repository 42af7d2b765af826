/** The catalog of a store in a directory. */
import type { StoreContext } from "../../core/store/context.js";
import { changeCatalogEntry, listCatalog, receiveCatalogEntry } from "../../core/transfer/index.js";
import type { CatalogChanges, CatalogEntry, CatalogKind } from "../../store-format/index.js";
import type { CatalogSide } from "./catalog-parties.js";

export class LocalCatalogSide implements CatalogSide {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async list(
    kinds: readonly CatalogKind[],
    problem: (sentence: string) => void,
  ): Promise<readonly CatalogEntry[]> {
    const onDamage = ({ path, reason }: { readonly path: string; readonly reason: string }): void =>
      problem(`${path}: ${reason}`);
    // Damage of experiments is told with their runs.
    const isRegistry = !kinds.includes("experiment");
    return [...listCatalog(this.#context, kinds, isRegistry ? onDamage : () => undefined)];
  }

  async make(entry: CatalogEntry): Promise<CatalogEntry> {
    return receiveCatalogEntry(this.#context, entry);
  }

  async change(target: CatalogEntry, changes: CatalogChanges): Promise<void> {
    changeCatalogEntry(this.#context, target, changes);
  }
}
