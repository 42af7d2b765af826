/** What the journal knows of experiments, registered models and versions. Pure. */
import type { StringMap } from "../../store-format/index.js";
import type { CatalogRecord } from "../engine/catalog-parties.js";
import type { CatalogConflict, CatalogCounts } from "../engine/catalog-report.js";
import { NO_CATALOG } from "../engine/catalog-report.js";

/** Undefined for a value that is none. */
export function parseCatalogRecord(value: unknown): CatalogRecord | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { remoteId, fields, conflicts } = value as Readonly<Record<string, unknown>>;
  const texts = parseTexts(fields);
  if (typeof remoteId !== "string" || texts === undefined || !Array.isArray(conflicts)) return undefined;
  const parsed = conflicts.map(parseConflict);
  if (parsed.some((conflict) => conflict === undefined)) return undefined;
  return { remoteId, fields: texts, conflicts: parsed as CatalogConflict[] };
}

function parseTexts(value: unknown): StringMap | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const texts: Record<string, string> = Object.create(null);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") return undefined;
    texts[key] = text;
  }
  return texts;
}

function parseConflict(value: unknown): CatalogConflict | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, what, field, base, mine, theirs } = value as Readonly<Record<string, unknown>>;
  const isKind = typeof kind === "string" && Object.hasOwn(NO_CATALOG, kind);
  if (!isKind || typeof what !== "string" || typeof field !== "string") return undefined;
  if (![base, mine, theirs].every((text) => text === null || typeof text === "string")) return undefined;
  const texts = { base, mine, theirs } as Pick<CatalogConflict, "base" | "mine" | "theirs">;
  return { kind: kind as keyof CatalogCounts, what, field, ...texts };
}
