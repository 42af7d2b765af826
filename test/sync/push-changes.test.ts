/** What others do while runs are pushed: a second push, the experiment's end, a run that goes on, a token that expires. */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { openFileStore } from "../../core/store/open-store.js";
import { isPartial } from "../../sync/engine/report.js";
import { startFaultProxy } from "../helpers/fault-proxy.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { activeRuns } from "../helpers/sync-store.js";
import {
  assertComplete,
  assertNextCompletes,
  assertReceiptsTrue,
  type Bench,
  type JudgedServer,
  readRemote,
  withBench,
} from "./fault-cases.js";
import { pushOnce } from "./push-once.js";

const START = 1_700_000_100_000;
const skip = await mlflowServerSkip("3");

describe("while runs are pushed, against a model of the server", async () => {
  changes(await startMlflowModel({ after }));
});

describe("while runs are pushed, against MLflow 3", { skip }, async () => {
  changes(await startMlflowServer({ after }, { version: "3" }));
});

function changes(server: JudgedServer): void {
  test("two who push the same runs at once leave one of each", async (t) => {
    await withBench(server, async (bench) => {
      const other = await secondClone(t, bench);
      const [first, second] = twoAtOnce();
      await bench.follow(first);
      other.follow(second);
      await Promise.all([pushOnce(bench), pushOnce(other)]);
      for (const each of [bench, other, bench, other]) await pushOnce(each);
      await assertComplete(bench);
      assert.equal((await pushOnce(other)).counts.done, 0);
    });
  });

  test("an experiment that is renamed there takes the next runs, too", async () => {
    await withBench(server, async (bench) => {
      await pushOnce(bench);
      const [id] = await experimentOf(bench);
      await post(bench, "experiments/update", {
        experiment_id: id,
        new_name: `${bench.experimentName} (new)`,
      });
      const runId = await oneMoreRun(bench);
      const report = await pushOnce(bench);
      assert.match(report.notes.join(), /is called/);
      const renamed = { ...bench, experimentName: `${bench.experimentName} (new)` };
      await assertComplete({ ...renamed, runIds: [...bench.runIds, runId] });
    });
  });

  test("an experiment that is deleted there is named, and restored when asked", async () => {
    await withBench(server, async (bench) => {
      await pushOnce(bench);
      const [id] = await experimentOf(bench);
      await post(bench, "experiments/delete", { experiment_id: id });
      const runId = await oneMoreRun(bench);
      const report = await pushOnce(bench);
      assert.ok(isPartial(report));
      assert.match(report.outcomes.map(({ error }) => error?.message).join(), /deleted at the remote/);
      const experiments = { map: new Map(), prefix: "", restore: true };
      assert.ok(!isPartial(await pushOnce({ ...bench, push: { experiments } })));
      await assertComplete({ ...bench, runIds: [...bench.runIds, runId] });
    });
  });

  test("a run that changes at any request is whole after the next push", async () => {
    for (let at = 1; at <= 40; at += 6)
      await withBench(server, async (bench) => {
        const [runId = ""] = bench.runIds;
        const store = openFileStore({ cwd: bench.directory });
        const writer = await store.openRun(runId);
        await bench.follow(({ ordinal }) => {
          if (ordinal !== at) return null;
          writer.logMetrics([{ key: "loss", value: at, timestamp: START + at, step: at }]);
          writer.logParams({ late: "yes" });
          writer.setTags({ team: "late", more: "tags" });
          writer.logArtifactBytes("big.bin", Buffer.from("smaller now"));
          return null;
        });
        await pushOnce(bench);
        await writer.end({ status: "FINISHED", endTime: START + 1_000 });
        await assertNextCompletes(bench);
      });
  });

  test("a token that expires is renewed, or asked for", async () => {
    for (const at of [1, 8, 20])
      await withBench(server, async (bench) => {
        await bench.follow(({ ordinal, headers }) =>
          ordinal >= at && headers.authorization !== "Bearer new" ? { kind: "unauthorized" } : null,
        );
        const old = { credentials: { kind: "bearer", token: "old" } } as const;
        const refused = await pushOnce({ ...bench, http: old });
        assert.ok(isPartial(refused));
        assert.match(refused.outcomes.map(({ error }) => error?.code).join(), /UNAUTHENTICATED/);
        await assertReceiptsTrue(bench);
        let renewals = 0;
        const renew = async () => {
          renewals += 1;
          return { kind: "bearer", token: "new" } as const;
        };
        assert.ok(!isPartial(await pushOnce({ ...bench, http: old, renew })));
        assert.equal(renewals, 1);
        await bench.follow(() => null);
        await assertComplete(bench);
      });
  });
}

/** Both are past their searches before one of them makes a run. */
function twoAtOnce() {
  let arrived = 0;
  let open: () => void = () => undefined;
  const both = new Promise<void>((resolve) => {
    open = resolve;
  });
  const plan = () => {
    let isFirst = true;
    return ({ path }: { readonly path: string }) => {
      if (!isFirst || !path.endsWith("runs/create")) return null;
      isFirst = false;
      arrived += 1;
      if (arrived === 2) open();
      return { kind: "held", until: both } as const;
    };
  };
  return [plan(), plan()] as const;
}

async function secondClone(t: TestContext, bench: Bench) {
  const directory = join(temporaryDirectory(t), "clone");
  cpSync(bench.directory, directory, { recursive: true });
  const proxy = await startFaultProxy(t, bench.server.url);
  return {
    directory,
    url: proxy.url,
    follow: (plan: Parameters<typeof proxy.follow>[0]) => proxy.follow(plan),
  };
}

async function oneMoreRun({ store, experimentName }: Bench): Promise<string> {
  const experiment = await store.getExperimentByName(experimentName);
  const { info } = await store.createRun({ experimentId: experiment?.experimentId ?? "", startTime: START });
  const writer = await store.openRun(info.runId);
  writer.logParams({ lr: "1" });
  await writer.end({ status: "FINISHED", endTime: START + 1 });
  return info.runId;
}

async function experimentOf(bench: Bench): Promise<readonly string[]> {
  const remote = await readRemote(bench);
  assert.equal(activeRuns(remote, bench.experimentName).length, bench.runIds.length);
  return Object.entries(remote.experiments ?? {})
    .filter(([, { name }]) => name === bench.experimentName)
    .map(([id]) => id);
}

async function post({ server }: Bench, endpoint: string, body: object): Promise<void> {
  const answer = await fetch(`${server.url}/api/2.0/mlflow/${endpoint}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.text());
}
