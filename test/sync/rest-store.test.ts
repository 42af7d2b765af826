/** The REST store against servers that lie, break off and forget. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { isRunstoneError, type Metric } from "../../store-format/index.js";
import { RestStore } from "../../sync/rest/index.js";
import {
  type Answerer,
  type Asked,
  sendJson,
  startHttpServer,
  type TestServer,
} from "../helpers/http-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { QuickClock, settingsFor } from "./http-support.js";

const RUN = "0123456789abcdef0123456789abcdef";

interface Opened {
  readonly store: RestStore;
  readonly server: TestServer;
}

async function open(t: TestContext, answerer: Answerer): Promise<Opened> {
  const server = await startHttpServer(t, answerer);
  const spoolDirectory = join(temporaryDirectory(t), "spool");
  const settings = settingsFor(server.url, { maxRetries: 2, timeoutMs: 1000 });
  const store = new RestStore(settings, { spoolDirectory, clock: new QuickClock(), random: () => 0 });
  t.after(() => store.close());
  return { store, server };
}

function runAnswer(artifactUri = `mlflow-artifacts:/1/${RUN}/artifacts`): object {
  const info = {
    run_id: RUN,
    experiment_id: "1",
    status: "RUNNING",
    start_time: 1,
    lifecycle_stage: "active",
  };
  return { run: { info: { ...info, artifact_uri: artifactUri }, data: {} } };
}

/** A run whose artifacts are listed by `list`, and are all `content`. */
function serving(list: (path: string) => readonly object[], content = "x"): Answerer {
  return ({ url }, answer) => {
    const { pathname, searchParams } = new URL(url, "http://x");
    if (pathname.endsWith("/runs/get")) sendJson(answer, runAnswer());
    else if (pathname.endsWith("/mlflow-artifacts/artifacts"))
      sendJson(answer, { files: list(searchParams.get("path") ?? "") });
    else answer.end(content);
  };
}

describe("artifacts of a hostile server", () => {
  for (const name of ["..", ".", "a/../../b", "/etc/passwd", "..\\..\\x", "C:\\x", "a\u0000b", ""])
    test(`the name ${JSON.stringify(name)} is refused, or stays below the destination`, async (t) => {
      const { store } = await open(
        t,
        serving((path) => (path.endsWith("artifacts") ? [{ path: name, is_dir: false, file_size: 1 }] : [])),
      );
      const top = temporaryDirectory(t);
      await store.artifacts.download({ runId: RUN }, "", join(top, "into")).catch((error: unknown) => {
        assert(isRunstoneError(error, "REMOTE_FAILED"), String(error));
      });
      assert.deepEqual(
        readdirSync(top).filter((entry) => entry !== "into"),
        [],
      );
      const below = existsSync(join(top, "into")) ? readdirSync(join(top, "into"), { recursive: true }) : [];
      for (const entry of below) assert(["passwd", "b", "x"].includes(String(entry)), String(entry));
      assert.notEqual(existsSync("/etc/passwd") && readFileSync("/etc/passwd", "utf8"), "x");
    });

  test("nothing is written through a link in the destination", async (t) => {
    const { store } = await open(
      t,
      serving((path) =>
        path.endsWith("artifacts")
          ? [{ path: "d", is_dir: true }]
          : [{ path: "f", is_dir: false, file_size: 1 }],
      ),
    );
    const top = temporaryDirectory(t);
    mkdirSync(join(top, "into"));
    mkdirSync(join(top, "outside"));
    symlinkSync(join(top, "outside"), join(top, "into", "d"));
    await assert.rejects(
      store.artifacts.download({ runId: RUN }, "", join(top, "into")).then(() => {
        throw new Error("it was written");
      }),
      (error) => isRunstoneError(error, "PERMISSION_DENIED") || isRunstoneError(error, "REMOTE_FAILED"),
    );
    assert.deepEqual(readdirSync(join(top, "outside")), []);
  });

  test("directories without end are given up", async (t) => {
    const { store, server } = await open(
      t,
      serving(() => [{ path: "deeper", is_dir: true }]),
    );
    await assert.rejects(store.artifacts.list({ runId: RUN }, "", { recursive: true }), (error) =>
      isRunstoneError(error, "REMOTE_FAILED"),
    );
    assert(server.asked.length < 200);
  });

  test("content that is not what was listed is not kept", async (t) => {
    const { store } = await open(
      t,
      serving(() => [{ path: "f", is_dir: false, file_size: 10 }], "short"),
    );
    const top = temporaryDirectory(t);
    await assert.rejects(store.artifacts.download({ runId: RUN }, "f", join(top, "f")), (error) =>
      isRunstoneError(error, "REMOTE_FAILED"),
    );
    assert.deepEqual(readdirSync(top), []);
  });

  for (const uri of [
    "mlflow-artifacts:/../../secret",
    "mlflow-artifacts:/1/%2e%2e/x",
    "mlflow-artifacts:/1/%2Fx",
    "mlflow-artifacts:/1?x=y",
  ])
    test(`the location ${uri} is not followed`, async (t) => {
      const { store, server } = await open(t, (_asked, answer) => sendJson(answer, runAnswer(uri)));
      await assert.rejects(store.artifacts.list({ runId: RUN }), (error) =>
        isRunstoneError(error, "REMOTE_FAILED"),
      );
      assert.equal(server.asked.length, 1);
    });

  test("another server's proxy gets no request of ours", async (t) => {
    const other = await startHttpServer(t, (_asked, answer) => sendJson(answer, {}));
    for (const uri of [
      `mlflow-artifacts://127.0.0.1:${other.port}/1/x`,
      `${other.url}/api/2.0/mlflow-artifacts/artifacts/1/x`,
    ]) {
      const { store } = await open(t, (_asked, answer) => sendJson(answer, runAnswer(uri)));
      await assert.rejects(store.artifacts.list({ runId: RUN }), (error) =>
        isRunstoneError(error, "UNSUPPORTED"),
      );
    }
    assert.equal(other.asked.length, 0);
  });
});

describe("artifacts elsewhere", () => {
  const elsewhere: Answerer = ({ url }, answer) => {
    const { pathname, searchParams } = new URL(url, "http://x");
    if (pathname.endsWith("/runs/get")) sendJson(answer, runAnswer("s3://bucket/1/x"));
    else if (pathname.endsWith("/artifacts/list"))
      sendJson(answer, { files: [{ path: "a.txt", is_dir: false, file_size: 5 }] });
    else if (pathname === "/get-artifact") answer.end(`${searchParams.get("path")}`);
    else sendJson(answer, {}, 404);
  };

  test("are read through the server, which has the credentials", async (t) => {
    const { store } = await open(t, elsewhere);
    const top = temporaryDirectory(t);
    await store.artifacts.download({ runId: RUN }, "", join(top, "all"));
    assert.equal(readFileSync(join(top, "all", "a.txt"), "utf8"), "a.txt");
  });

  test("are not written, and it is said why", async (t) => {
    const { store } = await open(t, elsewhere);
    const content = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x");
    };
    await assert.rejects(
      store.artifacts.write({ runId: RUN }, "b", content()),
      (error) =>
        isRunstoneError(error, "UNSUPPORTED") &&
        /s3/.test(error.message) &&
        /serve-artifacts/.test(error.hint ?? ""),
    );
  });
});

test("a download that breaks goes on where it was, whether the server can or not", async (t) => {
  const text = "0123456789".repeat(1000);
  for (const ranges of [true, false]) {
    let reads = 0;
    const { store, server } = await open(t, (asked, answer) => {
      const { pathname } = new URL(asked.url, "http://x");
      if (pathname.endsWith("/runs/get")) return sendJson(answer, runAnswer());
      if (pathname.endsWith("/artifacts"))
        return sendJson(answer, { files: [{ path: "f", is_dir: false, file_size: text.length }] });
      const start = ranges ? Number(/\d+/.exec(asked.headers.range ?? "")?.[0] ?? 0) : 0;
      reads += 1;
      answer.writeHead(start > 0 ? 206 : 200, { "content-length": String(text.length - start) });
      if (reads < 3) answer.write(text.slice(start, start + 2000 * reads), () => asked.socket.destroy());
      else answer.end(text.slice(start));
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.artifacts.read({ runId: RUN }, "f")) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), text);
    assert.equal(server.asked.length, 5);
  }
});

describe("points whose answer is lost", () => {
  /** Keeps points as a server of SQL does not: a repeat doubles them. `lose`: of this request the answer is lost. */
  function server(lose: (count: number) => boolean): {
    readonly answerer: Answerer;
    readonly points: Metric[];
  } {
    const points: Metric[] = [];
    let batches = 0;
    const answerer: Answerer = (asked: Asked, answer) => {
      const { pathname, searchParams } = new URL(asked.url, "http://x");
      if (pathname.endsWith("/runs/get")) return sendJson(answer, runAnswer());
      if (pathname.endsWith("/get-history")) {
        const key = searchParams.get("metric_key");
        return sendJson(answer, { metrics: points.filter((point) => point.key === key) });
      }
      points.push(...((JSON.parse(asked.body) as { metrics?: Metric[] }).metrics ?? []));
      if (lose(batches++)) asked.socket.destroy();
      else sendJson(answer, {});
    };
    return { answerer, points };
  }

  test("arrive once", async (t) => {
    const { answerer, points } = server((count) => count < 3);
    const { store } = await open(t, answerer);
    const metrics = Array.from(
      { length: 2500 },
      (_, i): Metric => ({
        key: `k${i % 7}`,
        value: i % 5 === 0 ? Number.NaN : i,
        step: i,
        timestamp: 1,
      }),
    );
    await store.logBatch(RUN, { metrics });
    assert.equal(points.length, 2500);
    assert.equal(new Set(points.map(({ step }) => step)).size, 2500);
  });

  test("and after the server was away for long, the next flush sends the rest once", async (t) => {
    let away = false;
    const { answerer, points } = server(() => away);
    const { store } = await open(t, (asked, answer, count) => {
      if (away && asked.url.includes("get-history")) asked.socket.destroy();
      else void answerer(asked, answer, count);
    });
    const writer = await store.openRun(RUN);
    const metric = (step: number): Metric => ({ key: "a", value: step, step, timestamp: 1 });
    away = true;
    writer.logMetrics([metric(0), metric(1)]);
    await assert.rejects(writer.flush(), (error) => isRunstoneError(error, "REMOTE_UNREACHABLE"));
    writer.logMetrics([metric(2)]);
    assert.equal(writer.waiting, 3);
    away = false;
    await writer.flush();
    assert.deepEqual(
      points.map(({ step }) => step),
      [0, 1, 2],
    );
    assert.equal(writer.waiting, 0);
  });
});

describe("a writer", () => {
  test("goes on after what the server refuses, and tells it with the flush", async (t) => {
    const tags: string[] = [];
    const { store } = await open(t, (asked, answer) => {
      if (asked.url.includes("/runs/get")) return sendJson(answer, runAnswer());
      if (asked.url.includes("delete-tag"))
        return sendJson(answer, { error_code: "RESOURCE_DOES_NOT_EXIST", message: "No tag" }, 404);
      tags.push(asked.body);
      sendJson(answer, {});
    });
    const writer = await store.openRun(RUN);
    writer.setTags({ a: "1" });
    writer.deleteTag("none");
    writer.setTags({ b: "1" });
    await assert.rejects(writer.flush(), (error) => isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST"));
    assert.equal(tags.length, 2);
    await writer.flush();
  });

  test("refuses more than it may keep, and says why", async (t) => {
    const { store } = await open(t, (asked, answer) => {
      if (asked.url.includes("/runs/get")) sendJson(answer, runAnswer());
    });
    const writer = await store.openRun(RUN);
    const many = Array.from(
      { length: 400_000 },
      (_, i): Metric => ({ key: "a", value: i, step: i, timestamp: 1 }),
    );
    writer.logMetrics(many);
    writer.logMetrics(many);
    assert.throws(
      () => writer.logMetrics(many),
      (error) => isRunstoneError(error, "REMOTE_UNREACHABLE") && /too much waits/.test(error.message),
    );
    assert.throws(
      () => writer.logArtifactBytes("big", new Uint8Array(257 * 1_048_576)),
      (error) => isRunstoneError(error, "REMOTE_UNREACHABLE"),
    );
  });

  test("refuses values that servers cut without a word", async (t) => {
    const { store } = await open(t, (_asked, answer) => sendJson(answer, runAnswer()));
    const writer = await store.openRun(RUN);
    assert.throws(
      () => writer.logParams({ a: "x".repeat(6001) }),
      (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
    );
    assert.throws(
      () => writer.setTags({ a: "x".repeat(8001) }),
      (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
    );
  });
});

test("an experiment whose creation was done though its answer was lost is ours", async (t) => {
  let made = false;
  const experiment = { experiment: { experiment_id: "7", name: "n", lifecycle_stage: "active" } };
  const { store } = await open(t, (asked, answer) => {
    if (!asked.url.includes("/create")) return sendJson(answer, experiment);
    if (made) return sendJson(answer, { error_code: "RESOURCE_ALREADY_EXISTS", message: "exists" }, 400);
    made = true;
    asked.socket.destroy();
  });
  assert.equal((await store.createExperiment({ name: "n" })).experimentId, "7");
});

test("a run is not created twice", async (t) => {
  const { store, server } = await open(t, (asked, answer) => {
    if (asked.url.includes("/experiments/get"))
      return sendJson(answer, { experiment: { experiment_id: "1", name: "n" } });
    asked.socket.destroy();
  });
  await assert.rejects(
    store.createRun({ experimentId: "1" }),
    (error) => isRunstoneError(error, "REMOTE_UNREACHABLE") && error.data["ambiguous"] === true,
  );
  assert.equal(server.asked.filter(({ url }) => url.includes("/runs/create")).length, 1);
});

test("what an old server does not know is UNSUPPORTED, with the version that knows it", async (t) => {
  const { store } = await open(t, (_asked, answer) => void answer.writeHead(404).end("<h1>Not Found</h1>"));
  await assert.rejects(
    store.getLoggedModel("m-1"),
    (error) => isRunstoneError(error, "UNSUPPORTED") && /MLflow 3\.0/.test(error.hint ?? ""),
  );
  await assert.rejects(
    store.getRun(RUN),
    (error) => isRunstoneError(error, "REMOTE_FAILED") && error.data["errorCode"] === "ENDPOINT_NOT_FOUND",
  );
});

test("a metric's history of values that a server does not tell is UNSUPPORTED in a search", async (t) => {
  const { store } = await open(t, (asked, answer) =>
    sendJson(
      answer,
      asked.url.includes("experiments")
        ? { experiments: [{ experiment_id: "1", name: "n" }] }
        : { runs: [(runAnswer() as { run: object }).run] },
    ),
  );
  assert.equal((await store.searchRuns({ filter: "status = RUNNING" })).items.length, 1);
  await assert.rejects(store.searchRuns({ filter: "metrics.loss.min < 1" }), (error) =>
    isRunstoneError(error, "UNSUPPORTED"),
  );
});
