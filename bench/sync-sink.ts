/** A server that keeps what is pushed to it in memory and costs little: for measuring who pushes, not who is pushed to. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

type Fields = Readonly<Record<string, unknown>>;

interface KeptRun {
  readonly info: Record<string, unknown>;
  readonly tags: unknown[];
  readonly params: unknown[];
  readonly series: Map<string, KeptPoints>;
}

/** Ten million points as objects would not fit. */
class KeptPoints {
  #values = new Float64Array(3 * 128);
  #count = 0;

  add(point: { readonly timestamp: number; readonly step: number; readonly value: number }): void {
    if (3 * this.#count === this.#values.length) {
      const larger = new Float64Array(2 * this.#values.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values.set([point.timestamp, point.step ?? 0, point.value], 3 * this.#count);
    this.#count += 1;
  }

  page(from: number, count: number): Fields {
    const end = Math.min(this.#count, from + count);
    const metrics = Array.from({ length: end - from }, (_, index) => {
      const [timestamp, step, value] = this.#values.subarray(3 * (from + index));
      return { key: "", timestamp, step, value };
    });
    return end < this.#count ? { metrics, next_page_token: String(end) } : { metrics };
  }
}

export interface Sink {
  readonly url: string;
  close(): void;
}

export async function startSink(): Promise<Sink> {
  const runs = new Map<string, KeptRun>();
  const server = createServer((request, response) => {
    bodyOf(request).then((body) => {
      const url = new URL(request.url ?? "", "http://sink");
      const answer = answerTo(runs, { path: url.pathname, query: url.searchParams, body });
      response.writeHead(answer === null ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { error_code: "RESOURCE_DOES_NOT_EXIST", message: "no" }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

async function bodyOf(request: IncomingMessage): Promise<Fields> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const isJson = request.headers["content-type"] === "application/json" && chunks.length > 0;
  return isJson ? (JSON.parse(Buffer.concat(chunks).toString()) as Fields) : {};
}

interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Fields;
}

/** Null: there is no such thing. */
function answerTo(runs: Map<string, KeptRun>, asked: Asked): Fields | null {
  const { path, query, body } = asked;
  const run = runs.get(String(body["run_id"] ?? query.get("run_id")));
  switch (path.replace(/^.*\/mlflow\//, "")) {
    case "experiments/get-by-name":
      return { experiment: experimentOf(query.get("experiment_name")) };
    case "runs/create":
      return { run: shown(makeRun(runs, body)) };
    case "runs/search":
      return { runs: idsIn(String(body["filter"])).flatMap((id) => shownIfThere(runs.get(id))) };
    case "runs/get":
      return run === undefined ? null : { run: shown(run) };
    case "runs/update":
      Object.assign(run!.info, body);
      return {};
    case "runs/log-batch":
      return keepBatch(run!, body);
    case "metrics/get-history": {
      const from = Number(query.get("page_token") ?? 0);
      const points = run!.series.get(query.get("metric_key") ?? "") ?? new KeptPoints();
      return points.page(from, Number(query.get("max_results")));
    }
    case "metrics/get-history-bulk":
      return bulk(runs, query);
    default:
      return null;
  }
}

function experimentOf(name: string | null): Fields {
  const artifact_location = "mlflow-artifacts:/1";
  return { experiment_id: "1", name, artifact_location, lifecycle_stage: "active" };
}

function makeRun(runs: Map<string, KeptRun>, body: Fields): KeptRun {
  const id = String(runs.size + 1).padStart(32, "0");
  const { run_name, user_id, start_time, experiment_id } = body;
  const info = {
    ...{ run_id: id, run_name, user_id, start_time, experiment_id, status: "RUNNING" },
    ...{ lifecycle_stage: "active", artifact_uri: `mlflow-artifacts:/1/${id}/artifacts` },
  };
  const run = { info, tags: [...(body["tags"] as unknown[])], params: [], series: new Map() };
  runs.set(id, run);
  return run;
}

function keepBatch(run: KeptRun, { params = [], tags = [], metrics = [] }: Fields): Fields {
  run.params.push(...(params as unknown[]));
  run.tags.push(...(tags as unknown[]));
  for (const point of metrics as ({ key: string } & Parameters<KeptPoints["add"]>[0])[]) {
    const kept = run.series.get(point.key) ?? new KeptPoints();
    run.series.set(point.key, kept);
    kept.add(point);
  }
  return {};
}

function bulk(runs: Map<string, KeptRun>, query: URLSearchParams): Fields {
  const metrics = query.getAll("run_id").flatMap((run_id) => {
    const page = runs
      .get(run_id)
      ?.series.get(query.get("metric_key") ?? "")
      ?.page(0, 25_000);
    return ((page?.["metrics"] ?? []) as object[]).map((metric) => ({ ...metric, run_id }));
  });
  return { metrics };
}

function idsIn(filter: string): readonly string[] {
  return filter.match(/[0-9a-f]{32}/g) ?? [];
}

function shownIfThere(run: KeptRun | undefined): Fields[] {
  return run === undefined ? [] : [shown(run)];
}

function shown({ info, tags, params }: KeptRun): Fields {
  return { info, data: { tags, params, metrics: [] }, inputs: {} };
}
