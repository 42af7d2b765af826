/** `adopt` on a store with every damage that it mends: what comes out, what is left, what is kept. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type AdoptOptions, type AdoptReport, adopt } from "../../core/adopt/index.js";
import {
  type FileStore,
  fsck,
  initWorkspace,
  intercept,
  openFileStore,
  processOwner,
  type RunWriter,
} from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { runId, writeDamagedStore } from "../helpers/damaged-store.js";
import { fileTree } from "../helpers/file-tree.js";
import { GIT_ENV } from "../helpers/git-repository.js";

const POSIX = { skip: process.platform === "win32" };

interface Project {
  readonly directory: string;
  readonly root: string;
  adopt(options?: Partial<AdoptOptions>): AdoptReport;
  open(): FileStore;
  text(path: string): string;
}

function newProject(t: TestContext, write = writeDamagedStore): Project {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "runstone-adopt-")));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  execFileSync("git", ["init", "-q"], { cwd: directory, env: GIT_ENV });
  const root = write(directory);
  const open = (): FileStore => openFileStore({ cwd: directory, path: root });
  return {
    ...{ directory, root, open },
    adopt: (options = {}) => adopt(open().context, { take: undefined, ...options }),
    text: (path) => readFileSync(join(root, path), "utf8"),
  };
}

async function newRun(store: FileStore): Promise<RunWriter> {
  const { info } = await store.createRun({ experimentId: "0" });
  return store.openRun(info.runId, { owner: processOwner("test") });
}

const told = (items: readonly object[]): string[] => items.map((item) => JSON.stringify(item)).sort();

describe("a store that was committed by hand", () => {
  test("the plan changes nothing, lists what is done, and a second adopt has nothing to do", (t) => {
    const project = newProject(t);
    const before = fileTree(project.directory);
    const plan = project.adopt();
    assert.deepEqual(fileTree(project.directory), before);
    const done = project.adopt({ apply: true });
    assert.deepEqual([plan.applied, done.applied, plan.failures, done.failures], [false, true, [], []]);
    assert.deepEqual(told(done.changes), told(plan.changes));
    assert.deepEqual(told(done.leftAlone), told(plan.leftAlone));
    const after = fileTree(project.directory);
    assert.deepEqual(project.adopt({ apply: true }).changes, []);
    assert.deepEqual(fileTree(project.directory), after);
  });

  test("values are what they were", async (t) => {
    const project = newProject(t);
    const runs = ["a1", "c1", "d1", "e1", "f1", "ab"].map(runId);
    const read = async (): Promise<unknown[]> => {
      const store = project.open();
      return Promise.all(
        runs.map(async (id) => {
          const { info, ...records } = await store.getRun(id);
          const { artifactUri: _, ...rest } = info;
          return { ...records, orphan: false, info: rest };
        }),
      );
    };
    const before = await read();
    project.adopt({ apply: true });
    assert.deepEqual(await read(), before);
    assert.equal(project.text(`1/${runId("c1")}/params/prompt`), "a\r\nb");
    assert.equal(project.text(`1/${runId("a1")}/tags/mlflow.note.content`), "two\nlines\n");
  });

  test("what is mended", (t) => {
    const project = newProject(t);
    project.adopt({ apply: true });
    const c1 = `1/${runId("c1")}`;
    assert.equal(project.text(`${c1}/metrics/acc`), "1748764800000 0.5 0\n1748764800002 0.75 2\n");
    assert.equal(project.text(`${c1}/metrics/converted`), "1748764800000 1.0 0\n1748764800001 2.0 1\n");
    assert.equal(project.text(`${c1}/metrics/torn`), "1748764800000 1.0 0\n");
    assert.equal(
      project.text(`1/${runId("b1")}/metrics/loss`),
      "1748764800000 0.9 0\n1748764800001 0.5 1\n1748764800002 0.25 2\n",
    );
    assert.match(project.text("models/forest/meta.yaml"), /^last_updated_timestamp: 1748764800002$/m);
    assert.equal(project.text("models/forest/aliases/champion"), "1");
    assert.match(
      project.text("models/forest/version-2/meta.yaml"),
      /^source: \.\/mlruns\/1\/c10+\/artifacts\/plot\.txt$/m,
    );
    assert.match(project.text("models/forest/version-3/meta.yaml"), /^source: file:\/\/\/home\/bob/m);
    assert.equal(
      project.text("77/meta.yaml"),
      "artifact_location: ./mlruns/77\ncreation_time: null\nexperiment_id: '77'\nlast_update_time: null\nlifecycle_stage: active\nname: '77'\n",
    );
    assert.equal(
      project.text("88/meta.yaml"),
      "artifact_location: ./mlruns/88\nexperiment_id: '88'\nlifecycle_stage: active\nname: moved\n",
    );
    for (const path of [
      `${c1}/metrics/empty`,
      `${c1}/metrics/nothing but this`,
      `${c1}/params/a@b`,
      "my notes",
      ".ipynb_checkpoints",
      "1/.ipynb_checkpoints",
    ])
      assert.equal(existsSync(join(project.root, path)), false, path);
    const { damages } = fsck(project.open().context);
    const left = damages.filter(({ severity }) => severity !== "note").map(({ kind, path }) => [kind, path]);
    assert.deepEqual(left, [["merge_conflict", `1/${runId("b1")}/params/lr`]]);
  });

  test("a meta.yaml keeps its lines but for the fields that are set", (t) => {
    const project = newProject(t);
    const before = project.text(`1/${runId("d1")}/meta.yaml`).split("\n");
    project.adopt({ apply: true });
    const after = project.text(`1/${runId("d1")}/meta.yaml`).split("\n");
    assert.deepEqual(
      after.filter((line) => !before.includes(line)),
      [`artifact_uri: ./mlruns/1/${runId("d1")}/artifacts`, `run_id: ${runId("d1")}`],
    );
    assert.deepEqual(before.filter((line) => !after.includes(line)).length, 1);
  });

  test("what was replaced or taken out is kept, byte for byte", (t) => {
    const project = newProject(t);
    const before = fileTree(project.root);
    const { keptIn, changes } = project.adopt({ apply: true });
    const kept = fileTree(keptIn ?? "");
    const now = fileTree(project.root);
    for (const [path, hash] of Object.entries(kept)) assert.equal(hash, before[path], path);
    for (const { path } of changes.filter((change) => change.kept)) assert.ok(path in kept, path);
    const changed = Object.keys(before).filter((path) => now[path] !== before[path] && !(path in kept));
    assert.deepEqual(
      changed.filter((path) => !/\/(?:converted|torn|acc)$/.test(path)),
      [],
    );
    assert.equal(existsSync(join(project.root, `1/${runId("c1")}`, "torn")), true);
  });

  test("of two values the side that is asked for; else both stay where they are", (t) => {
    const lr = `1/${runId("b1")}/params/lr`;
    for (const [take, value] of [
      ["ours", "0.1"],
      ["theirs", "0.2"],
    ] as const) {
      const project = newProject(t);
      const before = project.text(lr);
      const { leftAlone } = project.adopt({ apply: true });
      assert.deepEqual(
        leftAlone.filter(({ path }) => path === lr).map(({ reason }) => reason),
        ['two values: "0.1" or "0.2"'],
      );
      assert.equal(project.text(lr), before);
      const { changes } = project.adopt({ apply: true, take });
      assert.deepEqual(
        changes.map(({ path }) => path),
        [lr],
      );
      assert.equal(project.text(lr), value);
    }
  });
});

describe("what is not changed", () => {
  test("a location that somebody chose, and artifacts that lie elsewhere on this machine", (t) => {
    const project = newProject(t);
    const elsewhere = join(project.directory, "elsewhere", "mlruns", "1", runId("a1"), "artifacts");
    mkdirSync(elsewhere, { recursive: true });
    writeFileSync(join(elsewhere, "model.bin"), "x");
    const meta = join(project.root, "1", runId("a1"), "meta.yaml");
    writeFileSync(
      meta,
      readFileSync(meta, "utf8").replace(/artifact_uri: .*/, `artifact_uri: file://${elsewhere}`),
    );
    const zero = join(project.root, "0", "meta.yaml");
    writeFileSync(
      zero,
      readFileSync(zero, "utf8").replace(/artifact_location: .*/, "artifact_location: s3://bucket/0"),
    );
    const { leftAlone } = project.adopt({ apply: true });
    assert.match(readFileSync(meta, "utf8"), new RegExp(`artifact_uri: file://${elsewhere}`));
    assert.match(readFileSync(zero, "utf8"), /artifact_location: s3:\/\/bucket\/0/);
    assert.ok(
      leftAlone.some(
        ({ path, reason }) => path === `1/${runId("a1")}/meta.yaml` && reason.includes(elsewhere),
      ),
    );
  });

  test("a run that something writes into", async (t) => {
    const project = newProject(t, (directory) => {
      initWorkspace(directory);
      return join(directory, "mlruns");
    });
    const writer = await newRun(project.open());
    const place = `0/${writer.runId}`;
    writeFileSync(join(project.root, place, "params", ".gitkeep"), "");
    const { changes, leftAlone } = project.adopt({ apply: true });
    assert.deepEqual([changes, leftAlone.map(({ path }) => path)], [[], [place, `${place}/params/.gitkeep`]]);
    await writer.end({ status: "FINISHED" });
    assert.deepEqual(
      project.adopt({ apply: true }).changes.map(({ path }) => path),
      [`${place}/params/.gitkeep`],
    );
  });

  test("a sealed run is sealed anew after its meta.yaml was mended", async (t) => {
    const project = newProject(t, (directory) => {
      initWorkspace(directory);
      return join(directory, "mlruns");
    });
    const writer = await newRun(project.open());
    await writer.end({ status: "FINISHED" });
    const meta = join(project.root, "0", writer.runId, "meta.yaml");
    writeFileSync(
      meta,
      readFileSync(meta, "utf8").replace(
        /artifact_uri: .*/,
        `artifact_uri: /home/bob/mlruns/0/${writer.runId}/artifacts`,
      ),
    );
    const changes = project.adopt({ apply: true }).changes.map(({ path }) => path);
    assert.deepEqual(changes, [`0/${writer.runId}/meta.yaml`, `0/${writer.runId}/manifest.yaml`]);
    assert.deepEqual(fsck(project.open().context).changes, []);
  });

  test("a file that somebody changes at the same moment", POSIX, (t) => {
    const project = newProject(t);
    const meta = join(project.root, "0", "meta.yaml");
    t.after(() => intercept(undefined));
    intercept({
      after({ name, to = "" }) {
        if (name === "link" && to.endsWith("/0/meta.yaml")) appendFileSync(meta, "creation_time: 1\n");
      },
    });
    const { failures, changes } = project.adopt({ apply: true });
    assert.deepEqual(failures, [{ path: "0/meta.yaml", reason: "0/meta.yaml was changed meanwhile" }]);
    assert.ok(changes.length > 10 && changes.every(({ path }) => path !== "0/meta.yaml"));
    assert.match(readFileSync(meta, "utf8"), /^creation_time: 1$/m);
  });
});

describe("hostile stores", POSIX, () => {
  test("nothing is read or written through a link; it is named", (t) => {
    const project = newProject(t);
    const victim = join(project.directory, "victim");
    mkdirSync(join(victim, "metrics"), { recursive: true });
    writeFileSync(join(victim, "metrics", "loss"), "garbage\n");
    writeFileSync(join(victim, "meta.yaml"), "run_uuid: x\n");
    symlinkSync(victim, join(project.root, "1", "linked-run"));
    symlinkSync(join(victim, "metrics"), join(project.root, "1", runId("e1"), "metrics"));
    symlinkSync(join(victim, "meta.yaml"), join(project.root, "88", "linked.yaml"));
    rmSync(join(project.root, "0", "meta.yaml"));
    symlinkSync(join(victim, "meta.yaml"), join(project.root, "0", "meta.yaml"));
    const before = fileTree(victim);
    const { leftAlone } = project.adopt({ apply: true });
    assert.deepEqual(fileTree(victim), before);
    const named = leftAlone.map(({ path }) => path);
    for (const path of ["1/linked-run", `1/${runId("e1")}`, "88/linked.yaml", "0/meta.yaml"])
      assert.ok(
        named.some((one) => one === path),
        `${path}: ${named.join(" ")}`,
      );
    assert.deepEqual(project.adopt({ apply: true }).changes, []);
  });

  test("nothing is kept, and no attribute looked for, behind a link", (t) => {
    const project = newProject(t, (directory) => {
      initWorkspace(directory);
      return writeDamagedStore(directory);
    });
    const victim = join(project.directory, "victim");
    mkdirSync(victim);
    writeFileSync(join(victim, "attributes"), "* -text\n");
    const before = fileTree(victim);
    symlinkSync(victim, join(project.directory, ".runstone", "adopted"));
    rmSync(join(project.root, ".gitattributes"));
    symlinkSync(join(victim, "attributes"), join(project.root, ".gitattributes"));
    const meta = project.text("88/meta.yaml");
    const { failures, leftAlone } = project.adopt({ apply: true });
    assert.deepEqual(fileTree(victim), before);
    assert.ok(failures.some(({ path }) => path === "88/meta.yaml"));
    assert.equal(project.text("88/meta.yaml"), meta, "what cannot be kept is not replaced");
    assert.ok(leftAlone.some(({ path }) => path === ".gitattributes"));
  });

  test("names with line feeds and other control characters stay and are named", (t) => {
    const project = newProject(t);
    const names = ["evil\nname", "2\u001b[31m", "-rf"];
    for (const name of names) {
      mkdirSync(join(project.root, name));
      writeFileSync(join(project.root, name, "x"), "x");
      writeFileSync(join(project.root, "1", runId("e1"), "params", `${name}@`), "x");
    }
    const { leftAlone, keptIn } = project.adopt({ apply: true });
    const named = leftAlone.map(({ path }) => path);
    for (const name of names.slice(0, 2)) {
      assert.ok(named.includes(name), name);
      assert.ok(named.includes(`1/${runId("e1")}/params/${name}@`), name);
      assert.ok(existsSync(join(project.root, name, "x")));
    }
    assert.ok(existsSync(join(keptIn ?? "", "-rf", "x")));
  });

  test("a .runstone or a store that leads elsewhere is refused", (t) => {
    const isRefused = (error: unknown): boolean => isRunstoneError(error, "PERMISSION_DENIED");
    const project = newProject(t);
    const victim = join(project.directory, "victim");
    mkdirSync(victim);
    symlinkSync(victim, join(project.directory, ".runstone"));
    assert.throws(() => project.adopt({ apply: true }), isRefused);
    const inside = join(project.directory, "clone");
    mkdirSync(inside);
    symlinkSync(project.root, join(inside, "mlruns"));
    const linked = openFileStore({ cwd: inside }).context;
    const before = fileTree(project.root);
    assert.throws(() => adopt(linked, { apply: true, take: undefined }), isRefused);
    assert.deepEqual(fileTree(project.root), before);
    assert.deepEqual(fileTree(victim), {});
  });
});
