/** What `push --dry-run` counts is what the push after it moves, whatever both sides have; and it sends and keeps nothing. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { openContext } from "../../core/store/open-context.js";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { NOTHING_MOVED, type SyncReport } from "../../sync/engine/report.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../../sync/http/index.js";
import { foreseePush, type PushOptions } from "../../sync/mlflow/push.js";
import { readRemoteState } from "../../sync/state/index.js";
import fc from "../helpers/fast-check.js";
import { faultFrom, startFaultProxy } from "../helpers/fault-proxy.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { writeSyncStore } from "../helpers/sync-store.js";
import type { JudgedServer } from "./fault-cases.js";
import { EAGER, pushOnce, REMOTE } from "./push-once.js";

const START = 1_700_000_000_000;
const LARGEST = 1.7976931348623157e308;
const skip = await mlflowServerSkip("3");

type Choice = Partial<Pick<PushOptions, "includeDeleted" | "withArtifacts" | "recheck" | "runIds">>;

async function foresee(directory: string, url: string, choice: Choice) {
  const context = openContext({ cwd: directory });
  const state = readRemoteState(context, REMOTE);
  const http = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, ...EAGER, url });
  try {
    return await foreseePush(
      { context, http, state },
      {
        ...{ jobs: 1, withArtifacts: true, includeDeleted: false, hash: "small", commitReceipts: false },
        experiments: { map: new Map(), prefix: "", restore: false },
        ...choice,
      },
    );
  } finally {
    state.close();
    await http.destroy();
  }
}

/** Of each run of which something goes; the sums, and how many are left out or unchanged. */
function countsOf({ outcomes, moved, counts, excepted }: SyncReport) {
  const concerned = outcomes.filter((one) => Object.values(one.moved).some((count) => count > 0));
  const runs = Object.fromEntries(concerned.map((one) => [one.runId, one.moved]));
  return { runs, moved, counts, excepted };
}

/** Of every file of the workspace. */
function digestOf(directory: string): string {
  const hash = createHash("sha256");
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile()))
    hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)));
  return hash.digest("hex");
}

/** Foresees, and pushes. Returns what moved. */
async function assertForeseen(
  t: TestContext,
  { directory, server, choice = {} }: Readonly<{ directory: string; server: JudgedServer; choice?: Choice }>,
) {
  const proxy = await startFaultProxy(t, server.url);
  const before = digestOf(directory);
  const foreseen = await foresee(directory, proxy.url, choice);
  const sent = proxy.requests.filter(({ method, path }) => method !== "GET" && !/\/search/.test(path));
  assert.deepEqual([sent, digestOf(directory) === before], [[], true], "it sends and keeps nothing");
  const pushed = await pushOnce({ directory, url: server.url, push: choice });
  assert.deepEqual(countsOf(foreseen), countsOf(pushed));
  return pushed.moved;
}

function suite(server: JudgedServer): void {
  test("of everything that travels: new, changed, deleted, with other choices", async (t) => {
    const directory = temporaryDirectory(t);
    const { store, runIds, deletedRunId } = await writeSyncStore(directory, `foresight ${server.url}`);
    const [parent = "", child = "", plain = ""] = runIds;
    const writer = await store.openRun(plain);
    const repeated = [1, 1, 2, LARGEST, Number.POSITIVE_INFINITY, LARGEST];
    writer.logMetrics(repeated.map((value) => ({ key: "again", value, timestamp: START, step: 1 })));
    await writer.end({ status: "KILLED", endTime: START + 3 });
    const some = await assertForeseen(t, { directory, server, choice: { runIds: [plain] } });
    assert.deepEqual([some.params, some.artifacts], [1, 0]);
    const bare = await assertForeseen(t, { directory, server, choice: { withArtifacts: false } });
    assert.equal(bare.artifacts, 0);
    const files = await assertForeseen(t, { directory, server });
    assert.ok(files.artifacts >= 3 && files.params === 0, "with runstone/long-values.json");
    assert.deepEqual(await assertForeseen(t, { directory, server }), NOTHING_MOVED);
    const gone = await assertForeseen(t, { directory, server, choice: { includeDeleted: true } });
    assert.ok(gone.tags > 0 && gone.points === 0, `the run ${deletedRunId}`);
    const more = await store.openRun(child);
    more.logMetrics([{ key: "long", value: 1, timestamp: START, step: 500 }]);
    more.logParams({ late: "yes" });
    more.logArtifactBytes("late.txt", Buffer.from("late"));
    await more.end({ status: "FINISHED", endTime: START + 9 });
    const late = await assertForeseen(t, { directory, server });
    assert.deepEqual(late, { params: 1, tags: 0, points: 1, artifacts: 1, bytes: 4 });
    await store.deleteRun(parent);
    assert.deepEqual(await assertForeseen(t, { directory, server }), NOTHING_MOVED);
    rmSync(join(directory, ".runstone/remotes"), { recursive: true });
    const forgotten = await assertForeseen(t, { directory, server });
    assert.deepEqual([forgotten.params, forgotten.points], [0, 0], "the server has them");
  });

  test("of a push that was broken off anywhere", async (t) => {
    for (const at of [4, 6, 9, 12]) {
      const directory = temporaryDirectory(t);
      await writeSyncStore(directory, `broken off at ${at} ${server.url}`);
      const proxy = await startFaultProxy(t, server.url);
      proxy.follow(faultFrom(at, { kind: "reset-before" }));
      await pushOnce({ directory, url: proxy.url, http: { maxRetries: 0 } });
      await assertForeseen(t, { directory, server });
    }
  });
}

describe("what a push would move, against a model of the server", async () => {
  const server = await startMlflowModel({ after });
  suite(server);

  const value = fc.constantFrom(0, -0, 1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, LARGEST, -LARGEST);
  const point = fc.record({ key: fc.constantFrom("a", "b"), value, step: fc.nat(2) });
  const change = fc.oneof(
    fc.record({ kind: fc.constant("points" as const), points: fc.array(point, { maxLength: 6 }) }),
    fc.record({
      kind: fc.constant("param" as const),
      key: fc.constantFrom("x", "y"),
      length: fc.constantFrom(1, 7_000),
    }),
    fc.record({
      kind: fc.constant("tag" as const),
      key: fc.constantFrom("u", "v"),
      length: fc.constantFrom(1, 9_000),
    }),
    fc.record({ kind: fc.constant("file" as const), path: fc.constantFrom("f", "d/g"), size: fc.nat(50) }),
    fc.record({ kind: fc.constant("push" as const) }),
    fc.record({ kind: fc.constant("forget" as const) }),
    fc.record({ kind: fc.constant("delete" as const) }),
    fc.record({ kind: fc.constant("restore" as const) }),
  );

  test("whatever was changed and pushed before", async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 10 }), fc.boolean(), async (changes, includeDeleted) => {
        const directory = temporaryDirectory(t);
        initWorkspace(directory);
        const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
        const { experimentId } = await store.createExperiment({ name: directory });
        const { runId } = (await store.createRun({ experimentId, startTime: START })).info;
        for (const one of changes) {
          if (one.kind === "push") await pushOnce({ directory, url: server.url });
          else if (one.kind === "forget")
            rmSync(join(directory, ".runstone/remotes"), { recursive: true, force: true });
          else if (one.kind === "delete") await store.deleteRun(runId);
          else if (one.kind === "restore") await store.restoreRun(runId);
          else if ((await store.getRun(runId)).info.lifecycleStage === "active") {
            const writer = await store.openRun(runId);
            const { params } = await store.getRun(runId);
            if (one.kind === "points")
              writer.logMetrics(one.points.map((each) => ({ ...each, timestamp: START })));
            if (one.kind === "param" && params[one.key] === undefined)
              writer.logParams({ [one.key]: "p".repeat(one.length) });
            if (one.kind === "tag") writer.setTags({ [one.key]: "t".repeat(one.length) });
            if (one.kind === "file") writer.logArtifactBytes(one.path, Buffer.alloc(one.size));
            await writer.end({ status: "FINISHED", endTime: START + 1 });
          }
        }
        await assertForeseen(t, { directory, server, choice: { includeDeleted } });
      }),
      { numRuns: 25 },
    );
  });
});

describe("what a push would move, against MLflow 3", { skip }, async () => {
  suite(await startMlflowServer({ after }, { version: "3" }));
});
