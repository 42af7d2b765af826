/** A verification of a workspace against a server as a process of its own would make it. */
import { openContext } from "../../core/store/open-context.js";
import type { SyncReport } from "../../sync/engine/report.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import { type VerifyAllOptions, verify } from "../../sync/mlflow/verify.js";
import { openRemoteState } from "../../sync/state/index.js";
import { EAGER, type PushOnce, REMOTE } from "./push-once.js";

export type VerifyOnce = Pick<PushOnce, "directory" | "url" | "http"> & {
  readonly verify?: Partial<VerifyAllOptions>;
};

export async function verifyOnce({ directory, url, http, verify: options }: VerifyOnce): Promise<SyncReport> {
  const context = openContext({ cwd: directory });
  const state = openRemoteState(context, REMOTE);
  const client = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, ...EAGER, ...http, url });
  try {
    return await verify(
      { context, http: client, state },
      {
        withArtifacts: true,
        includeDeleted: false,
        hash: "all",
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
