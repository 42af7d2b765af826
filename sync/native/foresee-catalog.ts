/** A dry run of what a native sync does to experiments and, when asked for, the model registry. */
import type { CatalogResult } from "../engine/catalog-parties.js";
import { RehearsedState } from "../mlflow/rehearsed-state.js";
import type { RemoteStateView } from "../state/index.js";
import { NativeCatalog } from "./native-catalog.js";
import type { NativeOptions, NativeParties } from "./sync-session.js";

/** What the sync would tell of them. Writes nothing; throws as the sync does. */
export async function foreseeNativeCatalog(
  { state, ...parties }: Omit<NativeParties, "state"> & { readonly state: RemoteStateView },
  options: NativeOptions,
): Promise<CatalogResult> {
  const catalog = new NativeCatalog({ ...parties, state: new RehearsedState(state) }, options, true);
  await catalog.before();
  await catalog.after();
  return catalog.result;
}
