/** A dry run of a pull, as `pull-once.ts` pulls. */
import { openContext } from "../../core/store/open-context.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import { foreseePull, type PullForesight } from "../../sync/mlflow/foresee-pull.js";
import { readRemoteState } from "../../sync/state/index.js";
import type { PullOnce } from "./pull-once.js";
import { EAGER, REMOTE } from "./push-once.js";

export async function foreseeOnce({
  directory,
  url,
  http = {},
  pull: options = {},
}: PullOnce): Promise<PullForesight> {
  const context = openContext({ cwd: directory });
  const state = readRemoteState(context, REMOTE);
  const client = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, ...EAGER, ...http, url });
  try {
    return await foreseePull(
      { context, http: client, state },
      {
        jobs: 2,
        withArtifacts: true,
        includeDeleted: false,
        experiments: { map: new Map(), prefix: "" },
        commitReceipts: false,
        ...options,
      },
    );
  } finally {
    await client.destroy();
    state.close();
  }
}
