/** Dry runs with a server, as `pull-once.ts` pulls and `push-once.ts` pushes. */
import { openContext } from "../../core/store/open-context.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import { addCatalog, type CatalogCounts } from "../../sync/index.js";
import { type ForeseeParties, foreseePull, type PullForesight } from "../../sync/mlflow/foresee-pull.js";
import { foreseePushedCatalog } from "../../sync/mlflow/foresee-pushed-catalog.js";
import type { PullOptions } from "../../sync/mlflow/pull.js";
import { foreseePush, type PushForesight } from "../../sync/mlflow/push.js";
import { readRemoteState } from "../../sync/state/index.js";
import type { PullOnce } from "./pull-once.js";
import { EAGER, type PushOnce, REMOTE } from "./push-once.js";

type Where = Pick<PullOnce, "directory" | "url" | "http">;

async function asking<Result>(
  { directory, url, http = {} }: Where,
  ask: (parties: ForeseeParties) => Promise<Result>,
): Promise<Result> {
  const context = openContext({ cwd: directory });
  const state = readRemoteState(context, REMOTE);
  const client = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, ...EAGER, ...http, url });
  try {
    return await ask({ context, http: client, state });
  } finally {
    await client.destroy();
    state.close();
  }
}

function pullOptionsOf(options: Partial<PullOptions> = {}): PullOptions {
  return {
    ...{ jobs: 2, withArtifacts: true, includeDeleted: false, commitReceipts: false },
    experiments: { map: new Map(), prefix: "" },
    ...options,
  };
}

export async function foreseeOnce({ pull, ...where }: PullOnce): Promise<PullForesight> {
  return asking(where, (parties) => foreseePull(parties, pullOptionsOf(pull)));
}

export async function foreseePushOnce({ push, ...where }: PushOnce): Promise<PushForesight> {
  return asking(where, (parties) =>
    foreseePush(parties, {
      ...{ jobs: 1, withArtifacts: true, includeDeleted: false, hash: "small", commitReceipts: false },
      experiments: { map: new Map(), prefix: "", restore: false },
      ...push,
    }),
  );
}

/** Experiments and models of both halves. */
export async function foreseeSyncOnce({ pull, ...where }: PullOnce): Promise<CatalogCounts> {
  return asking(where, async (parties) => {
    const options = pullOptionsOf(pull);
    const pulled = await foreseePull(parties, options);
    const pushed = await foreseePushedCatalog(parties, pulled.catalogAfter!, {
      ...options,
      experiments: { ...options.experiments, restore: false },
    });
    return addCatalog(pulled.catalog, pushed.counts);
  });
}
