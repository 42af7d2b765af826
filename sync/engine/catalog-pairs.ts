/** Which entry of one catalog is which of the other. */
import type { CatalogEntry, CatalogKind } from "../../store-format/index.js";
import { isDeleted, keyOf } from "./catalog-entry.js";
import type { CatalogRecord, CatalogState } from "./catalog-parties.js";
import type { NamedPair } from "./experiment-names.js";

export interface Pair extends NamedPair {
  key: string;
  readonly kind: CatalogKind;
  local: CatalogEntry | null;
  /** Its fields with names as they are here. */
  remote: CatalogEntry | null;
  readonly record: CatalogRecord | null;
}

/** By what is known of them, else by what they are called everywhere. */
export function pairUp(
  here: readonly CatalogEntry[],
  there: readonly CatalogEntry[],
  state: CatalogState,
): readonly Pair[] {
  const left = new Set(there);
  const byId = new Map(there.map((entry) => [placeOf(entry, entry.id), entry]));
  const byOrigin = new Map<string, CatalogEntry>();
  // Of two, the one that is not deleted.
  for (const entry of there)
    if (!byOrigin.has(placeOf(entry, entry.origin)) || !isDeleted(entry))
      byOrigin.set(placeOf(entry, entry.origin), entry);
  const pairs: Pair[] = [];
  const take = (entry: CatalogEntry | undefined): CatalogEntry | null => {
    if (entry === undefined || !left.delete(entry)) return null;
    return entry;
  };
  const records = new Map(here.map((local) => [local, state.catalog(keyOf(local))]));
  const known = new Map<CatalogEntry, CatalogEntry | null>();
  for (const [local, record] of records)
    if (record !== null && local.kind === "experiment")
      known.set(local, take(byId.get(placeOf(local, record.remoteId))));
  for (const [local, record] of records) {
    const remote = known.get(local) ?? take(byOrigin.get(placeOf(local, local.origin)));
    pairs.push({ key: keyOf(local), kind: local.kind, local, remote, record });
  }
  for (const remote of left) {
    const key = keyOf(remote);
    const record = remote.kind === "experiment" ? null : state.catalog(key);
    pairs.push({ key, kind: remote.kind, local: null, remote, record });
  }
  return pairs;
}

function placeOf({ kind, model }: CatalogEntry, name: string): string {
  return JSON.stringify([kind, model, name]);
}
