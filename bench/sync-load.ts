/**
 * The requests of a push without the push: those that were recorded, for new runs, as many at once, sent by nothing but an
 * HTTP client. What a server can take, for comparison.
 */
import pLimit from "p-limit";
import { Pool } from "undici";
import type { RecordedRequest, Recording } from "./sync-recording.js";

export interface Load {
  readonly url: string;
  /** A new experiment of this name gets the runs. */
  readonly experiment: string;
  /** A multiple of the recorded ones. */
  readonly runs: number;
  /** Runs at once. */
  readonly jobs: number;
}

/** Milliseconds. */
export async function sendLoad(recording: Recording, load: Load): Promise<number> {
  const pool = new Pool(load.url, { connections: 2 * load.jobs });
  try {
    const player = new Player(pool, recording, await makeExperiment(pool, load.experiment));
    const limit = pLimit(load.jobs);
    const begin = performance.now();
    const groups = Math.ceil(load.runs / recording.runs.size);
    await Promise.all(Array.from({ length: groups }, () => player.playGroup(limit)));
    return performance.now() - begin;
  } finally {
    await pool.close();
  }
}

async function makeExperiment(pool: Pool, name: string): Promise<string> {
  const made = await send(pool, {
    method: "POST",
    path: "/api/2.0/mlflow/experiments/create",
    contentType: "application/json",
    body: Buffer.from(JSON.stringify({ name })),
  });
  return (JSON.parse(made) as { experiment_id: string }).experiment_id;
}

async function send(pool: Pool, { method, path, contentType, body }: RecordedRequest): Promise<string> {
  const { statusCode, body: answer } = await pool.request({
    method: method as "GET",
    path,
    ...(contentType === undefined ? {} : { headers: { "content-type": contentType } }),
    ...(body.length === 0 ? {} : { body }),
  });
  const text = await answer.text();
  if (statusCode !== 200) throw new Error(`${method} ${path}: ${statusCode} ${text}`);
  return text;
}

/** Sends a recording for runs and an experiment of its own. */
class Player {
  readonly #pool: Pool;
  readonly #recording: Recording;
  readonly #experimentId: string;

  constructor(pool: Pool, recording: Recording, experimentId: string) {
    this.#pool = pool;
    this.#recording = recording;
    this.#experimentId = experimentId;
  }

  /** All runs of the recording once; the last of them reads them back, as in a push. */
  async playGroup(limit: ReturnType<typeof pLimit>): Promise<void> {
    const { runs, readBack } = this.#recording;
    const ids = new Map<string, string>();
    await Promise.all(
      [...runs].map(([id, requests]) =>
        limit(async () => {
          ids.set(id, await this.#playRun(id, requests));
          if (ids.size < runs.size) return;
          for (const request of readBack) await send(this.#pool, this.#renamed(request, ids));
        }),
      ),
    );
  }

  /** Returns the new run's id. Files of a run go side by side. */
  async #playRun(id: string, [create, ...requests]: readonly RecordedRequest[]): Promise<string> {
    const made = JSON.parse(await send(this.#pool, this.#renamed(create!, new Map())));
    const ids = new Map([[id, (made as { run: { info: { run_id: string } } }).run.info.run_id]]);
    let files: Promise<unknown>[] = [];
    for (const request of requests) {
      const sending = () => send(this.#pool, this.#renamed(request, ids));
      if (request.method === "PUT") files.push(sending());
      else {
        await Promise.all(files);
        files = [];
        await sending();
      }
    }
    return ids.get(id)!;
  }

  #renamed(request: RecordedRequest, ids: ReadonlyMap<string, string>): RecordedRequest {
    const fresh = (text: string) => text.replace(/[0-9a-f]{32}/g, (id) => ids.get(id) ?? id);
    const { experimentId } = this.#recording;
    const path = fresh(request.path).replace(
      new RegExp(`(artifacts/|path=)${experimentId}(/|%2F)`),
      `$1${this.#experimentId}$2`,
    );
    if (request.contentType !== "application/json") return { ...request, path };
    const text = fresh(String(request.body))
      .replace(`"experiment_id":"${experimentId}"`, `"experiment_id":"${this.#experimentId}"`)
      .replace(`"experiment_ids":["${experimentId}"]`, `"experiment_ids":["${this.#experimentId}"]`);
    return { ...request, path, body: Buffer.from(text) };
  }
}
