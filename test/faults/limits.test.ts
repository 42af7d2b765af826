/** Few descriptors, a read-only mount, and a store that is deleted or replaced while a writer is open. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { EXIT } from "../../cli/exit-codes.js";
import { fsck } from "../../core/maintenance/fsck.js";
import { openFileStore } from "../../core/store/open-store.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { isRunstoneError } from "../../store-format/index.js";
import { newDirectory } from "../cli/program.js";
import { mountReadOnly, whyNoMounts } from "../helpers/mounts.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { treeDigest } from "../unit/read-fixture.js";

const CHILD = fileURLToPath(new URL("../helpers/few-descriptors-child.js", import.meta.url));
const noMounts = whyNoMounts();

describe("64 descriptors", { skip: process.platform !== "linux" }, () => {
  test("500 keys are logged one by one, as a batch, and read; nothing is lost", async (t) => {
    const workspace = temporaryDirectory(t);
    const done = spawnSync(process.execPath, [CHILD, workspace], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    const { runId, acked, refused, read } = JSON.parse(done.stdout);
    assert.deepEqual(refused, []);
    assert.equal(acked.length, 1000);
    assert.equal(read, 1000);
    const store = openFileStore({ cwd: workspace });
    const found: string[] = [];
    for (let n = 0; n < 500; n += 1)
      for await (const { step } of store.getMetricHistory(runId, `k${n}`)) found.push(`k${n} ${step}`);
    assert.deepEqual(found.sort(), acked.sort());
    assert.equal((await store.getRun(runId)).info.status, "FINISHED");
    assert.deepEqual(
      fsck(store.context).damages.filter(({ severity }) => severity !== "note"),
      [],
    );
  });
});

const READS = [
  ["runs"],
  ["runs", "--json"],
  ["show", "RUN"],
  ["show", "--all"],
  ["experiments"],
  ["experiments", "list", "--view", "all"],
  ["artifacts", "list", "RUN"],
  ["artifacts", "cat", "RUN", "notes.txt"],
  ["models"],
  ["dump"],
  ["config"],
  ["config", "list"],
  ["doctor"],
  ["fsck"],
];

const WRITES = [
  ["start"],
  ["log", "metric", "--run", "LIVE", "loss=1"],
  ["log", "param", "--run", "LIVE", "b=1"],
  ["log", "text", "--run", "LIVE", "b.txt", "text"],
  ["tag", "RUN", "a=b"],
  ["note", "RUN", "-m", "text"],
  ["rename", "RUN", "other"],
  ["move", "RUN", "--to", "wine"],
  ["end", "LIVE"],
  ["resume", "RUN"],
  ["delete", "RUN"],
  ["experiments", "create", "beer"],
];

describe("a read-only mount", { skip: noMounts }, () => {
  test("every command that reads works and changes nothing; one that writes is refused with exit code 7", (t) => {
    const program = newDirectory(t);
    const home = { env: { HOME: program.directory } };
    const work = join(program.directory, "work");
    mkdirSync(work);
    const at = (directory: string, args: readonly string[]) => program.run(["-C", directory, ...args], home);
    const make = (...args: readonly string[]) => {
      const done = at(work, args);
      assert.equal(done.status, EXIT.ok, `${args.join(" ")}: ${done.stderr}`);
      return done.stdout.trim();
    };
    make("init");
    make("experiments", "create", "wine");
    const [run, live] = [make("start", "--name", "r"), make("start", "--name", "live")];
    make("log", "metric", "--run", run, "loss=0.5");
    make("log", "text", "--run", run, "notes.txt", "hello");
    make("end", run);
    const before = treeDigest(work);
    const mounted = mountReadOnly(work);
    t.after(() => mounted.remove());
    const words = (args: readonly string[]) =>
      args.map((word) => (word === "RUN" ? run : word === "LIVE" ? live : word));
    const problems: string[] = [];
    for (const args of READS) {
      const { status, stdout, stderr } = at(mounted.path, words(args));
      if (status !== EXIT.ok) problems.push(`${args.join(" ")}: ${status} ${stdout}${stderr}`);
    }
    for (const args of WRITES) {
      const { status, stdout, stderr } = at(mounted.path, words(args));
      const isClear = stderr.includes("read-only") && stderr.includes(mounted.path);
      if (status !== EXIT.permission || !isClear)
        problems.push(`${args.join(" ")}: ${status} ${stdout}${stderr}`);
    }
    assert.deepEqual(problems, []);
    assert.equal(treeDigest(work), before);
  });
});

async function openWriter(t: TestContext) {
  const workspace = temporaryDirectory(t);
  initWorkspace(workspace);
  const store = openFileStore({ cwd: workspace });
  const { info } = await store.createRun({ experimentId: "0" });
  const writer = await store.openRun(info.runId);
  writer.logMetrics([{ key: "loss", value: 0.5, timestamp: 1, step: 0 }]);
  return { store, root: store.context.root, runId: info.runId, writer };
}

type Open = Awaited<ReturnType<typeof openWriter>>;

/** Whatever needs the run's files. */
function callsOf({ store, runId, writer }: Open): Readonly<Record<string, () => unknown>> {
  return {
    "a new key": () => writer.logMetrics([{ key: "acc", value: 0.5, timestamp: 1, step: 0 }]),
    batch: () => writer.logMetrics(["a", "b/c"].map((key) => ({ key, value: 0.5, timestamp: 1, step: 0 }))),
    params: () => writer.logParams({ lr: "0.1" }),
    tags: () => writer.setTags({ team: "a" }),
    artifact: () => writer.logArtifactBytes("a/b.bin", Buffer.from("x")),
    "store tags": () => store.setTags(runId, { team: "a" }),
    batchOfStore: () => store.logBatch(runId, { params: { a: "b" } }),
    open: () => store.openRun(runId),
    "create run": () => store.createRun({ experimentId: "0" }),
    end: () => writer.end({ status: "FINISHED" }),
  };
}

async function assertTyped(open: Open): Promise<void> {
  for (const [name, call] of Object.entries(callsOf(open))) {
    const error = await (async () => call())().then(
      () => assert.fail(`${name} succeeded`),
      (thrown: unknown) => thrown,
    );
    if (!isRunstoneError(error)) throw new Error(`${name}: not a typed error`, { cause: error });
    assert.ok(error.message.length > 0);
  }
  await open.writer.close().catch((error: unknown) => assert.ok(isRunstoneError(error)));
}

describe("the store goes away under an open writer", () => {
  test("deleted: every call fails typed, and no directory comes back", async (t) => {
    const open = await openWriter(t);
    rmSync(open.root, { recursive: true });
    await assertTyped(open);
    assert.equal(existsSync(open.root), false);
  });

  test("replaced by an empty directory: nothing is put into it", async (t) => {
    const open = await openWriter(t);
    rmSync(open.root, { recursive: true });
    mkdirSync(open.root);
    await assertTyped(open);
    assert.deepEqual(readdirSync(open.root), []);
  });

  test("replaced by another store: it stays as it is", async (t) => {
    const open = await openWriter(t);
    const other = await openWriter(t);
    await other.writer.end({ status: "FINISHED" });
    renameSync(open.root, `${open.root}.old`);
    renameSync(other.root, open.root);
    const before = treeDigest(open.root);
    const calls = callsOf(open);
    for (const name of Object.keys(calls).filter((each) => each !== "create run")) {
      const error = await (async () => calls[name]?.())().then(
        () => null,
        (thrown: unknown) => thrown,
      );
      assert.ok(isRunstoneError(error), `${name}: ${String(error)}`);
    }
    assert.equal(treeDigest(open.root), before);
    await open.writer.close().catch((error: unknown) => assert.ok(isRunstoneError(error)));
  });
});
