/** The logged models of a store, as the other side of a sync asks for them and brings them. */
import type { LoggedModelFiles } from "../../core/transfer/index.js";
import type { CatalogEntry } from "../../store-format/index.js";

export interface ModelSide {
  /** Those of the ids that are there; null: all. `problem`: what cannot be read. */
  list(
    modelIds: readonly string[] | null,
    problem: (sentence: string) => void,
  ): Promise<readonly CatalogEntry[]>;
  /** Throws RESOURCE_DOES_NOT_EXIST. */
  files(modelId: string): Promise<LoggedModelFiles>;
  /** With its files; one that is there already is that one. */
  make(entry: CatalogEntry, files: LoggedModelFiles): Promise<CatalogEntry>;
}
