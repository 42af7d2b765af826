/** Links and pipes planted in a store or workspace: never followed out of it, never written through, never waited for. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import {
  collectGarbage,
  dumpStore,
  type FileStore,
  fsck,
  openFileStore,
  processOwner,
  type RunWriter,
  repair,
} from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { Bench, CANARY, filesHolding } from "./hostile.js";

const POSIX = { skip: process.platform === "win32" };

/** What reads, writes and deletes, each by another way into the store; gives what was read. */
const WORK: Readonly<Record<string, (store: FileStore, runId: string) => unknown>> = {
  dump: (store) => [...dumpStore(store.context)],
  fsck: (store) => fsck(store.context),
  getRun: (store, runId) => store.getRun(runId),
  artifacts: (store, runId) => store.artifacts.list({ runId }, "", { recursive: true }),
  tags: (store, runId) => store.setTags(runId, { planted: "1" }),
  nestedTag: (store, runId) => store.setTags(runId, { "sub/planted": "1" }),
  deleteTag: (store, runId) => store.deleteTag(runId, "canary"),
  write: (store, runId) => writing(store, runId, (writer) => writer.setTags({ a: "1" })),
  params: (store, runId) => writing(store, runId, (writer) => writer.logParams({ "sub/p": "1" })),
  metric: (store, runId) => writing(store, runId, (writer) => writer.logMetrics([point("loss")])),
  nestedMetric: (store, runId) => writing(store, runId, (writer) => writer.logMetrics([point("sub/acc")])),
  artifact: (store, runId) =>
    writing(store, runId, (writer) => writer.logArtifactBytes("a/b", Buffer.from("x"))),
  input: (store, runId) =>
    writing(store, runId, (writer) => writer.logInputs({ datasets: [{ dataset: DATASET }] })),
  output: (store, runId) =>
    writing(store, runId, (writer) => writer.logOutputs([{ modelId: `m-${"0".repeat(32)}`, step: 0 }])),
  resume: async (store, runId) => {
    const writer = await store.resumeRun(runId, { owner: processOwner("test") });
    await writer.end({ status: "FINISHED" });
  },
  createExperiment: (store) => store.createExperiment({ name: "planted" }),
  deleteExperiment: async (store) => {
    const { experimentId } = await store.createExperiment({ name: "to go" });
    await store.deleteExperiment(experimentId);
  },
  experimentTags: (store) => store.setExperimentTags("0", { planted: "1" }),
  loggedModel: (store) => store.createLoggedModel({ experimentId: "0" }),
  registeredModel: (store) => store.createRegisteredModel("planted"),
  deleteRun: (store, runId) => store.deleteRun(runId),
  restoreRun: (store, runId) => store.restoreRun(runId),
  repair: (store) => repair(store.context),
  gc: (store) => {
    const now = Date.now() + 86_400_000;
    collectGarbage(store.context, { now, graceMs: 0, deletedBefore: now, owner: processOwner("test") });
  },
};

const DATASET = { name: "d", digest: "1", sourceType: "local", source: "x", schema: null, profile: null };

function point(key: string) {
  return { key, value: 1, timestamp: 1, step: 0 };
}

async function writing(store: FileStore, runId: string, write: (writer: RunWriter) => void): Promise<void> {
  const writer = await store.openRun(runId);
  try {
    write(writer);
  } finally {
    await writer.close();
  }
}

/** Does all of {@link WORK}; typed errors are fine, effects outside and canaries read are not. */
async function workAll(bench: Bench, runId: string, what: string): Promise<void> {
  const before = bench.outside();
  for (const [name, work] of Object.entries(WORK)) {
    let read: unknown;
    try {
      const store = openFileStore({ cwd: bench.workspace, warn: () => undefined });
      read = await work(store, runId);
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
    }
    assert.equal(bench.outside(), before, `${what}: ${name} changed something outside`);
    const text =
      JSON.stringify(read, (_, value) => (typeof value === "bigint" ? String(value) : value)) ?? "";
    assert.ok(!text.includes(CANARY), `${what}: ${name} shows a canary`);
  }
  assert.deepEqual(filesHolding(bench.workspace, CANARY), [], `${what}: taken into the store`);
}

/** Commands for what may hang: a process can be killed. */
const COMMANDS = (runId: string): readonly (readonly string[])[] => [
  ["dump"],
  ["log", "metric", "loss=1", "sub/acc=1", "--run", runId],
  ["fsck", "--repair"],
  ["gc", "--grace", "0s"],
];

/** Puts a link to the victim in the place of `path`. */
function plant(bench: Bench, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { recursive: true, force: true });
  symlinkSync(bench.victim, path);
}

test("with nothing planted all of it succeeds", async (t) => {
  const bench = new Bench(t);
  const runId = bench.init();
  const store = openFileStore({ cwd: bench.workspace });
  await store.setTags(runId, { canary: "1" });
  for (const [name, work] of Object.entries(WORK))
    await assert.doesNotReject(async () => work(store, runId), name);
});

describe("a link in the place of a directory", POSIX, () => {
  const inRun = [
    "metrics",
    "metrics/sub",
    "params",
    "params/sub",
    "tags",
    "tags/sub",
    "artifacts",
    "inputs",
    "outputs",
  ];
  const places: readonly (readonly [string, (bench: Bench, run: string) => string])[] = [
    ...[...inRun, "writers", "writers/0", "writers/1", "torn", "lease.beat"].map(
      (name) => [`<run>/${name}`, (_: Bench, run: string) => join(run, name)] as const,
    ),
    ["<experiment>/tags", (_, run) => join(dirname(run), "tags")],
    ["<experiment>/datasets", (_, run) => join(dirname(run), "datasets")],
    ["<experiment>/models", (_, run) => join(dirname(run), "models")],
    [".trash", ({ store }) => join(store, ".trash")],
    [".runstone-new.trash", ({ store }) => join(store, ".runstone-new.trash")],
    ["models", ({ store }) => join(store, "models")],
    [".runstone", ({ workspace }) => join(workspace, ".runstone")],
    [".runstone/objects", ({ workspace }) => join(workspace, ".runstone/objects")],
    [".runstone/objects/tmp", ({ workspace }) => join(workspace, ".runstone/objects/tmp")],
    [".runstone/quarantine", ({ workspace }) => join(workspace, ".runstone/quarantine")],
  ];
  test("nothing outside changes, and nothing of it is shown or kept", async (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    // What gc would take for garbage of its own, if it looked there.
    for (const name of ["1-ab", "2024-11", `.runstone-tmp-1-ab`]) {
      mkdirSync(join(bench.victim, name));
      writeFileSync(join(bench.victim, name, "canary"), CANARY);
    }
    const old = new Date(Date.now() - 86_400_000);
    execFileSync("find", [bench.victim, "-exec", "touch", "-h", "-d", old.toISOString(), "{}", "+"]);
    const saved = bench.save();
    for (const [name, placeOf] of places) {
      bench.restore(saved);
      const path = placeOf(bench, bench.runDirectory(runId));
      if (name === ".runstone") writeFileSync(join(bench.victim, "config.yaml"), "format: 1\n");
      plant(bench, path);
      await workAll(bench, runId, name);
      if (name === ".runstone") rmSync(join(bench.victim, "config.yaml"));
    }
  });

  test("a fan directory of the objects", (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    const objects = join(bench.workspace, ".runstone", "objects");
    const fan = readdirSync(objects).find((name) => /^[0-9a-f]{2}$/.test(name));
    assert.ok(fan !== undefined);
    writeFileSync(join(bench.victim, "a".repeat(62)), CANARY);
    plant(bench, join(objects, fan));
    const before = bench.outside();
    for (const args of [
      ["tag", runId, "a=1"],
      ["gc", "--grace", "0s"],
      ["fsck", "--repair"],
    ]) {
      bench.runstone(...args);
      assert.equal(bench.outside(), before, args.join(" "));
    }
  });

  test("a run and an experiment that are links are no runs and no experiments", async (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    const run = bench.runDirectory(runId);
    renameSync(run, join(bench.victim, runId));
    symlinkSync(join(bench.victim, runId), run);
    renameSync(join(bench.store, "0"), join(bench.victim, "0"));
    symlinkSync(join(bench.victim, "0"), join(bench.store, "0"));
    await workAll(bench, runId, "linked");
  });
});

describe("a link or a pipe in the place of a file", POSIX, () => {
  const files = [
    "meta.yaml",
    "manifest.yaml",
    "lease.yaml",
    "links.jsonl",
    "metrics/loss",
    "metrics/sub/acc",
  ];
  const all = [
    ...files,
    "params/lr",
    "tags/team",
    "artifacts/roc.txt",
    "writers/0/owner.yaml",
    "writers/fold.jsonl",
  ];
  function inPlaceOf(name: string, bench: Bench, runId: string): string {
    const path = join(bench.runDirectory(runId), name);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    return path;
  }

  test("a link: not followed, nothing outside changes", async (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    const saved = bench.save();
    for (const name of all) {
      bench.restore(saved);
      symlinkSync(join(bench.victim, "loss"), inPlaceOf(name, bench, runId));
      await workAll(bench, runId, name);
    }
  });

  test("a pipe: not waited for", (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    const saved = bench.save();
    for (const name of all) {
      bench.restore(saved);
      execFileSync("mkfifo", [inPlaceOf(name, bench, runId)]);
      for (const args of COMMANDS(runId)) bench.runstone(...args);
    }
  });

  test("the damage is named, and other runs are listed", (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    bench.ok("run", "--name", "sound", "--", "true");
    const meta = join(bench.runDirectory(runId), "meta.yaml");
    rmSync(meta);
    symlinkSync(join(bench.victim, "loss"), meta);
    const listed = bench.runstone("runs");
    assert.match(listed.stdout, /sound/);
    assert.match(listed.stderr, new RegExp(`${runId}/meta\\.yaml: .*symbolic link`));
    assert.match(bench.runstone("fsck").stdout, /symbolic link/);
  });

  test("a download replaces a link at its target, and does not write through it", (t) => {
    const bench = new Bench(t);
    const runId = bench.init();
    const target = join(bench.workspace, "out");
    mkdirSync(target);
    symlinkSync(join(bench.victim, "loss"), join(target, "roc.txt"));
    const before = bench.outside();
    bench.ok("artifacts", "download", runId, "roc.txt", "--to", target);
    assert.equal(bench.outside(), before);
    assert.ok(lstatSync(join(target, "roc.txt")).isFile());
  });
});
