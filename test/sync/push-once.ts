/** A push of a workspace to a server as a process of its own would make it: nothing is left in memory between two. */
import { openContext } from "../../core/store/open-context.js";
import type { SyncReport } from "../../sync/engine/report.js";
import {
  DEFAULT_HTTP_SETTINGS,
  HttpClient,
  type HttpClientOptions,
  type HttpSettings,
} from "../../sync/http/index.js";
import { type PushOptions, push } from "../../sync/mlflow/push.js";
import { openRemoteState } from "../../sync/state/index.js";

export const REMOTE = "lab";

export interface PushOnce {
  /** The workspace. */
  readonly directory: string;
  readonly url: string;
  readonly http?: Partial<HttpSettings>;
  readonly push?: Partial<PushOptions>;
  readonly renew?: HttpClientOptions["renew"];
  /** The clock of who pushes. Default: the system's. */
  readonly now?: () => number;
}

/** Retries at once: what is tested does not depend on how long they wait. */
export const EAGER: Partial<HttpSettings> = { backoffMs: 0, jitterMs: 0, maxRetries: 3 };

export async function pushOnce(once: PushOnce): Promise<SyncReport> {
  const { directory, url, http = {}, push: options = {}, renew, now } = once;
  const context = openContext({ cwd: directory, ...(now === undefined ? {} : { now }) });
  const state = openRemoteState(context, REMOTE);
  const settings = { ...DEFAULT_HTTP_SETTINGS, ...EAGER, ...http, url };
  const client = new HttpClient(settings, { random: () => 1, ...(renew === undefined ? {} : { renew }) });
  try {
    return await push(
      { context, http: client, state },
      {
        jobs: 1,
        withArtifacts: true,
        includeDeleted: false,
        hash: "small",
        experiments: { map: new Map(), prefix: "", restore: false },
        commitReceipts: false,
        ...options,
      },
    );
  } finally {
    await client.destroy();
    state.close();
  }
}
