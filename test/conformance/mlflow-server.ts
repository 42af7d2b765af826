/** The suite over real MLflow servers, through their REST API. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  isRunstoneError,
  type LoggedModel,
  type ModelVersion,
  type RegisteredModel,
  type Run,
} from "../../store-format/index.js";
import { DEFAULT_HTTP_SETTINGS } from "../../sync/http/index.js";
import { RestStore } from "../../sync/rest/index.js";
import { mlflowServerSkip, type ServerVersion, startMlflowServer } from "../helpers/mlflow-server.js";
import { assertSameView, viewOf } from "../interop/store-view.js";
import { conformance } from "./suite.js";

const FULL = process.env.RUNSTONE_TIER === "full";

/** The whole server: what listings of a server leave out is asked for one by one, what it knows nothing of is none. */
class WholeServer extends RestStore {
  override async *listRuns(query: Parameters<RestStore["listRuns"]>[0]): AsyncIterable<Run> {
    for await (const { info } of super.listRuns(query)) yield await this.getRun(info.runId);
  }

  override async listLoggedModels(experimentId: string): Promise<readonly LoggedModel[]> {
    const models = await super.listLoggedModels(experimentId).catch((error: unknown) => {
      if (isRunstoneError(error, "UNSUPPORTED")) return [];
      throw error;
    });
    return models.map((model) => ({
      ...model,
      modelType: model.modelType ?? "",
      sourceRunId: model.sourceRunId ?? "",
      statusMessage: model.statusMessage ?? "",
    }));
  }

  // MLflow's client takes texts that are not told for empty ones.
  override async listRegisteredModels(): Promise<readonly RegisteredModel[]> {
    const models = await super.listRegisteredModels();
    return models.map((model) => ({ ...model, description: model.description ?? "" }));
  }

  override async listModelVersions(name: string): Promise<readonly ModelVersion[]> {
    const versions = await super.listModelVersions(name);
    return versions.map((version) => ({
      ...version,
      description: version.description ?? "",
      userId: version.userId ?? "",
      runLink: version.runLink ?? "",
    }));
  }

  override async listTraces(): Promise<[]> {
    return [];
  }
}

export async function serverConformance(version: ServerVersion): Promise<void> {
  const skip = await mlflowServerSkip(version);
  if (skip !== false) {
    test(`MLflow ${version} over REST`, { skip });
    return;
  }
  const server = await startMlflowServer({ after }, { version });
  const spoolDirectory = mkdtempSync(join(tmpdir(), "runstone-conformance-"));
  after(() => rmSync(spoolDirectory, { recursive: true, force: true }));
  const settings = { ...DEFAULT_HTTP_SETTINGS, url: server.url };
  const store = new RestStore(settings, { spoolDirectory });
  const whole = new WholeServer(settings, { spoolDirectory });
  after(() => Promise.all([store.close(), whole.close()]));
  conformance(`MLflow ${version} over REST`, {
    open: () => store,
    loggedModels: version === "3",
    keepsOrder: false,
    keepsInfinities: false,
    clears: false,
  });
  // The client of MLflow 2 cannot download an empty file.
  test(`MLflow ${version}: all of it is as its own client reads it`, {
    skip: version === "2" || !FULL,
  }, async () => {
    const view = await viewOf(whole);
    assert(Object.keys(view.runs ?? {}).length > 10);
    assertSameView(view, await server.read());
  });
}
