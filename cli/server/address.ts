/** Whether a command line names a server as its store. Hot commands ask it: nothing else is loaded. */
import type { Environment } from "../context.js";

/** The address given by `--store`, or by RUNSTONE_STORE where no `--store` is; null for stores in directories. */
export function serverOf(stores: readonly string[], env: Environment): string | null {
  const given = stores.length > 0 ? stores : [env.RUNSTONE_STORE ?? ""];
  return given.find((store) => /^https?:\/\//i.test(store)) ?? null;
}
