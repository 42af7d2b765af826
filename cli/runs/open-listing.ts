/** The runs of one or several stores, opened for a listing. */
import { join } from "node:path";
import { textAt } from "../../core/search/cells.js";
import { JoinedRunTable, type TablePart } from "../../core/search/joined-run-table.js";
import type { RunTable } from "../../core/search/run-table.js";
import type { OnDamage } from "../../core/store/read/damages.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { damageNotes, type OpenPlace } from "../store/open-place.js";
import { type OpenRuns, openRuns } from "../store/open-runs.js";
import { findStores, type NamedStore } from "./find-stores.js";
import { type ListedRun, listedRun } from "./listed-run.js";
import { isSameRun } from "./same-run.js";

export interface Listing {
  readonly table: RunTable;
  /** Names by experiment id, of all stores. */
  readonly experimentNames: ReadonlyMap<string, string>;
  /** Whether several stores are listed. */
  readonly severalStores: boolean;
  readonly onDamage: OnDamage;
  /** The place of saved views: the first store's. */
  readonly place: OpenPlace;
  runAt(row: number): ListedRun;
}

/**
 * A run that lies in several stores is listed once when its copies are the same (see {@link isSameRun}), else once for each.
 * Throws as `openRuns`; an experiment must be in one of the stores.
 */
export async function openListing(context: CommandContext, experiments: readonly string[]): Promise<Listing> {
  const stores = await findStores(context);
  if (stores.length <= 1) return listingOfOne(context, experiments, stores[0]?.path);
  const onDamage = damageNotes(context);
  const opened = stores.map(({ path }) =>
    openUnlessMissing({ ...context, store: path, stores: [path] }, experiments, (damage) =>
      onDamage({ ...damage, path: join(path, damage.path) }),
    ),
  );
  const missing = opened.every((one) => "missing" in one) ? opened[0] : undefined;
  if (missing !== undefined && "missing" in missing) throw missing.missing;
  return joined(
    opened.flatMap((one, index) => ("missing" in one ? [] : [{ ...stores[index]!, opened: one.found }])),
    onDamage,
  );
}

function listingOfOne(
  context: CommandContext,
  experiments: readonly string[],
  path: string | undefined,
): Listing {
  const own = path === undefined ? context : { ...context, store: path, stores: [path] };
  const opened = openRuns(own, { experiments });
  return {
    place: opened.place,
    table: opened.table,
    get experimentNames() {
      return opened.experimentNames;
    },
    severalStores: false,
    onDamage: opened.place.onDamage,
    runAt: (row) => listedRun(opened.table.runAt(row)),
  };
}

type Opened = { readonly found: OpenRuns } | { readonly missing: unknown };

function openUnlessMissing(
  context: CommandContext,
  experiments: readonly string[],
  onDamage: OnDamage,
): Opened {
  try {
    return { found: openRuns(context, { experiments, onDamage }) };
  } catch (error) {
    if (experiments.length === 0 || !isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
    return { missing: error };
  }
}

interface OpenedStore extends NamedStore {
  readonly opened: OpenRuns;
}

function joined(stores: readonly OpenedStore[], onDamage: OnDamage): Listing {
  const { parts, labels } = withoutCopies(stores);
  const table = new JoinedRunTable(parts);
  return {
    place: stores[0]!.opened.place,
    table,
    get experimentNames() {
      return new Map(stores.flatMap(({ opened }) => [...opened.experimentNames]));
    },
    severalStores: true,
    onDamage,
    runAt: (row) => listedRun(table.runAt(row), labels[row]!.join(", ")),
  };
}

interface Kept {
  readonly part: number;
  readonly row: number;
  readonly labels: string[];
}

/** The rows that are listed, and by row of the joined table the stores they lie in. */
function withoutCopies(stores: readonly OpenedStore[]): {
  readonly parts: readonly TablePart[];
  readonly labels: readonly (readonly string[])[];
} {
  const byId = new Map<string, Kept[]>();
  const kept: Kept[] = [];
  for (const [part, { opened, label }] of stores.entries()) {
    const ids = opened.table.column({ entity: "attribute", key: "run_id" });
    for (let row = 0; row < opened.table.rowCount; row += 1) {
      const runId = textAt(ids, row) ?? "";
      const before = byId.get(runId) ?? [];
      const copy = before.find((other) => other.part !== part && isCopy(stores, other, { part, row }));
      if (copy !== undefined) {
        copy.labels.push(label);
        continue;
      }
      const own = { part, row, labels: [label] };
      byId.set(runId, [...before, own]);
      kept.push(own);
    }
  }
  const parts = stores.map(({ opened: { table } }, index) => ({
    table,
    rows: kept.filter(({ part }) => part === index).map(({ row }) => row),
  }));
  return { parts, labels: kept.map(({ labels }) => labels) };
}

type At = Pick<Kept, "part" | "row">;

function isCopy(stores: readonly OpenedStore[], left: At, right: At): boolean {
  const at = ({ part, row }: At) => stores[part]!.opened.table.runAt(row);
  return isSameRun(at(left), at(right));
}
