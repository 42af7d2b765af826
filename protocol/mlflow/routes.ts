/** The endpoints of MLflow's REST API: the name we call each by, its method and its path. */

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Route {
  readonly method: Method;
  /** Below `/api` or `/ajax-api`; `{name}` stands for one segment that is filled in. */
  readonly path: string;
  /** Where it is when not below `/api`: below `/ajax-api`, or nowhere. */
  readonly below?: "ajax" | "nothing";
}

const get = (path: string): Route => ({ method: "GET", path: `/2.0/mlflow/${path}` });
const post = (path: string): Route => ({ method: "POST", path: `/2.0/mlflow/${path}` });
const patch = (path: string): Route => ({ method: "PATCH", path: `/2.0/mlflow/${path}` });
const remove = (path: string): Route => ({ method: "DELETE", path: `/2.0/mlflow/${path}` });
const proxy = (method: Method, path: string): Route => ({ method, path: `/2.0/mlflow-artifacts/${path}` });

export const ROUTES = {
  createExperiment: post("experiments/create"),
  searchExperiments: post("experiments/search"),
  getExperiment: get("experiments/get"),
  getExperimentByName: get("experiments/get-by-name"),
  deleteExperiment: post("experiments/delete"),
  restoreExperiment: post("experiments/restore"),
  updateExperiment: post("experiments/update"),
  setExperimentTag: post("experiments/set-experiment-tag"),
  deleteExperimentTag: post("experiments/delete-experiment-tag"),

  createRun: post("runs/create"),
  updateRun: post("runs/update"),
  deleteRun: post("runs/delete"),
  restoreRun: post("runs/restore"),
  getRun: get("runs/get"),
  searchRuns: post("runs/search"),
  logMetric: post("runs/log-metric"),
  logParam: post("runs/log-parameter"),
  setTag: post("runs/set-tag"),
  deleteTag: post("runs/delete-tag"),
  logBatch: post("runs/log-batch"),
  logInputs: post("runs/log-inputs"),
  logOutputs: post("runs/outputs"),
  getMetricHistory: get("metrics/get-history"),
  getMetricHistoryBulk: {
    method: "GET",
    path: "/2.0/mlflow/metrics/get-history-bulk",
    below: "ajax",
  },
  listArtifacts: get("artifacts/list"),

  createLoggedModel: post("logged-models"),
  getLoggedModel: get("logged-models/{model_id}"),
  finalizeLoggedModel: patch("logged-models/{model_id}"),
  deleteLoggedModel: remove("logged-models/{model_id}"),
  searchLoggedModels: post("logged-models/search"),
  setLoggedModelTags: patch("logged-models/{model_id}/tags"),
  deleteLoggedModelTag: remove("logged-models/{model_id}/tags/{tag_key}"),
  logLoggedModelParams: post("logged-models/{model_id}/params"),

  createRegisteredModel: post("registered-models/create"),
  getRegisteredModel: get("registered-models/get"),
  renameRegisteredModel: post("registered-models/rename"),
  updateRegisteredModel: patch("registered-models/update"),
  deleteRegisteredModel: remove("registered-models/delete"),
  searchRegisteredModels: get("registered-models/search"),
  setRegisteredModelTag: post("registered-models/set-tag"),
  deleteRegisteredModelTag: remove("registered-models/delete-tag"),
  setAlias: post("registered-models/alias"),
  deleteAlias: remove("registered-models/alias"),
  getModelVersionByAlias: get("registered-models/alias"),
  createModelVersion: post("model-versions/create"),
  getModelVersion: get("model-versions/get"),
  updateModelVersion: patch("model-versions/update"),
  transitionStage: post("model-versions/transition-stage"),
  deleteModelVersion: remove("model-versions/delete"),
  searchModelVersions: get("model-versions/search"),
  setModelVersionTag: post("model-versions/set-tag"),
  deleteModelVersionTag: remove("model-versions/delete-tag"),

  listProxiedArtifacts: proxy("GET", "artifacts"),
  downloadArtifact: proxy("GET", "artifacts/{*path}"),
  uploadArtifact: proxy("PUT", "artifacts/{*path}"),
  deleteArtifact: proxy("DELETE", "artifacts/{*path}"),

  /** The server reads an artifact with its own credentials, wherever it is. */
  getArtifact: { method: "GET", path: "/get-artifact", below: "nothing" },
  version: { method: "GET", path: "/version", below: "nothing" },
  serverInfo: { method: "GET", path: "/3.0/mlflow/server-info" },
} as const satisfies Readonly<Record<string, Route>>;

export type RouteName = keyof typeof ROUTES;

const PREFIXES = { api: "/api", ajax: "/ajax-api", nothing: "" } as const;

/**
 * The path of an endpoint with its segments filled in and percent-encoded, below the base of the server. `{*path}` takes
 * a path of several segments.
 */
export function routePath(name: RouteName, segments: Readonly<Record<string, string>> = {}): string {
  const route: Route = ROUTES[name];
  const filled = route.path.replace(/\{(\*?)(\w+)\}/g, (_all, many: string, key: string) => {
    const value = segments[key] ?? "";
    return many === "" ? encodeURIComponent(value) : encodePath(value);
  });
  return `${PREFIXES[route.below ?? "api"]}${filled}`;
}

/** Each segment between `/` percent-encoded. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** How messages call it: `POST mlflow/runs/create`. */
export function routeLabel(name: RouteName): string {
  const { method, path } = ROUTES[name];
  return `${method} ${path.replace(/^\/(?:[0-9.]+\/)?|\/\{\*path\}$/g, "")}`;
}
