/** A dry run of a pull from a real MLflow server tells what the pull after it reports, and writes nothing. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { createFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import type { SyncReport } from "../../sync/engine/report.js";
import { newDirectory, type Workspace } from "../cli/program.js";
import { startFaultProxy } from "../helpers/fault-proxy.js";
import { type MlflowServer, mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory, treeOf } from "../helpers/new-store.js";
import { writeSyncStore } from "../helpers/sync-store.js";
import { foreseeOnce } from "./foresee-once.js";
import { type PullOnce, pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";

const skip = await mlflowServerSkip("3");

function told({ counts, moved, outcomes }: SyncReport): object {
  const runs = outcomes.map(({ runId, result, moved: ofRun, conflicts, exceptions }) => [
    runId,
    { result, ofRun, conflicts, exceptions },
  ]);
  return { counts, moved, runs: Object.fromEntries(runs.sort()) };
}

/** Foresees and pulls; returns what was told. */
async function assertForeseen(once: PullOnce): Promise<SyncReport> {
  const before = treeOf(once.directory);
  const foreseen = await foreseeOnce(once);
  assert.deepEqual(treeOf(once.directory), before, "a dry run writes nothing");
  const pulled = await pullOnce(once);
  assert.deepEqual(told(foreseen), told(pulled));
  return pulled;
}

describe("a dry run of a pull from MLflow 3", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });

  test("new runs, with artifacts and without, chosen ones, and when nothing is new", async (t) => {
    const source = temporaryDirectory(t);
    const { experimentName, runIds } = await writeSyncStore(source, "to be foreseen");
    await pushOnce({ directory: source, url: server.url });
    const directory = temporaryDirectory(t);
    initWorkspace(directory);
    const names = { experimentNames: new Set([experimentName]) };
    const bare = { directory, url: server.url, pull: { ...names, withArtifacts: false } };
    const told = await assertForeseen(bare);
    assert.deepEqual([told.counts.done, told.moved.artifacts], [3, 0]);
    const words = runIds.map((runId) => runId.slice(0, 12));
    const first = { directory, url: server.url, pull: { ...names, words: words.slice(0, 1) } };
    assert.ok((await assertForeseen(first)).moved.artifacts > 0);
    const whole = { directory, url: server.url, pull: names };
    await assertForeseen(whole);
    assert.equal((await assertForeseen(whole)).counts.unchanged, 3);
    await assertForeseen({ ...whole, pull: { ...names, recheck: true } });
  });

  test("changes on both sides, and conflicts; no artifact is asked for", async (t) => {
    const [one, other] = [temporaryDirectory(t), temporaryDirectory(t)];
    initWorkspace(other);
    const { experimentName, runIds } = await writeSyncStore(one, "changed on both sides");
    const names = { experimentNames: new Set([experimentName]) };
    await pushOnce({ directory: one, url: server.url });
    await pullOnce({ directory: other, url: server.url, pull: names });
    await change(one, runIds[0]!, "one");
    await pushOnce({ directory: one, url: server.url });
    await change(other, runIds[0]!, "other");
    const proxy = await startFaultProxy(t, server.url);
    const asked = { directory: other, url: proxy.url, pull: names };
    await foreseeOnce(asked);
    const files = proxy.requests.filter(({ path }) => path.includes("/mlflow-artifacts/artifacts/"));
    assert.deepEqual(
      files.map(({ path }) => path).filter((path) => !path.includes("long-values")),
      [],
    );
    const report = await assertForeseen({ directory: other, url: server.url, pull: names });
    assert.equal(report.counts.conflict, 1);
  });

  test("what sync, fetch and clone foresee is what they do", (t) => {
    const a = workspaceWithRun(t, server, "one");
    const b = workspaceIn(t, server, "one");
    const first = counts(a.read(["sync", "--dry-run"]));
    assert.equal(first, counts(a.read(["push"])));
    const url = server.url;
    assert.match(
      b.read(["fetch", "--dry-run"]),
      /^Would fetch 1 run from lab: 1 param, 1 point, 0 artifacts/m,
    );
    b.read(["fetch"]);
    const [id = ""] = b.read(["runs", "--ids"]).split("\n");
    assert.match(b.read(["fetch", id, "--dry-run", "--only", "b.txt"]), /, 1 artifact of 5 B$/m);
    assert.match(b.read(["fetch", id, "--only", "b.txt"]), /1 artifact of 5 B/);
    const rest = /\d artifacts of .* B/.exec(b.read(["pull", "--dry-run"]))?.[0];
    assert.equal(/\d artifacts of .* B/.exec(b.read(["pull"]))?.[0], rest);
    const freed = /^Freed (\d artifacts of .* B);/.exec(b.read(["prune", "--synced"]))?.[1];
    assert.equal(b.read(["fetch", id, "--dry-run"]), `Would fetch ${freed} from lab`);
    assert.equal(b.read(["fetch", id]), `${freed} fetched from lab`);
    // Both sides change, then both halves are foreseen at once.
    a.read(["log", "metric", "loss=0.1", "--step", "5", "--run", id]);
    a.read(["push"]);
    b.read(["log", "metric", "loss=0.2", "--step", "6", "--run", id]);
    b.read(["run", "--name", "second", "--", "true"]);
    const foreseen = JSON.parse(b.read(["sync", "--dry-run", "--json"])) as readonly Row[];
    const synced = JSON.parse(b.read(["sync", "--json"]).split("\n").at(-1)!) as {
      readonly runs: readonly Row[];
    };
    const movedOf = (rows: readonly Row[]): object =>
      Object.fromEntries(rows.map((row) => [row.run_id, sums(row)]).sort());
    assert.deepEqual(movedOf(foreseen), movedOf(synced.runs));
    assert.equal(foreseen.length, 2);
    assert.equal(b.read(["sync", "--dry-run"]), "Nothing to sync with lab");
    // A clone in a directory that is not there yet.
    const dry = b.read(["clone", url, "copy", "--dry-run", "-e", `${nameOf(t, "one")}Default`]);
    assert.equal(existsSync(join(b.directory, "copy")), false, "nothing is made");
    const cloned = b.read(["clone", url, "copy", "-e", `${nameOf(t, "one")}Default`]);
    assert.equal(counts(dry), counts(cloned));
    assert.match(cloned, /^2 runs cloned from origin/m);
  });
});

interface Row {
  readonly run_id: string;
  readonly moved?: Row;
  readonly params?: number;
  readonly points?: number;
  readonly artifacts?: number;
  readonly bytes?: number;
}

function sums(row: Row): object {
  const { params, points, artifacts, bytes } = row.moved ?? row;
  return { params, points, artifacts, bytes };
}

function counts(text: string): string | undefined {
  return /(?:\d+ params?, )?(?:\d+ points?, )?\d+ artifacts? of [^)\n]+/.exec(text)?.[0];
}

async function change(directory: string, runId: string, side: string): Promise<void> {
  const store = createFileStore({ cwd: directory, path: `${directory}/mlruns` });
  await store.setTags(runId, { contested: side, [`only ${side}`]: "yes" });
  await store.logBatch(runId, {
    params: { [`p ${side}`]: "1" },
    metrics: [{ key: "side", value: side.length, timestamp: 1, step: 1 }],
  });
}

function nameOf(t: TestContext, name: string): string {
  return `${t.name} ${name}: `;
}

function workspaceIn(t: TestContext, server: MlflowServer, name: string): Workspace {
  const workspace = newDirectory(t);
  workspace.read(["init"]);
  workspace.read(["remote", "add", "lab", server.url, `--prefix=${nameOf(t, name)}`]);
  return workspace;
}

function workspaceWithRun(t: TestContext, server: MlflowServer, name: string): Workspace {
  const workspace = workspaceIn(t, server, name);
  const id = workspace.read(["start", "--name", "first", "--param", "lr=0.1"]).split("\n")[0]!;
  appendFileSync(`${workspace.directory}/a.txt`, "abc");
  appendFileSync(`${workspace.directory}/b.txt`, "abcde");
  workspace.read(["log", "artifact", "a.txt", "--run", id]);
  workspace.read(["log", "artifact", "b.txt", "--run", id]);
  workspace.read(["log", "metric", "loss=0.5", "--step", "1", "--run", id]);
  workspace.read(["end", "--run", id]);
  return workspace;
}
