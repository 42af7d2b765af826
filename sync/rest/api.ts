/** Calls of MLflow's endpoints. The HTTP client, which takes a while to load, is loaded with the first call. */
import {
  Fields,
  type JsonInput,
  ROUTES,
  type RouteName,
  routeLabel,
  routePath,
  wrongAnswer,
} from "../../protocol/mlflow/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { HttpClient, HttpClientOptions } from "../http/http-client.js";
import type { HttpRequest, QueryValue } from "../http/http-request.js";
import type { HttpSettings } from "../http/settings.js";
import { parseTarget, type Target } from "../http/target.js";

export interface ApiCall {
  /** What stands for `{name}` in the path. */
  readonly segments?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly body?: JsonInput;
  /** See `HttpRequest.repeatable`. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal;
}

/** The MLflow that brought an endpoint, where servers without it are still in use. */
const SINCE: Readonly<Partial<Record<RouteName, string>>> = {
  logInputs: "2.4",
  logOutputs: "3.0",
  createLoggedModel: "3.0",
  getLoggedModel: "3.0",
  finalizeLoggedModel: "3.0",
  deleteLoggedModel: "3.0",
  searchLoggedModels: "3.0",
  setLoggedModelTags: "3.0",
  deleteLoggedModelTag: "3.0",
  logLoggedModelParams: "3.0",
  setAlias: "2.3",
  deleteAlias: "2.3",
  getModelVersionByAlias: "2.3",
  deleteExperimentTag: "3.0",
  listProxiedArtifacts: "1.23",
  downloadArtifact: "1.23",
  uploadArtifact: "1.23",
};

export class MlflowApi {
  readonly settings: HttpSettings;
  readonly target: Target;
  readonly #options: HttpClientOptions;
  #client: Promise<HttpClient> | null = null;

  /** Throws INVALID_PARAMETER_VALUE for an address that cannot be used; nothing is asked yet. */
  constructor(settings: HttpSettings, options: HttpClientOptions = {}) {
    this.settings = settings;
    this.target = parseTarget(settings);
    this.#options = options;
  }

  client(): Promise<HttpClient> {
    this.#client ??= import("../http/http-client.js").then(
      ({ HttpClient: Client }) => new Client(this.settings, this.#options),
    );
    return this.#client;
  }

  /**
   * One call, its answer to be read field by field. Rejects as `HttpClient.json`; UNSUPPORTED when the server is too old to
   * know the endpoint.
   */
  async call(route: RouteName, { segments, ...call }: ApiCall = {}): Promise<Fields> {
    const client = await this.client();
    const request = { ...call, ...this.request(route, segments) };
    const answer = await client.json(request).catch((error: unknown) => {
      throw this.#unknownHere(route, error) ?? error;
    });
    return new Fields(answer, wrongAnswer(request.endpoint));
  }

  /** What every request to an endpoint begins with. */
  request(route: RouteName, segments?: Readonly<Record<string, string>>): HttpRequest {
    return {
      method: ROUTES[route].method,
      path: routePath(route, segments),
      endpoint: routeLabel(route),
    };
  }

  async close(): Promise<void> {
    if (this.#client !== null) await (await this.#client).close();
  }

  #unknownHere(route: RouteName, error: unknown): RunstoneError | null {
    const since = SINCE[route];
    if (since === undefined || !isRunstoneError(error, "REMOTE_FAILED")) return null;
    const { status, errorCode } = error.data;
    if (errorCode !== "ENDPOINT_NOT_FOUND" && status !== 405) return null;
    return new RunstoneError("UNSUPPORTED", `${this.target.origin} does not know ${routeLabel(route)}`, {
      hint: `That came with MLflow ${since}; the server is older.`,
      data: { endpoint: routeLabel(route), since },
      cause: error,
    });
  }
}

/** True when the request may have been done though it failed. */
export function isAmbiguous(error: unknown): error is RunstoneError {
  return isRunstoneError(error) && error.data["ambiguous"] === true;
}
