/**
 * The requests of a push without the push: the same shapes, as many at once, sent by nothing but an HTTP client. What a
 * server can take, for comparison.
 */
import pLimit from "p-limit";
import { Pool } from "undici";

export interface Load {
  readonly url: string;
  readonly experiment: string;
  readonly runs: number;
  readonly params: number;
  readonly metrics: number;
  readonly points: number;
  readonly artifacts: number;
  readonly artifactBytes: number;
  /** Runs at once. */
  readonly jobs: number;
}

/** Runs that are read back together, as in a push. */
const RUNS_A_VERIFICATION = 50;

/** Milliseconds. */
export async function sendLoad(load: Load): Promise<number> {
  const pool = new Pool(load.url, { connections: 2 * load.jobs });
  const client = new LoadClient(pool);
  try {
    const { experiment_id: experimentId } = await client.post("experiments/create", {
      name: load.experiment,
    });
    const begin = performance.now();
    const limit = pLimit(load.jobs);
    let waiting: string[] = [];
    await Promise.all(
      Array.from({ length: load.runs }, (_, number) =>
        limit(async () => {
          waiting.push(await sendRun(client, load, { experimentId: String(experimentId), number }));
          if (waiting.length < RUNS_A_VERIFICATION) return;
          const group = waiting;
          waiting = [];
          await readBack(client, load, { experimentId: String(experimentId), runIds: group });
        }),
      ),
    );
    await readBack(client, load, { experimentId: String(experimentId), runIds: waiting });
    return performance.now() - begin;
  } finally {
    await pool.close();
  }
}

type Answer = Readonly<Record<string, unknown>>;

class LoadClient {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  post(path: string, body: object): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    return this.#send({
      method: "POST",
      path: `/api/2.0/mlflow/${path}`,
      headers,
      body: JSON.stringify(body),
    });
  }

  get(path: string): Promise<Answer> {
    return this.#send({ method: "GET", path });
  }

  put(path: string, body: Uint8Array): Promise<Answer> {
    return this.#send({ method: "PUT", path: `/api/2.0/mlflow-artifacts/artifacts/${path}`, body });
  }

  async #send(request: Parameters<Pool["request"]>[0]): Promise<Answer> {
    const { statusCode, body } = await this.#pool.request(request);
    const text = await body.text();
    if (statusCode !== 200)
      throw new Error(`${request.method} ${String(request.path)}: ${statusCode} ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Answer);
  }
}

async function sendRun(
  client: LoadClient,
  load: Load,
  { experimentId, number }: { readonly experimentId: string; readonly number: number },
): Promise<string> {
  const start = 1_700_000_000_000;
  const tags = ["runstone.run_id", "runstone.pushed_time", "mlflow.user"].map((key) => ({ key, value: "x" }));
  const answer = await client.post("runs/create", {
    ...{ experiment_id: experimentId, user_id: "ada", start_time: start, tags },
    run_name: `run-${number}`,
  });
  const runId = (answer as { run: { info: { run_id: string } } }).run.info.run_id;
  const params = Array.from({ length: load.params }, (_, index) => ({
    key: `p${index}`,
    value: `${index / 7}`,
  }));
  const metrics = Array.from({ length: load.metrics * load.points }, (_, index) => ({
    key: `m${Math.floor(index / load.points)}`,
    value: Math.random(),
    timestamp: start + index,
    step: index % load.points,
  }));
  const room = 1_000 - params.length;
  await client.post("runs/log-batch", { run_id: runId, params, metrics: metrics.slice(0, room) });
  for (let at = room; at < metrics.length; at += 1_000)
    await client.post("runs/log-batch", { run_id: runId, metrics: metrics.slice(at, at + 1_000) });
  const bytes = new Uint8Array(load.artifactBytes);
  await Promise.all(
    Array.from({ length: load.artifacts }, (_, index) =>
      client.put(`${experimentId}/${runId}/artifacts/artifact-${index}.bin`, bytes),
    ),
  );
  await client.post("runs/update", { run_id: runId, status: "FINISHED", end_time: start + 100_000 });
  return runId;
}

async function readBack(
  client: LoadClient,
  load: Load,
  { experimentId, runIds }: { readonly experimentId: string; readonly runIds: readonly string[] },
): Promise<void> {
  if (runIds.length === 0) return;
  const filter = `attributes.run_id IN (${runIds.map((id) => `'${id}'`).join(",")})`;
  await client.post("runs/search", { experiment_ids: [experimentId], filter, max_results: 100 });
  const query = runIds.map((id) => `run_id=${id}`).join("&");
  for (let key = 0; key < load.metrics; key += 1)
    await client.get(
      `/ajax-api/2.0/mlflow/metrics/get-history-bulk?${query}&metric_key=m${key}&max_results=25000`,
    );
  for (const id of runIds)
    await client.get(`/api/2.0/mlflow-artifacts/artifacts?path=${experimentId}/${id}/artifacts`);
}
