/** {@link MlflowModel} behind HTTP. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { StoreView } from "../interop/store-view.js";
import { MlflowModel } from "./mlflow-model.js";
import { type Body, Refused } from "./mlflow-model-values.js";
import type { Scope } from "./processes.js";

export interface MlflowModelServer {
  readonly url: string;
  readonly model: MlflowModel;
  /** As `MlflowServer.readExperiments`. */
  readExperiments(...names: readonly string[]): Promise<StoreView>;
}

/** It ends with the scope. */
export async function startMlflowModel(scope: Scope): Promise<MlflowModelServer> {
  const model = new MlflowModel();
  const server = createServer(async (message, response) => {
    const { status, body } = await answerOf(model, message);
    const isFile = Buffer.isBuffer(body);
    const bytes = isFile ? body : Buffer.from(JSON.stringify(body));
    const type = isFile ? "application/octet-stream" : "application/json";
    response.writeHead(status, { "content-type": type, "content-length": bytes.length }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const readExperiments = async (...names: readonly string[]): Promise<StoreView> => model.view(...names);
  return { url: `http://127.0.0.1:${port}`, model, readExperiments };
}

interface Answered {
  readonly status: number;
  readonly body: Body | Buffer;
}

async function answerOf(model: MlflowModel, message: IncomingMessage): Promise<Answered> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  try {
    return { status: 200, body: route(model, message, Buffer.concat(chunks)) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { status: error.status, body: { error_code: error.code, message: error.message } };
  }
}

const ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts";

function route(
  model: MlflowModel,
  { method = "GET", url = "/" }: IncomingMessage,
  bytes: Buffer,
): Body | Buffer {
  const { pathname, searchParams: query } = new URL(url, "http://model");
  const text = (name: string): string => query.get(name) ?? "";
  if (pathname.startsWith(`${ARTIFACTS}/`))
    return artifact(model, { method, path: decodeURIComponent(pathname.slice(ARTIFACTS.length + 1)), bytes });
  if (pathname === ARTIFACTS) return model.listArtifacts(text("path"));
  const body = (): Body => JSON.parse(bytes.toString()) as Body;
  const endpoint = `${method} ${pathname.replace(/^\/(ajax-)?api\/2\.0\/mlflow\//, "")}`;
  switch (endpoint) {
    case "POST experiments/create":
      return model.createExperiment(body());
    case "GET experiments/get":
      return model.getExperiment(text("experiment_id"));
    case "GET experiments/get-by-name":
      return model.getExperimentByName(text("experiment_name"));
    case "POST experiments/search":
      return model.searchExperiments();
    case "POST experiments/set-experiment-tag":
      return model.setExperimentTag(body());
    case "POST experiments/delete-experiment-tag":
      return model.deleteExperimentTag(body());
    case "POST experiments/update":
      return model.renameExperiment(String(body().experiment_id), String(body().new_name));
    case "POST experiments/delete":
      return model.setExperimentStage(String(body().experiment_id), "deleted");
    case "POST experiments/restore":
      return model.setExperimentStage(String(body().experiment_id), "active");
    case "POST runs/create":
      return model.createRun(body());
    case "GET runs/get":
      return model.getRun(text("run_id"));
    case "POST runs/search":
      return model.searchRuns(body());
    case "POST runs/update":
      return model.updateRun(body());
    case "POST runs/delete":
      return model.setRunStage(String(body().run_id), "deleted");
    case "POST runs/restore":
      return model.setRunStage(String(body().run_id), "active");
    case "POST runs/delete-tag":
      return model.deleteTag(body());
    case "POST runs/log-batch":
      return model.logBatch(body());
    case "POST runs/log-inputs":
      return model.logInputs(body());
    case "POST runs/outputs":
      return model.logOutputs(body());
    case "GET metrics/get-history":
      return model.getHistory(text("run_id"), text("metric_key"));
    case "GET metrics/get-history-bulk":
      return model.getHistories(query.getAll("run_id"), text("metric_key"));
    case "POST logged-models":
      return model.createLoggedModel(body());
    case "POST logged-models/search":
      return model.searchLoggedModels(body());
    default:
      return model.registry.answer(endpoint, query, body) ?? loggedModel(model, endpoint, body);
  }
}

function loggedModel(model: MlflowModel, endpoint: string, body: () => Body): Body {
  const [, method, id = "", part = ""] = /^([A-Z]+) logged-models\/([^/]+)(?:\/(\w+))?$/.exec(endpoint) ?? [];
  switch (`${method} ${part}`) {
    case "GET ":
      return model.getLoggedModel(id);
    case "DELETE ":
      return model.deleteLoggedModel(id);
    case "PATCH ":
      return model.finalizeLoggedModel(id, body().status);
    case "PATCH tags":
      return model.setLoggedModelTags(id, body().tags);
    case "POST params":
      return model.logLoggedModelParams(id, body().params);
    default:
      throw new Refused(404, "ENDPOINT_NOT_FOUND", `no endpoint ${endpoint}`);
  }
}

interface ArtifactRequest {
  readonly method: string;
  readonly path: string;
  readonly bytes: Buffer;
}

function artifact({ artifacts }: MlflowModel, { method, path, bytes }: ArtifactRequest): Body | Buffer {
  if (/(^|\/)\.\.(\/|$)|#/.test(path)) throw new Refused(400, "INVALID_PARAMETER_VALUE", "Invalid path");
  if (method === "PUT") {
    artifacts.set(path, bytes);
    return {};
  }
  const found = artifacts.get(path);
  if (found === undefined) throw new Refused(404, "RESOURCE_DOES_NOT_EXIST", `no artifact ${path}`);
  return found;
}
