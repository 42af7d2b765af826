/** The runs of one or several stores, opened to be searched together. */
import { join } from "node:path";
import type { OnDamage } from "../../core/store/read/damages.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { findExperiment } from "./find-experiment.js";
import { findStores } from "./find-stores.js";
import { JoinedRuns } from "./joined-runs.js";
import { damageNotes, type OpenPlace, openPlaceTelling } from "./open-place.js";
import { type OpenRuns, openRuns } from "./open-runs.js";

export interface OpenStoresOptions {
  /** Names or ids of experiments; none: every experiment. Each must be in one of the stores. */
  readonly experiments?: readonly string[];
  /** Default: the first few damages, and at the end their number, are told on stderr. */
  readonly onDamage?: OnDamage;
}

/**
 * A run that lies in several stores is there once when its copies are the same (see `isSameRun`), else once for each.
 * Throws as `openRuns`, and RESOURCE_DOES_NOT_EXIST for a pattern without a match.
 */
export async function openStores(
  context: CommandContext,
  options: OpenStoresOptions = {},
): Promise<OpenRuns> {
  if (context.openRuns !== undefined) return context.openRuns(options);
  const named = await findStores(context);
  if (named.length === 0) return openRuns(context, options);
  if (named.length === 1) return openRuns(ofStore(context, named[0]!.path), options);
  const { experiments = [], onDamage = damageNotes(context) } = options;
  const placed = named.map(({ path, label }): PlacedStore => {
    const inStore: OnDamage = (damage) => onDamage({ ...damage, path: join(path, damage.path) });
    const own = ofStore(context, path);
    return { label, context: own, place: openPlaceTelling(own, inStore) };
  });
  const found = experimentsOf(placed, experiments);
  const stores = placed.flatMap(({ label, context: own, place }, index) =>
    experiments.length > 0 && found[index]!.length === 0
      ? []
      : [{ label, opened: openRuns(own, { experiments: found[index]!, onDamage: place.onDamage }) }],
  );
  return new JoinedRuns(stores, onDamage);
}

function ofStore(context: CommandContext, path: string): CommandContext {
  return { ...context, store: path, stores: [path] };
}

interface PlacedStore {
  readonly label: string;
  readonly context: CommandContext;
  readonly place: OpenPlace;
}

/** For each store, the words that name an experiment of it. Throws RESOURCE_DOES_NOT_EXIST for one that no store has. */
function experimentsOf(
  stores: readonly PlacedStore[],
  words: readonly string[],
): readonly (readonly string[])[] {
  const found = stores.map((): string[] => []);
  for (const word of words) {
    const failures = stores.map(({ place }, index) => {
      const failure = failureToFind(place, word);
      if (failure === undefined) found[index]!.push(word);
      return failure;
    });
    if (failures.every((failure) => failure !== undefined)) throw failures[0];
  }
  return found;
}

function failureToFind(place: OpenPlace, word: string): unknown {
  try {
    findExperiment(place, word);
    return undefined;
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return error;
    throw error;
  }
}
