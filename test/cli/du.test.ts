/** `runstone du` and `runstone summary`: bytes and counts that are true of the files. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { madeOnce, newDirectory, type Workspace } from "./program.js";

const SHARED = "s".repeat(100_000);
const ALONE = "a".repeat(5_000);

/** Runs a and b of `wine` and c of `beer` hold one equal artifact; a also one of its own. */
const newProject = madeOnce(({ directory, read }) => {
  read(["init"]);
  writeFileSync(join(directory, "shared.bin"), SHARED);
  writeFileSync(join(directory, "alone.bin"), ALONE);
  const runs: Record<string, string> = {};
  for (const [name, experiment, files] of [
    ["a", "wine", ["shared.bin", "alone.bin"]],
    ["b", "wine", ["shared.bin"]],
    ["c", "beer", ["shared.bin"]],
  ] as const) {
    const id = read(["start", "-e", experiment, "--name", name]);
    for (const file of files) read(["log", "artifact", file, "--run", id]);
    read(["end", "--run", id]);
    runs[name] = id;
  }
  return { runs };
});

interface Use {
  readonly run_id?: string;
  readonly experiment: string | null;
  readonly own_bytes: number;
  readonly shared_bytes: number;
  readonly files: number;
  readonly runs?: number;
}

function uses(workspace: Workspace, words: readonly string[] = []): readonly Use[] {
  return JSON.parse(workspace.read(["du", "--json", ...words])) as readonly Use[];
}

function runDirectory({ directory }: Workspace, runId: string): string {
  const store = join(directory, "mlruns");
  const experiment = readdirSync(store).find((name) => existsSync(join(store, name, runId)));
  return join(store, experiment!, runId);
}

/** Files below a directory, links not followed. */
function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => lstatSync(path).isFile());
}

function bytesBelow(directory: string): number {
  return filesBelow(directory).reduce((sum, path) => sum + statSync(path).size, 0);
}

function objectOf({ directory }: Workspace, content: string): string {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return join(directory, ".runstone", "objects", sha256.slice(0, 2), sha256.slice(2));
}

describe("du", () => {
  test("own bytes are the files of a run and the objects that only it names; shared ones are told apart", (t) => {
    const project = newProject(t);
    const byId = new Map(uses(project).map((use) => [use.run_id, use]));
    for (const name of ["a", "b", "c"]) {
      const directory = runDirectory(project, project.runs[name]!);
      const use = byId.get(project.runs[name])!;
      const environment = filesBelow(directory).filter((path) => path.endsWith("environment.json"));
      const alone = name === "a" ? ALONE.length : 0;
      assert.equal(use.files, filesBelow(directory).length);
      assert.equal(
        use.own_bytes + use.shared_bytes,
        bytesBelow(directory) + SHARED.length + alone + environmentBytes(environment),
        name,
      );
      assert.ok(use.shared_bytes >= SHARED.length && use.shared_bytes < SHARED.length + 5_000, name);
      assert.equal(use.own_bytes >= bytesBelow(directory) + alone, true);
    }
  });

  test("--total: what experiments share, and every byte of the store once", (t) => {
    const project = newProject(t);
    const [beer, wine, store] = ["beer", "wine", null].map((name) =>
      uses(project, ["--total"]).find(({ experiment }) => experiment === name),
    );
    assert.deepEqual([beer!.runs, wine!.runs, store!.runs], [1, 2, 3]);
    assert.ok(wine!.shared_bytes >= SHARED.length);
    const objects = bytesBelow(join(project.directory, ".runstone", "objects"));
    const names = readdirSync(join(project.directory, "mlruns"), { withFileTypes: true });
    const files = names
      .filter((entry) => entry.isDirectory())
      .reduce((sum, entry) => sum + bytesBelow(join(project.directory, "mlruns", entry.name)), 0);
    assert.equal(store!.own_bytes, files + objects);
  });

  test("an object stops being shared when the other run goes, and is told of when no run names it", (t) => {
    const project = newProject(t);
    rmSync(runDirectory(project, project.runs.b!), { recursive: true });
    rmSync(runDirectory(project, project.runs.c!), { recursive: true });
    const [use] = uses(project);
    assert.equal(use!.shared_bytes, 0);
    assert.ok(use!.own_bytes >= bytesBelow(runDirectory(project, project.runs.a!)) + SHARED.length);
    rmSync(runDirectory(project, project.runs.a!), { recursive: true });
    const { stdout, stderr } = project.run(["du", "--json"]);
    assert.equal(stdout, "[]\n");
    assert.match(stderr, /KiB in objects that no run here names; runstone gc removes them/);
  });

  test("a hard link to an object counts once, as the object", (t) => {
    const project = newProject(t);
    const before = uses(project, ["a"])[0]!;
    const artifact = join(runDirectory(project, project.runs.a!), "artifacts", "alone.bin");
    unlinkSync(artifact);
    linkSync(objectOf(project, ALONE), artifact);
    const after = uses(project, ["a"])[0]!;
    assert.equal(after.own_bytes, before.own_bytes - ALONE.length);
    assert.equal(after.files, before.files);
  });

  test("links are not followed out of the store", { skip: process.platform === "win32" }, (t) => {
    const project = newProject(t);
    const before = uses(project, ["b"])[0]!;
    project.script(`ln -s / "${join(runDirectory(project, project.runs.b!), "artifacts", "everything")}"`);
    assert.deepEqual(uses(project, ["b"])[0], before);
  });

  test("a damaged manifest names no object, and is said", (t) => {
    const project = newProject(t);
    const manifest = join(runDirectory(project, project.runs.a!), "manifest.yaml");
    chmodSync(manifest, 0o644);
    writeFileSync(manifest, "not a manifest");
    const { status, stdout, stderr } = project.run(["du", "a", "--json"]);
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout) as Use[])[0]!.shared_bytes, 0);
    assert.match(stderr, /manifest\.yaml/);
  });

  test("people see the largest first; programs get every run in bytes", (t) => {
    const project = newProject(t);
    project.read(["delete", project.runs.c!]);
    const [head, first, ...others] = project.read(["du"]).split("\n");
    assert.match(head!, /^ID +NAME +EXPERIMENT +STAGE +OWN +SHARED +FILES$/);
    assert.match(first!, /^\w{7,12} +a +wine +active +\d+(\.\d)? KiB +\d+(\.\d)? KiB +\d+$/);
    assert.equal(others.filter((line) => /beer +deleted/.test(line)).length, 1);
    assert.match(project.run(["du", "--limit", "1"]).stderr, /^1 of 3 runs, the largest/);
    const csv = project.read(["du", "--format", "csv", "-e", "wine"]).trimEnd().split("\r\n");
    assert.equal(
      csv[0],
      "run_id,run_name,experiment_id,experiment,lifecycle_stage,own_bytes,shared_bytes,files",
    );
    assert.deepEqual(
      csv.slice(1).map((line) => line.split(",")[1]),
      ["a", "b"],
    );
  });

  test("a store outside any workspace has no objects", (t) => {
    const project = newProject(t);
    const copy = newDirectory(t);
    project.script(`cp -R mlruns "${copy.directory}/mlruns"`);
    const rows = JSON.parse(copy.read(["du", "--store", "mlruns", "--json"])) as Use[];
    for (const use of rows) {
      assert.equal(use.shared_bytes, 0);
      assert.equal(use.own_bytes, bytesBelow(runDirectory(copy, use.run_id!)));
    }
  });
});

/** The captured environment is an artifact, too: equal ones are one object. */
function environmentBytes(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + statSync(path).size, 0);
}

interface Counted {
  readonly experiment: string;
  readonly runs: number;
  readonly running: number;
  readonly lost: number;
  readonly finished: number;
  readonly failed: number;
  readonly damaged: number;
  readonly deleted: number;
  readonly last_activity: number | null;
  readonly own_bytes?: number;
}

function counted(workspace: Workspace, words: readonly string[] = []): ReadonlyMap<string, Counted> {
  const rows = JSON.parse(workspace.read(["summary", "--json", ...words])) as readonly Counted[];
  return new Map(rows.map((row) => [row.experiment, row]));
}

describe("summary", () => {
  test("runs by state, deleted ones apart, experiments without runs included", (t) => {
    const project = newProject(t);
    const { read, runs, directory } = project;
    const live = read(["start", "-e", "wine", "--name", "live"]);
    const failed = read(["start", "-e", "wine", "--name", "failed"]);
    read(["end", "--run", failed, "--status", "FAILED"]);
    read(["delete", runs.b!]);
    writeFileSync(join(runDirectory(project, runs.c!), "meta.yaml"), "{{{");
    const { wine, beer, Default: none } = Object.fromEntries(counted(project));
    assert.deepEqual(
      [wine!.runs, wine!.running, wine!.finished, wine!.failed, wine!.damaged, wine!.deleted],
      [3, 1, 1, 1, 0, 1],
    );
    assert.deepEqual([beer!.runs, beer!.finished, beer!.damaged], [1, 0, 1]);
    assert.deepEqual([none!.runs, none!.last_activity], [0, null]);
    assert.ok(existsSync(directory));
    read(["end", "--run", live]);
  });

  test("a run whose process was killed is lost, not running", (t) => {
    const project = newProject(t);
    project.script("runstone run -e wine -- sh -c 'kill -9 $PPID'; true");
    const wine = counted(project).get("wine")!;
    assert.deepEqual([wine.running, wine.lost, wine.runs], [0, 1, 3]);
  });

  test("the experiment of the last activity comes first, and is that of its newest end", (t) => {
    const project = newProject(t);
    const { read, runs } = project;
    assert.deepEqual([...counted(project).keys()], ["beer", "wine", "Default"]);
    const { end_time: end } = JSON.parse(read(["show", runs.c!, "--json"])) as { readonly end_time: number };
    assert.equal(counted(project).get("beer")!.last_activity, end);
  });

  test("--disk adds what du says, --view what is deleted", (t) => {
    const project = newProject(t);
    project.read(["delete", "-e", "beer"]);
    const disk = counted(project, ["--disk", "--view", "all"]);
    const total = new Map(uses(project, ["--total"]).map((use) => [use.experiment, use.own_bytes]));
    assert.equal(disk.get("wine")!.own_bytes, total.get("wine"));
    assert.deepEqual([...counted(project).keys()], ["wine", "Default"]);
    assert.deepEqual([...counted(project, ["--view", "deleted"]).keys()], ["beer"]);
  });

  test("the table ends with the sum of its rows", (t) => {
    const project = newProject(t);
    const lines = project.read(["summary"]).split("\n");
    assert.match(
      lines[0]!,
      /^EXPERIMENT +RUNS +RUNNING +LOST +FINISHED +FAILED +KILLED +DAMAGED +DELETED +LAST$/,
    );
    assert.match(
      lines.at(-1)!,
      /^in all +3 +- +- +3 +- +- +- +- +\d+m?s$|^in all +3 +- +- +3 +- +- +- +- +now$/,
    );
    assert.equal(project.read(["summary", "--format", "csv"]).trimEnd().split("\r\n").length, 4);
  });
});

test("du and summary only read", { skip: process.platform === "win32" }, (t) => {
  const project = newProject(t);
  mkdirSync(join(project.directory, "elsewhere"));
  const before = filesBelow(project.directory);
  project.read(["du"]);
  project.read(["summary", "--disk"]);
  assert.deepEqual(filesBelow(project.directory), before);
});
