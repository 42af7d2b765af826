/** MLflow's variables, and whose they are. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { isRunstoneError } from "../../store-format/index.js";
import { type Environment, isServerAddress, serverSettings } from "../../sync/rest/index.js";
import { temporaryDirectory } from "../helpers/new-store.js";

const URL_ = "https://mlflow.example/team";

function settings(env: Environment, uri = URL_, home: string | null = null) {
  return serverSettings(uri, { env, home });
}

describe("credentials", () => {
  test("by MLflow's variables; a user name goes before a token", () => {
    const token = { MLFLOW_TRACKING_TOKEN: "tok" };
    const basic = { MLFLOW_TRACKING_USERNAME: "ana", MLFLOW_TRACKING_PASSWORD: "pw" };
    assert.deepEqual(settings({}).credentials, { kind: "none" });
    assert.deepEqual(settings(token).credentials, { kind: "bearer", token: "tok" });
    assert.deepEqual(settings({ ...token, ...basic }).credentials, {
      kind: "basic",
      username: "ana",
      password: "pw",
    });
  });

  test("of another server than the one that is named are not used", () => {
    const env = {
      MLFLOW_TRACKING_URI: "https://other.example",
      MLFLOW_TRACKING_TOKEN: "tok",
      MLFLOW_TRACKING_INSECURE_TLS: "true",
      MLFLOW_TRACKING_CLIENT_CERT_PATH: "/c.pem",
    };
    const { credentials, insecureTls, clientCertificate } = settings(env);
    assert.deepEqual([credentials.kind, insecureTls, clientCertificate], ["none", false, ""]);
    const same = settings({ ...env, MLFLOW_TRACKING_URI: "https://mlflow.example" });
    assert.deepEqual(
      [same.credentials.kind, same.insecureTls, same.clientCertificate],
      ["bearer", true, "/c.pem"],
    );
    assert.equal(settings({ ...env, MLFLOW_TRACKING_URI: "file:///mlruns" }).credentials.kind, "bearer");
  });

  test("in the address are taken out of it", () => {
    const found = settings({ MLFLOW_TRACKING_TOKEN: "tok" }, "https://ana:p%40w@mlflow.example/team/");
    assert.equal(found.url, "https://mlflow.example/team");
    assert.deepEqual(found.credentials, { kind: "basic", username: "ana", password: "p@w" });
  });

  test("in MLflow's file, where no variable says otherwise", (t) => {
    const home = temporaryDirectory(t);
    mkdirSync(join(home, ".mlflow"));
    const lines = [
      "[other]",
      "mlflow_tracking_username = eve",
      "[mlflow]",
      "mlflow_tracking_username = ana",
      "mlflow_tracking_password = p w",
      "",
    ];
    writeFileSync(join(home, ".mlflow", "credentials"), lines.join("\n"));
    assert.deepEqual(settings({}, URL_, home).credentials, {
      kind: "basic",
      username: "ana",
      password: "p w",
    });
    assert.equal(
      settings({ MLFLOW_TRACKING_URI: "https://other.example" }, URL_, home).credentials.kind,
      "none",
    );
  });
});

test("times and retries", () => {
  const found = settings({
    MLFLOW_HTTP_REQUEST_TIMEOUT: "10",
    MLFLOW_HTTP_REQUEST_MAX_RETRIES: "2",
    MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: "0.5",
    MLFLOW_HTTP_REQUEST_BACKOFF_JITTER: "0",
    MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER: "false",
    MLFLOW_WORKSPACE: "lab",
    https_proxy: "http://proxy:3128",
    NO_PROXY: "x",
  });
  assert.deepEqual(
    [found.timeoutMs, found.maxRetries, found.backoffMs, found.jitterMs, found.respectRetryAfter],
    [10_000, 2, 500, 0, false],
  );
  assert.deepEqual(found.headers, { "x-mlflow-workspace": "lab" });
  assert.deepEqual(found.proxy, { http: "", https: "http://proxy:3128", none: "x" });
  assert.throws(
    () => settings({ MLFLOW_HTTP_REQUEST_TIMEOUT: "soon" }),
    (error) =>
      isRunstoneError(error, "INVALID_PARAMETER_VALUE") && /MLFLOW_HTTP_REQUEST_TIMEOUT/.test(error.message),
  );
});

test("what is the address of a server", () => {
  for (const uri of ["http://localhost:5000", "HTTPS://x"]) assert(isServerAddress(uri), uri);
  for (const uri of ["mlruns", "file:///x", "http:/x", "sqlite:///x", "https"])
    assert(!isServerAddress(uri), uri);
});
