/** Experiments and models, their fields and values, in words. */

import { DELETED_STAGE } from "../../core/index.js";
import { ALIAS_FIELD, parseVersionOrigin } from "../../store-format/index.js";
import type { CatalogConflict, CatalogCounts, RemoteStateView } from "../../sync/index.js";
import { counted } from "./counted.js";

export const CATALOG_WORDS: Readonly<Record<CatalogConflict["kind"], string>> = {
  experiment: "experiment",
  registered_model: "registered model",
  model_version: "model version",
  logged_model: "logged model",
};

/** An experiment or model in conflict. */
export interface CatalogInConflict {
  /** Of the state. */
  readonly key: string;
  /** As `runstone resolve` takes it: `experiment:wine`, `model:net`, `version:net/3`, `logged-model:m-...`. */
  readonly word: string;
  readonly conflicts: readonly CatalogConflict[];
}

/** Whether it is a word for an experiment or model, not for a run. */
export function isCatalogWord(word: string): boolean {
  return /^(experiment|model|version|logged-model):/.test(word);
}

export function catalogInConflict(state: RemoteStateView): readonly CatalogInConflict[] {
  const found: CatalogInConflict[] = [];
  for (const key of [...state.catalogKeys()]) {
    const conflicts = state.catalog(key)?.conflicts ?? [];
    const [first] = conflicts;
    if (first !== undefined) found.push({ key, word: wordOf(key, first), conflicts });
  }
  return found.sort((a, b) => (a.word < b.word ? -1 : 1));
}

function wordOf(key: string, { kind, what }: CatalogConflict): string {
  const [, model = "", name = ""] = JSON.parse(key) as readonly string[];
  if (kind === "experiment") return `experiment:${what}`;
  if (kind === "registered_model") return `model:${name}`;
  if (kind === "logged_model") return `logged-model:${name}`;
  return `version:${model}/${what.slice(what.lastIndexOf(" ") + 1)}`;
}

/** `experiment 'wine'`. */
export function catalogName({ kind, what }: Pick<CatalogConflict, "kind" | "what">): string {
  return kind === "model_version" ? what : `${CATALOG_WORDS[kind]} '${what}'`;
}

export function conflictLine(conflict: CatalogConflict): string {
  const { field, mine, theirs } = conflict;
  const [here, there] = [mine, theirs].map((value) => valueWords(field, value) ?? "gone");
  return `${catalogName(conflict)}: ${fieldName(field)} is ${here} here and ${there} there`;
}

/** `tag:owner` -> `tag 'owner'`. */
export function fieldName(field: string): string {
  const found = /^(tag|alias|param):(.*)$/s.exec(field);
  return found === null ? field.replace("_", " ") : `${found[1]} '${found[2]}'`;
}

/** An alias names a version by where it was made, a deleted version has a stage of its own. */
export function valueWords(field: string, value: string | null): string | null {
  if (value === null) return null;
  if (field === "stage" && value === DELETED_STAGE) return "deleted";
  const version = field.startsWith(ALIAS_FIELD) ? parseVersionOrigin(value) : null;
  return version === null ? value : `version ${version.number}`;
}

/** Experiments that are made are told where no run comes that tells of them. */
export function catalogParts(catalog: CatalogCounts, hasRuns: boolean): readonly string[] {
  const kinds = Object.entries(CATALOG_WORDS) as [keyof CatalogCounts, string][];
  return kinds.flatMap(([kind, word]) => {
    const { made, changed, conflicts } = catalog[kind];
    return [
      ...(made === 0 || (kind === "experiment" && hasRuns) ? [] : [`${counted(made, word)} made`]),
      ...(changed === 0 ? [] : [`${counted(changed, word)} changed`]),
      ...(conflicts === 0 ? [] : [`${counted(conflicts, word)} in conflict`]),
    ];
  });
}
