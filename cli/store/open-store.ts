/** The whole store behind a command, for those that change it. */
import { resolve } from "node:path";
import { statIfExists } from "../../core/fs/index.js";
import { FileStore } from "../../core/store/file-store.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { type OpenPlace, openPlace, openPlaceTelling, storePath } from "./open-place.js";

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

/**
 * As {@link openStore}, for commands that begin something: a directory that `--store` or RUNSTONE_STORE names and that is
 * missing becomes a store, as with the library and with MLflow. That is said on stderr.
 */
export async function openOrMakeStore(context: CommandContext): Promise<OpenStore> {
  const path = storePath(context);
  if (path !== undefined && statIfExists(resolve(context.cwd, path)) === null) {
    const { createFileStore } = await import("../../core/store/open-store.js");
    const { root } = createFileStore({ cwd: context.cwd, path, now: context.now }).context;
    context.err.line(`Made a store: ${visible(root)}`);
  }
  return openStore(context);
}

function storeOf(place: OpenPlace): OpenStore {
  return { ...place, store: new FileStore(place.context, place.onDamage) };
}
