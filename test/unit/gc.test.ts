import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { processIdentity } from "../../core/capture/process-identity.js";
import { intercept, objectPath, putObjectFile } from "../../core/fs/index.js";
import {
  claimWriterSlot,
  type LeaseOwner,
  processOwner,
  takeExclusive,
  takeLease,
} from "../../core/leases/index.js";
import { collectGarbage, DEFAULT_GRACE_MS, type GcOptions } from "../../core/maintenance/gc.js";
import {
  isRunstoneError,
  serializeExperimentMeta,
  serializeManifest,
  serializeRunMeta,
} from "../../store-format/index.js";

const self = processOwner("gc");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RUN = "0123456789abcdef0123456789abcdef";
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

let dead: LeaseOwner;
let workspace: string;
let root: string;
let objects: string;
let start: number;

before(async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  dead = { ...self, process: processIdentity(child.pid ?? 0) };
  child.kill("SIGKILL");
  await once(child, "exit");
});
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "runstone-gc-"));
  root = join(workspace, "mlruns");
  objects = join(workspace, ".runstone", "objects");
  mkdirSync(objects, { recursive: true });
  experiment("1");
  start = Date.now() + 1000;
});
afterEach(() => {
  intercept(undefined);
  rmSync(workspace, { recursive: true });
});

function experiment(id: string, place = "", lastUpdateTime = 1): void {
  put(
    join(root, place, id, "meta.yaml"),
    serializeExperimentMeta({
      experimentId: id,
      name: `e${id}`,
      artifactLocation: "",
      lifecycleStage: place === "" ? "active" : "deleted",
      creationTime: 1,
      lastUpdateTime,
    }),
  );
}

function put(path: string, content: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A run, deleted at `deletedTime` unless null, whose manifest names the objects of these contents. */
function run(name: string, contents: readonly string[], deletedTime: number | null = null): string {
  const directory = join(root, name);
  const runId = name.split("/").at(-1) ?? "";
  put(
    join(directory, "meta.yaml"),
    serializeRunMeta({
      runId,
      experimentId: "1",
      runName: "r",
      userId: "u",
      status: "FINISHED",
      startTime: 1,
      endTime: 2,
      deletedTime,
      lifecycleStage: deletedTime === null ? "active" : "deleted",
      artifactUri: "",
    }),
  );
  seal(directory, contents);
  return directory;
}

function seal(directory: string, contents: readonly string[]): void {
  const files = contents.map((content, index) => ({
    path: `artifacts/${index}`,
    kind: "artifact" as const,
    sha256: sha256(content),
    size: content.length,
    mtimeNs: 1n,
    content: "object" as const,
  }));
  const manifest = { sealedTime: 1, recordDigest: sha256(""), complete: true, files };
  put(join(directory, "manifest.yaml"), serializeManifest(manifest, sha256).text);
}

function object(content: string): string {
  const source = put(join(workspace, "source"), content);
  return putObjectFile(objects, source, { copy: true })?.sha256 ?? "";
}

const has = (content: string) => existsSync(objectPath(objects, sha256(content)));
const gc = (more: Partial<GcOptions> = {}) =>
  collectGarbage({ root, workspace }, { now: start + DEFAULT_GRACE_MS, owner: self, ...more });

function tree(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((path) => `${path} ${statSync(join(directory, path)).mtimeMs}`)
    .sort();
}

describe("objects", () => {
  test("named ones stay, young ones stay, the others go in two steps", () => {
    run(`1/${RUN}`, ["named"]);
    run(".trash/2/aa", ["named in the trash"]);
    run("1/deleted", ["named by a deleted run"], 5);
    for (const content of ["named", "named in the trash", "named by a deleted run", "nobody's"])
      object(content);

    assert.deepEqual(gc({ now: start }).objects?.trashed, { objects: 0, bytes: 0 });
    assert.deepEqual(gc().objects?.trashed, { objects: 1, bytes: 8 });
    assert.equal(has("nobody's"), false);
    assert.deepEqual(gc({ now: start + DEFAULT_GRACE_MS + DAY }).objects?.deleted, { objects: 0, bytes: 0 });
    assert.deepEqual(gc({ now: start + 2 * DEFAULT_GRACE_MS }).objects?.deleted, { objects: 1, bytes: 8 });
    for (const content of ["named", "named in the trash", "named by a deleted run"]) assert.ok(has(content));
    assert.deepEqual(
      readdirSync(objects).filter((name) => name.startsWith("trash")),
      [],
    );
  });

  test("one that is named after it went to the trash comes back with its bytes", () => {
    object("late");
    gc();
    run(`1/${RUN}`, ["late"]);
    const report = gc({ now: start + 3 * DEFAULT_GRACE_MS });
    assert.deepEqual(report.objects?.restored, { objects: 1, bytes: 4 });
    assert.deepEqual(report.objects?.deleted, { objects: 0, bytes: 0 });
    assert.equal(readFileSync(objectPath(objects, sha256("late")), "utf8"), "late");
  });

  test("one that a seal names while the gc moves it is put back in the same gc", () => {
    object("racing");
    intercept({
      after(operation) {
        if (operation.name !== "rename" || !operation.to?.includes("trash-")) return;
        intercept(undefined);
        run(`1/${RUN}`, ["racing"]);
      },
    });
    assert.deepEqual(gc().objects?.trashed, { objects: 0, bytes: 0 });
    assert.ok(has("racing"));
  });

  test("a run that moves out of the trash while the gc reads is not overlooked", () => {
    run(".trash/2/aa", ["moving"]);
    object("moving");
    let listings = 0;
    intercept({
      before(operation) {
        // The root was listed already; the experiment leaves the trash before that is. The first listing looks
        // for temporary files.
        if (operation.name !== "readdir" || operation.path !== join(root, ".trash")) return undefined;
        listings += 1;
        if (listings !== 2) return undefined;
        renameSync(join(root, ".trash", "2"), join(root, "2"));
        return undefined;
      },
    });
    gc();
    assert.equal(listings, 3);
    assert.ok(has("moving"));
  });

  for (const [what, spoil] of [
    [
      "damaged",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace("artifact", "artefact")),
    ],
    ["newer", (path: string) => writeFileSync(path, "runstone_manifest: 99\n")],
    [
      "not a file",
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ] as const) {
    test(`a manifest that is ${what} stops it, and is named; in a run without meta.yaml, too`, () => {
      const directory = run(`1/${RUN}`, ["named"]);
      rmSync(join(directory, "meta.yaml"));
      object("nobody's");
      const path = join(directory, "manifest.yaml");
      spoil(path);
      const report = gc().objects;
      assert.deepEqual(
        report?.unreadable.map((one) => one.path),
        [path],
      );
      assert.deepEqual(report?.trashed, { objects: 0, bytes: 0 });
      assert.ok(has("nobody's"));
    });
  }

  test("a manifest damaged while the gc runs undoes it", () => {
    const directory = run(`1/${RUN}`, []);
    object("nobody's");
    intercept({
      after(operation) {
        if (operation.name !== "rename" || !operation.to?.includes("trash-")) return;
        intercept(undefined);
        writeFileSync(join(directory, "manifest.yaml"), "torn");
      },
    });
    assert.equal(gc().objects?.unreadable.length, 1);
    assert.ok(has("nobody's"));
  });

  test("without its store (a disk that is not mounted) nothing goes", () => {
    object("named elsewhere");
    renameSync(root, join(workspace, "away"));
    assert.throws(
      () => gc(),
      (error) => isRunstoneError(error, "NOT_A_STORE"),
    );
    assert.ok(has("named elsewhere"));
  });

  test("what other branches need stays", () => {
    object("on a branch");
    gc({ alsoReferenced: new Set([sha256("on a branch")]) });
    assert.ok(has("on a branch"));
  });

  test("crashing after any operation loses no named object, and the next gc puts everything right", () => {
    for (let point = 0, died = true; died; point += 1) {
      rmSync(objects, { recursive: true });
      run(`1/${RUN}`, ["named", "back"]);
      object("back");
      run(`1/${RUN}`, ["named"]);
      gc();
      run(`1/${RUN}`, ["named", "back"]);
      for (const content of ["named", "nobody's"]) object(content);
      let seen = 0;
      died = false;
      intercept({
        before() {
          if (seen >= point) died = true;
          seen += 1;
          if (died) throw new Error("died");
          return undefined;
        },
      });
      const now = start + 2 * DEFAULT_GRACE_MS;
      try {
        collectGarbage({ root, workspace }, { now, owner: dead });
      } catch (error) {
        if (!died) throw error;
      }
      intercept(undefined);
      gc({ now });
      assert.ok(has("named"));
      assert.ok(has("back"));
      assert.equal(has("nobody's"), false);
    }
  });
});

describe("temporary files", () => {
  test("go when they are old and their process is gone", () => {
    const directory = run(`1/${RUN}`, []);
    const gone = dead.process.pid;
    const old = [
      put(join(directory, `.runstone-tmp-${gone}-00ff`), "x"),
      put(join(objects, "tmp", `.runstone-tmp-${gone}-01ff`), "x"),
      put(join(workspace, ".runstone", `.runstone-tmp-${gone}-02ff`), "x"),
      dirname(put(join(root, ".runstone-new.trash", `${gone}-03ff`, "meta.yaml"), "x")),
      dirname(put(join(directory, `.runstone-tmp-${gone}-04ff`, "owner.yaml"), "x")),
    ];
    const kept = [
      put(join(directory, `.runstone-tmp-${process.pid}-00ff`), "x"),
      put(join(directory, "notes.txt"), "x"),
      put(join(root, ".runstone-new.trash", "somebody", "meta.yaml"), "x"),
    ];
    assert.deepEqual(gc({ now: start }).temporaries, [], "too young");
    assert.deepEqual([...gc({ now: start + 2 * HOUR }).temporaries].sort(), old.sort());
    assert.deepEqual(
      old.filter((path) => existsSync(path)),
      [],
    );
    assert.deepEqual(
      kept.filter((path) => !existsSync(path)),
      [],
    );
  });

  test("parts of artifacts wait 14 days to be gone on with, those that somebody gathers longer", () => {
    for (const workspaceOfStore of [workspace, null]) {
      const incoming =
        workspaceOfStore === null
          ? join(root, ".runstone-new.trash/incoming")
          : join(workspace, ".runstone/incoming");
      const [left, gathered] = ["a", "b"].map((digit) => join(incoming, `${digit.repeat(64)}.part`));
      assert.ok(left !== undefined && gathered !== undefined);
      mkdirSync(incoming, { recursive: true });
      for (const part of [left, gathered]) writeFileSync(part, "beginning");
      const release = takeExclusive(`${gathered}.claim`, self, { what: "a part", hintSilent: "" });
      const collect = (days: number) =>
        collectGarbage({ root, workspace: workspaceOfStore }, { now: Date.now() + days * DAY, owner: self });
      collect(13);
      assert.ok(existsSync(left) && existsSync(gathered));
      assert.deepEqual(collect(15).temporaries, [left]);
      assert.ok(!existsSync(left) && existsSync(gathered));
      release();
      collect(15);
      assert.ok(!existsSync(incoming));
    }
  });

  test("a guard that a killed taker left goes, the guard of a live one stays", () => {
    const directory = run(`1/${RUN}`, []);
    takeLease(directory, dead);
    const text = readFileSync(join(directory, "lease.yaml"), "utf8");
    const guard = put(join(directory, ".runstone-tmp-claim-00"), text);
    rmSync(join(directory, "lease.yaml"));
    const live = takeLease(directory, self);
    const own = readFileSync(join(directory, "lease.yaml"), "utf8");
    live.release();
    const held = put(join(directory, ".runstone-tmp-claim-01"), own);
    assert.deepEqual(gc({ now: start + 2 * HOUR }).temporaries, [guard]);
    assert.ok(existsSync(held));
  });

  test("nothing is touched in a run with a live owner or writer", () => {
    const directory = run(`1/${RUN}`, []);
    put(join(directory, `.runstone-tmp-${dead.process.pid}-00ff`), "x");
    const lease = takeLease(directory, self);
    assert.deepEqual(gc().temporaries, []);
    lease.release();
    const slot = claimWriterSlot(directory, self);
    assert.deepEqual(gc().temporaries, []);
    slot.release();
    assert.equal(gc().temporaries.length, 1);
  });
});

describe("deleted runs", () => {
  test("stay unless asked for, then only those deleted before; their objects follow", () => {
    const early = run("1/early", ["big"], 1000);
    const late = run("1/late", [], 3000);
    const active = run("1/active", []);
    object("big");
    assert.deepEqual(gc().deleted, []);
    const report = gc({ deletedBefore: 2000 });
    assert.deepEqual(report.deleted, [{ experimentId: "1", runId: "early", directory: early }]);
    assert.equal(report.objects?.trashed.objects, 1);
    assert.deepEqual([early, late, active].map(existsSync), [false, true, true]);
    assert.equal(existsSync(join(root, ".runstone-new.trash")), false);
  });

  test("an experiment in the trash goes with its runs", () => {
    experiment("7", ".trash", 1000);
    run(".trash/7/aa", []);
    assert.deepEqual(gc({ deletedBefore: 999 }).deleted, []);
    const directory = join(root, ".trash", "7");
    assert.deepEqual(gc({ deletedBefore: 1000 }).deleted, [{ experimentId: "7", directory }]);
    assert.equal(existsSync(directory), false);
  });

  test("an experiment in the trash whose runs cannot be listed stays: somebody may work on one", () => {
    experiment("7", ".trash", 1000);
    const directory = join(root, ".trash", "7");
    const lease = takeLease(run(".trash/7/aa", []), self);
    intercept({
      before({ name, path }) {
        if (name === "readdir" && path === directory)
          throw Object.assign(new Error("EIO: injected"), { code: "EIO", syscall: "scandir" });
        return undefined;
      },
    });
    try {
      assert.deepEqual(gc({ deletedBefore: 1000 }).deleted, []);
    } finally {
      intercept(undefined);
      lease.release();
    }
    assert.ok(existsSync(join(directory, "aa", "meta.yaml")));
  });

  test("a deleted run that somebody works on, or that cannot be read, stays", () => {
    const busy = run("1/busy", [], 1000);
    const lease = takeLease(busy, self);
    const spoilt = run("1/spoilt", [], 1000);
    writeFileSync(join(spoilt, "meta.yaml"), "lifecycle_stage: deleted\n\0");
    assert.deepEqual(gc({ deletedBefore: start }).deleted, []);
    lease.release();
    assert.equal(gc({ deletedBefore: start }).deleted.length, 1);
    assert.ok(existsSync(spoilt));
  });

  test("a run of an MLflow that wrote no time counts from the last change of its meta.yaml", () => {
    const directory = run("1/old", [], 1000);
    const meta = join(directory, "meta.yaml");
    writeFileSync(meta, readFileSync(meta, "utf8").replace(/^deleted_time.*\n/m, ""));
    utimesSync(meta, 5, 5);
    assert.deepEqual(gc({ deletedBefore: 4999 }).deleted, []);
    assert.equal(gc({ deletedBefore: 5000 }).deleted.length, 1);
  });
});

test("a dry run tells the same and changes nothing", () => {
  const directory = run("1/early", ["big"], 1000);
  object("big");
  put(join(directory, `.runstone-tmp-${dead.process.pid}-00ff`), "x");
  const before = tree(workspace);
  const told = gc({ deletedBefore: 2000, dryRun: true });
  assert.deepEqual(tree(workspace), before);
  assert.deepEqual({ ...gc({ deletedBefore: 2000 }), dryRun: true }, told);
});

test("one at a time: a second gc is told who is at it; a killed one hinders nobody", () => {
  const lock = join(workspace, ".runstone", "maintenance");
  const release = takeExclusive(lock, self, { what: "it", hintSilent: "" });
  assert.throws(
    () => gc(),
    (error) => isRunstoneError(error, "LEASE_HELD") && error.message.includes(String(process.pid)),
  );
  release();
  takeExclusive(lock, dead, { what: "it", hintSilent: "" });
  gc();
  assert.equal(existsSync(lock), false);
});

test("a store outside any workspace has no objects, and the rest is done", () => {
  run("1/early", [], 1000);
  const report = collectGarbage({ root, workspace: null }, { now: start, owner: self, deletedBefore: 1000 });
  assert.equal(report.objects, null);
  assert.equal(report.deleted.length, 1);
});
