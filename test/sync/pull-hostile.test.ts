/** A server that lies: clear errors, and nothing written where it should not be. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { isRunstoneError } from "../../store-format/index.js";
import { type Asked, sendJson, startHttpServer } from "../helpers/http-server.js";
import { temporaryDirectory, treeOf } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";

const RUN_ID = "a".repeat(32);

interface Lies {
  readonly runId?: string;
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
  readonly params?: readonly { readonly key: string; readonly value: string }[];
  readonly experimentName?: string;
  readonly artifactUri?: string;
  /** Of the listing of a path below the proxy's root. */
  readonly files?: (path: string) => readonly object[];
  readonly bytes?: Buffer;
  /** Of a listing that the path names: its next page token. */
  readonly token?: (path: string, count: number) => string | undefined;
}

const INFO = {
  run_name: "r",
  experiment_id: "1",
  user_id: "u",
  status: "FINISHED",
  start_time: 1,
  end_time: 2,
  lifecycle_stage: "active",
};

function answerOf({ url }: Asked, lies: Lies, count: number): object | Buffer | null {
  const { pathname: path, searchParams } = new URL(url, "http://h");
  const next_page_token = lies.token?.(path, count);
  const id = lies.runId ?? RUN_ID;
  const artifact_uri = lies.artifactUri ?? `mlflow-artifacts:/1/${RUN_ID}/artifacts`;
  const info = { ...INFO, run_id: id, run_uuid: id, artifact_uri };
  const metrics = [{ key: "m", value: 1, timestamp: 1, step: 0 }];
  const run = { info, data: { metrics, params: lies.params ?? [], tags: lies.tags ?? [] } };
  if (path.endsWith("experiments/search")) {
    const experiment = { experiment_id: "1", name: lies.experimentName ?? "e", lifecycle_stage: "active" };
    return { experiments: [experiment], next_page_token };
  }
  if (path.endsWith("runs/search")) return { runs: [run], next_page_token };
  if (path.endsWith("runs/get")) return { run };
  if (path.endsWith("get-history")) return { metrics, next_page_token };
  if (path.endsWith("mlflow-artifacts/artifacts"))
    return { files: lies.files?.(searchParams.get("path") ?? "") ?? [] };
  if (path.includes("mlflow-artifacts/artifacts/")) return lies.bytes ?? Buffer.alloc(0);
  return null;
}

async function lyingServer(t: TestContext, lies: Lies): Promise<string> {
  const { url } = await startHttpServer(t, (asked, answer, count) => {
    const found = answerOf(asked, lies, count);
    if (Buffer.isBuffer(found)) answer.end(found);
    else sendJson(answer, found ?? { error_code: "ENDPOINT_NOT_FOUND" }, found === null ? 404 : 200);
  });
  return url;
}

interface Pulled {
  readonly outer: string;
  readonly directory: string;
  readonly report: Awaited<ReturnType<typeof pullOnce>>;
}

/** The workspace lies two levels deep, so that what climbs out of it is seen. */
async function pullFrom(t: TestContext, lies: Lies): Promise<Pulled> {
  const outer = temporaryDirectory(t);
  const directory = join(outer, "deep", "workspace");
  initWorkspace(directory);
  const url = await lyingServer(t, lies);
  const report = await pullOnce({ directory, url, http: { maxRetries: 0 } });
  assert.deepEqual(readdirSync(outer), ["deep"]);
  assert.deepEqual(readdirSync(join(outer, "deep")), ["workspace"]);
  return { outer, directory, report };
}

function runsIn(directory: string): readonly string[] {
  return Object.keys(treeOf(join(directory, "mlruns"))).filter(
    (path) => path.endsWith("params/") || path.includes("/params/"),
  );
}

describe("a server that lies", () => {
  test("an honest one, to see that the lies matter", async (t) => {
    const { report, directory } = await pullFrom(t, {
      files: (path) => (path.endsWith("artifacts") ? [{ path: "a.bin", is_dir: false, file_size: 3 }] : []),
      bytes: Buffer.from("abc"),
    });
    assert.deepEqual(
      report.outcomes.map(({ result, error }) => [result, error?.message]),
      [["done", undefined]],
    );
    assert.ok(Object.values(treeOf(join(directory, "mlruns"))).includes("abc"));
  });

  for (const runId of ["../../x", "..", "a/b", ".trash", "c:x\u0000"])
    test(`a run id ${JSON.stringify(runId)}`, async (t) => {
      const url = await lyingServer(t, { runId });
      const directory = temporaryDirectory(t);
      initWorkspace(directory);
      const before = readdirSync(directory);
      await assert.rejects(
        pullOnce({ directory, url, http: { maxRetries: 0 } }),
        (error) => isRunstoneError(error, "REMOTE_FAILED") && /run_id/.test(error.message),
      );
      assert.deepEqual(readdirSync(directory), before);
    });

  for (const origin of ["../../x", "meta.yaml", "", "a/b", "..", "models", "x".repeat(5_000)])
    test(`an origin's id ${JSON.stringify(origin.slice(0, 20))} is passed over`, async (t) => {
      const tags = [{ key: "runstone.run_id", value: origin }];
      const { report } = await pullFrom(t, { tags });
      assert.deepEqual(
        report.outcomes.map(({ runId, result }) => [runId, result]),
        [[RUN_ID, "done"]],
      );
    });

  for (const name of ["../../../evil", "..", "/etc/evil", "a/../../evil", "", ".", "x\u0000y"])
    test(`an artifact called ${JSON.stringify(name)}`, async (t) => {
      const { report, directory } = await pullFrom(t, {
        files: () => [{ path: name, is_dir: false, file_size: 4 }],
        bytes: Buffer.from("evil"),
      });
      const [outcome] = report.outcomes;
      assert.equal(outcome?.result, "failed");
      assert.match(outcome.error?.code ?? "", /REMOTE_FAILED|INVALID_PARAMETER_VALUE/);
      assert.deepEqual(runsIn(directory), []);
    });

  for (const artifactUri of [
    "mlflow-artifacts:/../../secret",
    "mlflow-artifacts://other.example/1",
    "file:///etc",
  ])
    test(`artifacts at ${artifactUri} are named, and not asked for`, async (t) => {
      const { report } = await pullFrom(t, { artifactUri, files: () => [{ path: "x", file_size: 1 }] });
      const [outcome] = report.outcomes;
      assert.equal(outcome?.result, "done");
      assert.ok(outcome.incomplete);
      assert.match(outcome.exceptions.join(), /Artifacts are not here/);
    });

  test("directories without end", async (t) => {
    const { report, directory } = await pullFrom(t, { files: () => [{ path: "deeper", is_dir: true }] });
    assert.match(report.outcomes[0]?.error?.message ?? "", /does not come to an end/);
    assert.deepEqual(runsIn(directory), []);
  });

  test("more bytes than the listing says, and fewer", async (t) => {
    for (const bytes of [Buffer.alloc(100_000), Buffer.alloc(2)]) {
      const { report, directory } = await pullFrom(t, {
        files: (path) => (path.endsWith("artifacts") ? [{ path: "a", file_size: 3 }] : []),
        bytes,
      });
      assert.match(report.outcomes[0]?.error?.message ?? "", /3 bytes by the server's listing/);
      assert.deepEqual(runsIn(directory), []);
      assert.ok(!existsSync(join(directory, ".runstone/remotes/lab/incoming")));
    }
  });

  for (const listing of ["experiments/search", "runs/search", "get-history"])
    test(`pages of ${listing} without end`, async (t) => {
      const lies = { token: (path: string) => (path.endsWith(listing) ? "again" : undefined) };
      const outcome = await pullFrom(t, lies).then(
        ({ report }) => report.outcomes[0]?.error?.message ?? "no error",
        (error: Error) => error.message,
      );
      assert.match(outcome, /does not come to an end/);
    });

  test("a listing that tells the same run with new tokens for ever", async (t) => {
    const lies = {
      token: (path: string, count: number) => (path.endsWith("runs/search") ? String(count) : undefined),
    };
    await assert.rejects(pullFrom(t, lies), /does not come to an end/);
  });

  test("keys that cannot be files are left out and named, the rest of the run is kept", async (t) => {
    const params = ["../../evil", "ok", "ok/below", ".", "x".repeat(2_000)].map((key) => ({
      key,
      value: "v",
    }));
    const { report, directory } = await pullFrom(t, { params });
    const [outcome] = report.outcomes;
    assert.equal(outcome?.result, "done");
    assert.equal(outcome.exceptions.length, 4);
    assert.deepEqual(runsIn(directory).filter((path) => path.endsWith("/params/ok")).length, 1);
  });

  test("an experiment's name that cannot be", async (t) => {
    const { report } = await pullFrom(t, { experimentName: "" });
    assert.notEqual(report.outcomes[0]?.result, "done");
  });
});
