/** Experiments, registered models, versions and the records of logged models on the wire (PROTOCOL.md, section 8). */
import {
  CATALOG_KINDS,
  type CatalogChanges,
  type CatalogEntry,
  type CatalogFacts,
  type CatalogKind,
} from "../../store-format/index.js";
import { type Item, serializeItem } from "./items.js";
import { asList, asObject, type JsonObject, Members, protocolError } from "./json.js";

/** Entries of one list. */
export const MAX_CATALOG_LIST = 100;

export function parseKinds(value: unknown): readonly CatalogKind[] {
  const said = asList(value, "kinds", 100);
  return CATALOG_KINDS.filter((kind) => said.includes(kind));
}

/** What an item of a listing says: entries, or one sentence on something that cannot be read. */
export type CatalogPart = { readonly entries: readonly CatalogEntry[] } | { readonly problem: string };

export function serializeCatalogPart(part: CatalogPart): Uint8Array {
  return serializeItem(part);
}

/** Throws REMOTE_FAILED. Names are checked where they would become paths. */
export function parseCatalogPart({ head }: Item): CatalogPart {
  const members = new Members(head, "catalog");
  if (members.has("problem")) return { problem: members.text("problem").slice(0, 1_000) };
  return { entries: members.list("entries", MAX_CATALOG_LIST).map(parseEntry) };
}

function parseEntry(value: unknown): CatalogEntry {
  const members = new Members(value, "entry");
  return {
    ...targetOf(members),
    fields: members.stringMap("fields"),
    facts: parseFacts(members.object("facts")),
  };
}

function targetOf(members: Members): Omit<CatalogEntry, "fields" | "facts"> {
  return {
    kind: members.choice("kind", CATALOG_KINDS),
    ...{ id: members.text("id"), model: members.text("model"), origin: members.text("origin") },
  };
}

function parseFacts(members: Members): CatalogFacts {
  return {
    creationTime: members.integerOrNull("creationTime"),
    lastUpdatedTime: members.integerOrNull("lastUpdatedTime"),
    source: members.textOrNull("source"),
    runId: members.textOrNull("runId"),
    runLink: members.textOrNull("runLink"),
    modelId: members.textOrNull("modelId"),
    userId: members.textOrNull("userId"),
    name: members.textOrNull("name"),
    modelType: members.textOrNull("modelType"),
    experimentName: members.textOrNull("experimentName"),
  };
}

/** What is asked to be done: an entry to be made, or one to be changed. */
export type CatalogWork =
  | { readonly make: CatalogEntry }
  | { readonly change: CatalogEntry; readonly fields: CatalogChanges };

export function serializeCatalogWork(work: CatalogWork): Uint8Array {
  return serializeItem(work);
}

/** Throws REMOTE_FAILED. */
export function parseCatalogWork({ head }: Item): CatalogWork {
  const members = new Members(head, "amend");
  if (members.has("make")) return { make: parseEntry(members.raw("make")) };
  return { change: parseEntry(members.raw("change")), fields: parseChanges(members.raw("fields")) };
}

function parseChanges(value: unknown): CatalogChanges {
  const changes: Record<string, string | null> = Object.create(null);
  for (const [field, text] of Object.entries(asObject(value, "amend.fields"))) {
    if (text !== null && typeof text !== "string") throw protocolError("a field that is no text");
    changes[field] = text;
  }
  return changes;
}

export function catalogAnswer(entry: CatalogEntry | null): JsonObject {
  return { entry };
}

/** Null: changed. Throws REMOTE_FAILED. */
export function parseCatalogAnswer({ head }: Item): CatalogEntry | null {
  const value = new Members(head, "amended").raw("entry") ?? null;
  return value === null ? null : parseEntry(value);
}
