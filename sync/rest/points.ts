/** Points of a run at a server: reading them in pages, and sending them once in effect. */
import {
  type BatchFields,
  HISTORY_PAGE_POINTS,
  logBatchRequest,
  parsePage,
  parsePoint,
  STORED_INFINITY,
} from "../../protocol/mlflow/index.js";
import type { Metric, Point } from "../../store-format/index.js";
import { isAmbiguous, type MlflowApi } from "./api.js";
import { splitBatch } from "./split-batch.js";

/** Looks and sends again so often when it is not known what the server took. */
const MAX_LOOKS = 5;

/** All points of a key in the server's order (time, step, value), a page at a time; none for a run or key that is not there. */
export async function* readPoints(
  api: MlflowApi,
  runId: string,
  key: string,
): AsyncGenerator<readonly Point[]> {
  let pageToken: string | undefined;
  do {
    const query = {
      run_id: runId,
      run_uuid: runId,
      metric_key: key,
      max_results: HISTORY_PAGE_POINTS,
      page_token: pageToken,
    };
    const page = parsePage(await api.call("getMetricHistory", { query }), "metrics", parsePoint);
    if (page.items.length > 0) yield page.items;
    pageToken = page.nextPageToken ?? undefined;
  } while (pageToken !== undefined);
}

/**
 * Logs params, tags and points in as many requests as it takes; each point once in effect. A request whose fate is not known
 * is not just repeated, which some servers refuse and others double: what they hold is read back, and the rest is sent.
 */
export async function sendBatch(api: MlflowApi, runId: string, batch: BatchFields): Promise<void> {
  for (const piece of splitBatch(batch)) await pieceSender(api, runId, piece)();
}

/** Sends one piece of {@link splitBatch}. After a failure it can be called again: it remembers what is not known. */
export function pieceSender(api: MlflowApi, runId: string, piece: BatchFields): () => Promise<void> {
  let left = piece;
  let uncertain = false;
  const attempt = async (): Promise<void> => {
    const points = left.metrics ?? [];
    if (uncertain) left = { ...left, metrics: await missingPoints(api, runId, points) };
    uncertain = false;
    const repeatable = (left.metrics ?? []).length === 0;
    await api.call("logBatch", { body: logBatchRequest(runId, left), repeatable });
  };
  return async () => {
    for (let look = 0; ; look++) {
      try {
        return await attempt();
      } catch (error) {
        uncertain ||= isAmbiguous(error);
        if (!uncertain || look === MAX_LOOKS) throw error;
      }
    }
  };
}

/** The points that the run there does not hold. Infinities count as what servers make of them. */
export async function missingPoints(
  api: MlflowApi,
  runId: string,
  points: readonly Metric[],
): Promise<readonly Metric[]> {
  const held = new Set<string>();
  for (const key of new Set(points.map((point) => point.key)))
    for await (const page of readPoints(api, runId, key))
      for (const point of page) held.add(identity(key, point));
  return points.filter((point) => !held.has(identity(point.key, point)));
}

function identity(key: string, { timestamp, step, value }: Point): string {
  const stored = Math.max(-STORED_INFINITY, Math.min(STORED_INFINITY, value));
  return `${timestamp} ${step} ${stored} ${key}`;
}
