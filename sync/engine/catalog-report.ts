/** What became of experiments, registered models and versions in a sync. */
import type { CatalogKind } from "../../store-format/index.js";

export interface CatalogCount {
  /** On either side. */
  readonly made: number;
  readonly changed: number;
  readonly conflicts: number;
}

export type CatalogCounts = Readonly<Record<CatalogKind, CatalogCount>>;

const NONE: CatalogCount = { made: 0, changed: 0, conflicts: 0 };

export const NO_CATALOG: CatalogCounts = {
  ...{ experiment: NONE, registered_model: NONE, model_version: NONE, logged_model: NONE },
};

export function addCatalog(a: CatalogCounts, b: CatalogCounts): CatalogCounts {
  const add = (kind: keyof CatalogCounts): CatalogCount => ({
    made: a[kind].made + b[kind].made,
    changed: a[kind].changed + b[kind].changed,
    conflicts: a[kind].conflicts + b[kind].conflicts,
  });
  return {
    experiment: add("experiment"),
    registered_model: add("registered_model"),
    model_version: add("model_version"),
    logged_model: add("logged_model"),
  };
}

/** What both sides changed differently. Nothing of it was written. */
export interface CatalogConflict {
  readonly kind: CatalogKind;
  /** For people: the experiment's name, the model's, `model version 3`. */
  readonly what: string;
  readonly field: string;
  readonly base: string | null;
  readonly mine: string | null;
  readonly theirs: string | null;
}
