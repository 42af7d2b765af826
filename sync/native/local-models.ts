/** The logged models of a store in a directory. */
import type { StoreContext } from "../../core/store/context.js";
import {
  ArtifactHashes,
  type LoggedModelFiles,
  listLoggedModelEntries,
  loggedModelFiles,
  receiveLoggedModelEntry,
} from "../../core/transfer/index.js";
import type { CatalogEntry } from "../../store-format/index.js";
import type { ModelSide } from "./model-side.js";

export interface ModelStore {
  /** Null when there is none yet. */
  open(): StoreContext | null;
  make(): StoreContext;
}

export class LocalModelSide implements ModelSide {
  readonly #store: ModelStore;
  readonly #hashes = new ArtifactHashes();

  constructor(store: ModelStore) {
    this.#store = store;
  }

  async list(
    modelIds: readonly string[] | null,
    problem: (sentence: string) => void,
  ): Promise<readonly CatalogEntry[]> {
    const context = this.#store.open();
    if (context === null) return [];
    return [
      ...listLoggedModelEntries(context, modelIds, ({ path, reason }) => problem(`${path}: ${reason}`)),
    ];
  }

  async files(modelId: string): Promise<LoggedModelFiles> {
    return loggedModelFiles(this.#store.open() ?? this.#store.make(), modelId, this.#hashes);
  }

  async make(entry: CatalogEntry, files: LoggedModelFiles): Promise<CatalogEntry> {
    return receiveLoggedModelEntry(this.#store.make(), entry, files);
  }
}
