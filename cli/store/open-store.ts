/** The whole store behind a command, for those that change it. */
import { FileStore } from "../../core/store/file-store.js";
import type { CommandContext } from "../context.js";
import { type OpenPlace, openPlace, openPlaceTelling } from "./open-place.js";

export interface OpenStore extends OpenPlace {
  readonly store: FileStore;
}

/**
 * Damage met on the way is told on stderr. Throws NO_WORKSPACE, NOT_A_STORE, UNSUPPORTED (no such scheme),
 * PERMISSION_DENIED.
 */
export function openStore(context: CommandContext): OpenStore {
  return storeOf(openPlace(context));
}

/** As {@link openStore}, for commands that report damage themselves. */
export function openStoreQuietly(context: CommandContext): OpenStore {
  return storeOf(openPlaceTelling(context, () => undefined));
}

function storeOf(place: OpenPlace): OpenStore {
  return { ...place, store: new FileStore(place.context, place.onDamage) };
}
