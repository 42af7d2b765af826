/** What a server refuses for good: one state, which a push, the next push, a verification and a plan tell alike. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { parseSyncReceipt } from "../../store-format/index.js";
import type { SyncReport } from "../../sync/engine/report.js";
import { isPartial, planRuns, readRemoteState } from "../../sync/index.js";
import { type FaultPlan, noFault, startFaultProxy } from "../helpers/fault-proxy.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce, REMOTE } from "./push-once.js";
import { verifyOnce } from "./verify-once.js";

const START = 1_700_000_000_000;
const REFUSED = { kind: "status", status: 400 } as const;
const TOO_LARGE = { kind: "status", status: 413 } as const;
const NO_PROXY = { kind: "status", status: 501 } as const;

/** As a server with rules for names, and a gateway that takes no large bodies. */
const strict: FaultPlan = ({ method, path, body }) => {
  if (method === "PUT") return path.includes("large.bin") ? TOO_LARGE : null;
  return /runs\/create|log-batch|log-inputs/.test(path) && body.toString().includes('"no.') ? REFUSED : null;
};

const EXPECTED = [
  "Points of the metric 'no.m' are not there",
  "The artifact 'deep/large.bin' is not there",
  "The dataset 'no.d' is not there",
  "The param 'no.p' is not there",
  "The tag 'no.t' is not there",
];

describe("what a server refuses for good", async () => {
  const server = await startMlflowModel({ after });

  async function newLab(t: TestContext) {
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const store = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const { experimentId } = await store.createExperiment({ name: t.name });
    const { info } = await store.createRun({ experimentId, runName: "odd", startTime: START });
    const { runId } = info;
    const proxy = await startFaultProxy(t, server.url);
    const uploads = (): readonly string[] =>
      proxy.requests.filter(({ method }) => method === "PUT").map(({ path }) => path.split("/").at(-1)!);
    const write = async (work: (writer: Awaited<ReturnType<typeof store.openRun>>) => void) => {
      const writer = await store.openRun(runId);
      work(writer);
      await writer.end({ status: "FINISHED", endTime: START + 9 });
    };
    return {
      ...{ directory, store, runId, write, uploads },
      follow: (plan: FaultPlan): void => proxy.follow(plan),
      push: (recheck = false): Promise<SyncReport> =>
        pushOnce({ directory, url: proxy.url, push: { recheck } }),
      verify: (): Promise<SyncReport> => verifyOnce({ directory, url: proxy.url }),
      requests: () => proxy.requests.map(({ method, path }) => `${method} ${path.split("?")[0]}`),
      plan: () => {
        const state = readRemoteState(store.context, REMOTE);
        try {
          const { tasks, unchanged, excepted } = planRuns(store.context, state, {});
          return { tasks: tasks.length, unchanged, excepted };
        } finally {
          state.close();
        }
      },
      receipt: (): string => {
        const path = join(directory, ".runstone/remotes", REMOTE, "receipts", `${runId}.yaml`);
        return parseSyncReceipt(readFileSync(path)).exceptions.join("\n");
      },
      pull: () =>
        pullOnce({ directory, url: proxy.url, pull: { experimentNames: new Set([t.name]), recheck: true } }),
    };
  }

  const writeOdd = (writer: Parameters<Parameters<Awaited<ReturnType<typeof newLab>>["write"]>[0]>[0]) => {
    writer.logParams({ lr: "0.1", "no.p": "1" });
    writer.setTags({ "no.t": "1", team: "a" });
    for (const key of ["loss", "no.m"])
      writer.logMetrics([1, 2].map((value) => ({ key, value, timestamp: START + value, step: value })));
    const dataset = {
      name: "no.d",
      digest: "1",
      sourceType: "local",
      source: "s",
      schema: "{}",
      profile: "{}",
    };
    writer.logInputs({ datasets: [{ dataset, tags: {} }] });
    writer.logArtifactBytes("deep/large.bin", Buffer.from("large"));
    writer.logArtifactBytes("deep/small.bin", Buffer.from("small"));
  };

  /** Just these are not there, and everybody says so. */
  function assertExcepted(report: SyncReport, runId: string, result: string): void {
    assert.deepEqual([report.excepted, isPartial(report)], [[runId], true]);
    const [outcome] = report.outcomes;
    assert.equal(outcome?.result, result, outcome?.error?.message);
    const missing = outcome.exceptions.filter((text) => text.includes("not there")).sort();
    assert.deepEqual(
      missing.map((text) => text.split(":")[0]),
      EXPECTED,
    );
  }

  test("a push, the next one, a verification and a plan tell the same, and nothing moves twice", async (t) => {
    const lab = await newLab(t);
    lab.follow(strict);
    await lab.write(writeOdd);
    const first = await lab.push();
    assertExcepted(first, lab.runId, "done");
    for (const text of EXPECTED) assert.ok(lab.receipt().includes(text), text);
    for (let times = 0; times < 2; times += 1) {
      assert.deepEqual(lab.plan(), { tasks: 0, unchanged: [lab.runId], excepted: [lab.runId] });
      lab.follow(strict);
      const again = await lab.push();
      assert.deepEqual([again.excepted, isPartial(again), again.counts.unchanged], [[lab.runId], true, 1]);
      assert.deepEqual(lab.requests(), ["POST /api/2.0/mlflow/runs/search"]);
      assertExcepted(await lab.verify(), lab.runId, "done");
    }
  });

  test("what else changes travels, and what was refused is not asked again", async (t) => {
    const lab = await newLab(t);
    lab.follow(strict);
    await lab.write(writeOdd);
    await lab.push();
    await lab.write((writer) => {
      writer.logMetrics([{ key: "loss", value: 3, timestamp: START + 3, step: 3 }]);
      writer.setTags({ team: "b" });
    });
    lab.follow(({ method, path, body }) => {
      const isAsked = path.includes("large.bin") || /"no\.[pmtd]"/.test(body.toString());
      return isAsked && method !== "GET" ? { kind: "refused" } : null;
    });
    const report = await lab.push();
    assertExcepted(report, lab.runId, "done");
    assert.deepEqual([report.moved.points, report.moved.tags, report.moved.artifacts], [1, 1, 0]);
    assertExcepted(await lab.verify(), lab.runId, "done");
  });

  test("what changed here is asked again", async (t) => {
    const lab = await newLab(t);
    lab.follow(strict);
    await lab.write(writeOdd);
    await lab.push();
    await lab.write((writer) => {
      writer.logArtifactBytes("deep/large.bin", Buffer.from("smaller now"));
      writer.logMetrics([{ key: "no.m", value: 3, timestamp: START + 3, step: 3 }]);
      writer.setTags({ "no.t": "2" });
    });
    lab.follow(({ body }) => (body.toString().includes("no.p") ? REFUSED : null));
    const report = await lab.push();
    assert.deepEqual(lab.uploads(), ["large.bin"]);
    assert.deepEqual([report.moved.points, report.moved.tags, report.moved.artifacts], [3, 1, 1]);
    const [outcome] = report.outcomes;
    assert.equal(outcome?.result, "done", outcome?.error?.message);
    assert.deepEqual(
      outcome.exceptions.map((text) => text.split(":")[0]),
      ["The param 'no.p' is not there", "The dataset 'no.d' is not there"],
    );
    assert.deepEqual((await lab.verify()).excepted, [lab.runId]);
  });

  test("a pull takes nothing away here that was refused there", async (t) => {
    const lab = await newLab(t);
    lab.follow(strict);
    await lab.write(writeOdd);
    await lab.push();
    const before = await lab.store.getRun(lab.runId);
    assert.equal((await lab.pull()).counts.unchanged, 1);
    assert.deepEqual(await lab.store.getRun(lab.runId), before);
    assert.deepEqual(lab.plan(), { tasks: 0, unchanged: [lab.runId], excepted: [lab.runId] });
    assertExcepted(await lab.verify(), lab.runId, "done");
  });

  test("a server that takes it now is asked when everything is looked at again", async (t) => {
    const lab = await newLab(t);
    lab.follow(strict);
    await lab.write(writeOdd);
    await lab.push();
    lab.follow(noFault);
    assertExcepted(await lab.verify(), lab.runId, "done");
    const fixed = await lab.push(true);
    assert.deepEqual([fixed.excepted, isPartial(fixed), fixed.outcomes[0]?.result], [[], false, "done"]);
    const verified = await lab.verify();
    assert.deepEqual([verified.excepted, isPartial(verified), verified.counts.done], [[], false, 1]);
    assert.deepEqual(lab.plan(), { tasks: 0, unchanged: [lab.runId], excepted: [] });
    assert.ok(!lab.receipt().includes("not there"));
  });

  test("a server without an artifact proxy refuses each artifact, and has the rest", async (t) => {
    const lab = await newLab(t);
    lab.follow(({ path }) => (path.includes("mlflow-artifacts") ? NO_PROXY : null));
    await lab.write((writer) => {
      writer.logParams({ lr: "1" });
      writer.logArtifactBytes("a.txt", Buffer.from("a"));
    });
    for (const report of [await lab.push(), await lab.verify()]) {
      assert.deepEqual([report.excepted, report.outcomes[0]?.result], [[lab.runId], "done"]);
      assert.match(report.outcomes[0]!.exceptions.join(), /^The artifact 'a\.txt' is not there: /);
    }
    assert.deepEqual((await lab.push()).excepted, [lab.runId]);
    const fixed = await lab.push(true);
    assert.deepEqual([fixed.excepted, fixed.counts.failed], [[lab.runId], 0]);
  });
});
