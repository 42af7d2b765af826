/** The calls' way over HTTP. */
import { Fields, ROUTES, routeLabel, routePath, wrongAnswer } from "../../protocol/mlflow/index.js";
import type { HttpClient } from "../http/index.js";
import type { CallOptions, Transport, Upload } from "./calls.js";

export class HttpTransport implements Transport {
  readonly #http: HttpClient;
  readonly #signal: AbortSignal | undefined;

  /** What is under way when the signal is aborted is given up. */
  constructor(http: HttpClient, signal: AbortSignal | undefined) {
    this.#http = http;
    this.#signal = signal;
  }

  get requests(): number {
    return this.#http.counters.requests;
  }

  async call(route: Parameters<Transport["call"]>[0], options: CallOptions): Promise<Fields> {
    const { segments, ...rest } = options;
    const endpoint = routeLabel(route);
    const object = await this.#http.json({
      method: ROUTES[route].method,
      path: routePath(route, segments),
      endpoint,
      ...rest,
      ...this.#signalled(),
    });
    return new Fields(object, wrongAnswer(endpoint));
  }

  upload({ path, ...file }: Upload): Promise<void> {
    const place = { method: "PUT", path: routePath("uploadArtifact", { path }) } as const;
    const endpoint = routeLabel("uploadArtifact").replace("{*path}", path);
    return this.#http.upload({ ...place, endpoint, ...file, ...this.#signalled() });
  }

  async *download(path: string, repeatable: boolean): AsyncGenerator<Uint8Array> {
    const download = await this.#http.download({
      method: "GET",
      path: routePath("downloadArtifact", { path }),
      endpoint: routeLabel("downloadArtifact").replace("{*path}", path),
      repeatable,
      ...this.#signalled(),
    });
    yield* download.body;
  }

  #signalled(): { readonly signal?: AbortSignal } {
    return this.#signal === undefined ? {} : { signal: this.#signal };
  }
}
