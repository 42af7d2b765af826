/** What is asked of an entry of a catalog. */
import { DELETED_STAGE } from "../../core/index.js";
import { CATALOG_KINDS, type CatalogEntry, type CatalogKind, TAG_FIELD } from "../../store-format/index.js";

const DEFAULT_EXPERIMENT = "Default";

/** Of the state: experiments by their ids here, the rest by what they are called everywhere. */
export function keyOf({ kind, id, model, origin }: CatalogEntry): string {
  return JSON.stringify([kind, model, kind === "experiment" ? id : origin]);
}

/** Null for a text that is no key. */
export function kindOfKey(key: string): CatalogKind | null {
  const found = /^\["(\w+)"/.exec(key)?.[1];
  return CATALOG_KINDS.find((kind) => kind === found) ?? null;
}

export function isDeleted(entry: CatalogEntry | null): boolean {
  if (entry === null) return false;
  return entry.fields["lifecycle_stage"] === "deleted" || entry.fields["stage"] === DELETED_STAGE;
}

/** Every store has it, whether it is used or not. */
export function isIdleDefault(entry: CatalogEntry): boolean {
  return isDefault(entry) && !Object.keys(entry.fields).some((field) => field.startsWith(TAG_FIELD));
}

export function isDefault(entry: CatalogEntry): boolean {
  return entry.kind === "experiment" && entry.origin === DEFAULT_EXPERIMENT && entry.id === "0";
}

export function nameOf({ kind, id, model, fields, facts }: CatalogEntry): string {
  if (kind === "logged_model") return facts.name ?? id;
  if (kind === "experiment") return fields["name"] ?? id;
  return kind === "model_version" ? `${model} version ${id}` : id;
}

export function labelOf(entry: CatalogEntry): string {
  const words = {
    ...{ experiment: "experiment", registered_model: "registered model" },
    ...{ model_version: "model", logged_model: "logged model" },
  };
  return `the ${words[entry.kind]} '${nameOf(entry)}'`;
}
