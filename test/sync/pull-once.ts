/** A pull into a workspace as a process of its own would make it: nothing is left in memory between two. */
import { openContext } from "../../core/store/open-context.js";
import type { SyncReport } from "../../sync/engine/report.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient, type HttpSettings } from "../../sync/http/index.js";
import { type PullOptions, pull } from "../../sync/mlflow/pull.js";
import { openRemoteState } from "../../sync/state/index.js";
import { EAGER, REMOTE } from "./push-once.js";

export interface PullOnce {
  /** The workspace. */
  readonly directory: string;
  readonly url: string;
  readonly http?: Partial<HttpSettings>;
  readonly pull?: Partial<PullOptions>;
}

export async function pullOnce({
  directory,
  url,
  http = {},
  pull: options = {},
}: PullOnce): Promise<SyncReport> {
  const context = openContext({ cwd: directory });
  const state = openRemoteState(context, REMOTE);
  const client = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, ...EAGER, ...http, url });
  try {
    return await pull(
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
