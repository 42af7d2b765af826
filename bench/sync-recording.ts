/** The requests that a push really sends, as a proxy between it and the server sees them. */
import { ORIGIN_TAG } from "../sync/mlflow/find-runs.js";
import { type ProxiedRequest, startFaultProxy } from "../test/helpers/fault-proxy.js";
import type { Scope } from "../test/helpers/processes.js";

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

export interface Recording {
  readonly experimentId: string;
  /** Of each run, by its id there: what makes and fills it, in order. */
  readonly runs: ReadonlyMap<string, readonly RecordedRequest[]>;
  /** What reads these runs back, in order. */
  readonly readBack: readonly RecordedRequest[];
}

/** Records a push of new runs of one experiment, of as many as are read back together. */
export async function recordPush(
  scope: Scope,
  url: string,
  push: (url: string) => Promise<void>,
): Promise<Recording> {
  const requests: RecordedRequest[] = [];
  const proxy = await startFaultProxy(scope, url);
  proxy.follow((request) => {
    requests.push(recorded(request));
    return null;
  });
  await push(proxy.url);
  const creations = requests.filter(({ path }) => path.endsWith("/runs/create"));
  const experimentId = (JSON.parse(String(creations[0]?.body)) as Creation).experiment_id;
  return arranged(requests, { experimentId, remoteIds: await remoteIdsOf(url, experimentId) });
}

function recorded({ method, path, headers, body }: ProxiedRequest): RecordedRequest {
  return { method, path, contentType: headers["content-type"], body: Buffer.from(body) };
}

interface KeyValue {
  readonly key: string;
  readonly value: string;
}

interface Creation {
  readonly experiment_id: string;
  readonly tags: readonly KeyValue[];
}

/** Id of a run's origin -> id there. */
async function remoteIdsOf(url: string, experimentId: string): Promise<ReadonlyMap<string, string>> {
  const answer = await fetch(`${url}/api/2.0/mlflow/runs/search`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ experiment_ids: [experimentId], max_results: 1_000 }),
  });
  const { runs } = (await answer.json()) as {
    runs: readonly { info: { run_id: string }; data: { tags: readonly KeyValue[] } }[];
  };
  return new Map(runs.map(({ info, data }) => [originIn(data.tags), info.run_id]));
}

function originIn(tags: readonly KeyValue[]): string {
  return tags.find(({ key }) => key === ORIGIN_TAG)?.value ?? "";
}

/** Requests before the first run and after the last reading belong to the push as a whole: a handful, left out. */
function arranged(
  requests: readonly RecordedRequest[],
  { experimentId, remoteIds }: { experimentId: string; remoteIds: ReadonlyMap<string, string> },
): Recording {
  const runs = new Map<string, RecordedRequest[]>([...remoteIds.values()].map((id) => [id, []]));
  const readBack: RecordedRequest[] = [];
  for (const request of requests) {
    if (request.path.endsWith("/runs/create")) {
      const origin = originIn((JSON.parse(String(request.body)) as Creation).tags);
      runs.get(remoteIds.get(origin) ?? "")?.push(request);
      continue;
    }
    const ids = idsIn(request).filter((id) => runs.has(id));
    if (request.method !== "GET" && ids.length === 1) runs.get(ids[0]!)?.push(request);
    else if (ids.length > 0) readBack.push(request);
  }
  return { experimentId, runs, readBack };
}

function idsIn({ path, contentType, body }: RecordedRequest): readonly string[] {
  const text = contentType === "application/json" ? path + String(body) : path;
  return [...new Set(text.match(/[0-9a-f]{32}/g) ?? [])];
}
