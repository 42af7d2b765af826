/** Settling a conflict of an experiment or model with an MLflow server. */
import { LocalCatalogSide } from "../engine/local-catalog-side.js";
import { type CatalogSettling, type SettledField, settleCatalog } from "../engine/settle-catalog.js";
import { ExperimentNaming } from "../native/experiment-naming.js";
import { MlflowCalls } from "./calls.js";
import { MlflowCatalogSide } from "./catalog-side.js";
import { HttpTransport } from "./http-transport.js";
import type { PullOptions } from "./pull.js";
import type { PushParties } from "./push.js";

/** Throws as `settleCatalog`. */
export async function settleCatalogAtServer(
  { context, http, state }: PushParties,
  { experiments, signal }: Pick<PullOptions, "experiments" | "signal">,
  settling: CatalogSettling,
): Promise<readonly SettledField[]> {
  const transport = new HttpTransport(http, signal);
  const remote = new MlflowCatalogSide({ transport, calls: new MlflowCalls(transport) });
  const naming = new ExperimentNaming(experiments);
  const settled = await settleCatalog(
    { local: new LocalCatalogSide(context), remote, state, naming },
    settling,
  );
  state.flush();
  return settled;
}
