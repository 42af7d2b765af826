/**
 * Every file of a workspace damaged in every way: readers give the right value or name the file, other runs are not
 * touched, and in a sealed run `fsck` names each flipped byte. Repair brings back what can be rebuilt.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { dumpStore } from "../../core/dump/dump-store.js";
import { type FsckReport, fsck } from "../../core/maintenance/fsck.js";
import { repair } from "../../core/maintenance/repair.js";
import { openFileStore } from "../../core/store/open-store.js";
import { mustFindRun } from "../../core/store/read/runs.js";
import { sealRun } from "../../core/store/runs/seal.js";
import { isRunstoneError } from "../../store-format/index.js";
import {
  copyWorkspace,
  expectNone,
  IS_FULL,
  newWorkspaceDirectory,
  removeWorkspace,
} from "../helpers/crash-runs.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import { Desk, point } from "../helpers/store-workloads.js";

const SEED = newSeed("RUNSTONE_CORRUPTION_SEED");
const random = randomOf(SEED);
/** A quick run damages this many places of a file. */
const QUICK_PLACES = 12;

let workspace = "";
let sealed = "";
let bystander = "";

before(async () => {
  workspace = newWorkspaceDirectory();
  const desk = new Desk(workspace);
  await fill(desk);
  sealed = await desk.runId("sealed");
  bystander = await desk.runId("bystander");
  // Everything looks old: a reader waits for files that were emptied just now.
  for (const path of filesBelow(workspace))
    execFileSync("touch", ["-d", "2024-01-02 03:04:05.123456789", path]);
  const report = repairSeals(desk);
  assert.deepEqual(
    report.damages.filter(({ severity }) => severity !== "note"),
    [],
  );
});

after(() => removeWorkspace(workspace));

/** The times of all files were changed: both runs are sealed anew. */
function repairSeals({ context }: Desk): FsckReport {
  for (const runId of [sealed, bystander]) {
    const run = mustFindRun(context, runId);
    rmSync(join(run.directory, "manifest.yaml"));
    assert.ok(sealRun(context, run));
  }
  const report = fsck(context);
  assert.equal(report.sealed, 2);
  return report;
}

async function fill(desk: Desk): Promise<void> {
  mkdirSync(desk.workspace, { recursive: true });
  const { initWorkspace } = await import("../../core/workspace/init-workspace.js");
  initWorkspace(desk.workspace);
  const model = await desk.store.createLoggedModel({ experimentId: "0", name: "m", tags: { t: "1" } });
  for (const runName of ["sealed", "bystander"]) {
    await desk.store.createRun({ experimentId: "0", runName, params: { lr: "0.1" }, tags: { team: "a" } });
    const writer = await desk.writer(runName);
    writer.logMetrics([0, 1, 2].map((step) => point("loss", step)));
    writer.logMetrics([{ ...point("acc", 1), dataset: { name: "d", digest: "1" } }]);
    const dataset = { name: "d", digest: "1", sourceType: "local", source: "{}", schema: "", profile: "" };
    writer.logInputs({ datasets: [{ dataset, tags: { k: "v" } }] });
    writer.logOutputs([{ modelId: model.modelId, step: 1 }]);
    writer.logArtifactBytes("model.bin", Buffer.from(`the artifact of ${runName}, with some bytes in it`));
    await desk.end(runName);
  }
  await desk.store.createRegisteredModel("wine", { tags: { a: "1" } });
  await desk.store.createModelVersion({ name: "wine", source: "x", runId: await desk.runId("sealed") });
  await desk.store.setAlias("wine", "best", 1);
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return lstatSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

interface Damaged {
  readonly name: string;
  readonly how: string;
  readonly bytes: Uint8Array;
}

function flips(name: string, bytes: Uint8Array): Damaged[] {
  return places(bytes.length).flatMap((at) =>
    (IS_FULL ? [0, 1, 2, 3, 4, 5, 6, 7] : [Math.floor(random() * 8)]).map((bit) => {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      return { name, how: `bit ${bit} of byte ${at} flipped`, bytes: flipped };
    }),
  );
}

function cuts(name: string, bytes: Uint8Array): Damaged[] {
  return places(bytes.length).map((length) => ({
    name,
    how: `cut to ${length}`,
    bytes: bytes.slice(0, length),
  }));
}

function places(length: number): number[] {
  const all = Array.from({ length }, (_, at) => at);
  return IS_FULL || length <= QUICK_PLACES ? all : all.filter(() => random() < QUICK_PLACES / length);
}

/** Other bytes in the same file, whose mode stays (objects are read-only); its times become those of now. */
function overwrite(path: string, bytes: Uint8Array): void {
  const { mode } = lstatSync(path);
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  chmodSync(path, mode & 0o777);
}

/** Does what a user may do; a typed error is an answer, everything else is a bug. */
async function useEverything(where: string): Promise<{ report: FsckReport | null; errors: string[] }> {
  const errors: string[] = [];
  const attempt = async <T>(call: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await call();
    } catch (error) {
      if (!isRunstoneError(error)) throw new Error(`${where}: no typed error`, { cause: error });
      errors.push(`${error.message} ${JSON.stringify(error.data)}`);
      return null;
    }
  };
  const store = await attempt(() => openFileStore({ cwd: workspace }));
  if (store === null) return { report: null, errors };
  await attempt(async () => {
    for await (const _ of store.listRuns({ view: "all" }));
  });
  for (const runId of [sealed, bystander]) await attempt(() => store.getRun(runId));
  await attempt(() => store.listExperiments("all"));
  await attempt(() => store.listRegisteredModels());
  await attempt(() => store.listModelVersions("wine"));
  await attempt(() => [...dumpStore(store.context)]);
  const report = await attempt(() => fsck(store.context));
  return { report, errors };
}

function dumpOf(runId: string): string {
  const { context } = openFileStore({ cwd: workspace });
  return [...dumpStore(context)]
    .filter((object) => object.run_id === runId && object.kind !== "damage")
    .map((object) =>
      JSON.stringify(object, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    )
    .join("\n");
}

/** Params and sealed points never change; what else differs may be an edit, when its time differs, too. */
function isNamed({ damages, changes }: FsckReport, name: string): boolean {
  const path = name.replace(/^mlruns\//, "");
  if (damages.some((damage) => damage.path === path)) return true;
  return !/\/(params|metrics)\/|objects\//.test(name) && changes.some((change) => change.path === path);
}

describe(`every file damaged (seed ${SEED})`, () => {
  test("flipped bits and cuts", async (t) => {
    const problems: string[] = [];
    let tried = 0;
    const untouched = dumpOf(bystander);
    for (const path of filesBelow(workspace)) {
      const name = relative(workspace, path);
      const bytes = Uint8Array.from(readFileSync(path));
      const original = copyOfTimes(path);
      for (const damage of [...flips(name, bytes), ...cuts(name, bytes)]) {
        tried += 1;
        const where = `${name}, ${damage.how} (seed ${SEED})`;
        overwrite(path, damage.bytes);
        for (const keepsTime of [true, false]) {
          if (keepsTime) original.restore();
          else execFileSync("touch", ["-d", "2025-01-01", path]);
          try {
            const { report } = await useEverything(where);
            problems.push(...judge({ name, where, report, keepsTime, untouched }));
          } catch (error) {
            problems.push(
              `${(error as Error).message}: ${((error as Error).cause as Error | undefined)?.stack ?? ""}`,
            );
          }
          if (!IS_FULL) break;
        }
      }
      overwrite(path, bytes);
      original.restore();
      original.remove();
    }
    t.diagnostic(`${tried} damages`);
    expectNone(problems, "damages");
  });
});

interface Judged {
  readonly name: string;
  readonly where: string;
  readonly report: FsckReport | null;
  readonly keepsTime: boolean;
  readonly untouched: string;
}

function judge({ name, where, report, keepsTime, untouched }: Judged): string[] {
  const problems: string[] = [];
  const isOfBystander = name.includes(bystander);
  const isShared = !name.includes(sealed) && !isOfBystander && !name.startsWith(".runstone/objects");
  if (report !== null && isSealedFile(name) && !isNamed(report, name))
    problems.push(`${where}: fsck does not name it`);
  if (
    report !== null &&
    keepsTime &&
    isSealedFile(name) &&
    !report.damages.some(({ path }) => name.endsWith(path))
  )
    problems.push(`${where}: no damage, though the time is that of the seal`);
  if (report !== null && !isOfBystander && !isShared && dumpOf(bystander) !== untouched)
    problems.push(`${where}: another run changed`);
  return problems;
}

function isSealedFile(name: string): boolean {
  if (name.startsWith(".runstone/objects/")) return true;
  return /^mlruns\/0\/[0-9a-f]{32}\//.test(name) && !name.endsWith(".gitignore");
}

/** A twin with the times of a file, to the nanosecond. */
function copyOfTimes(path: string): { restore: () => void; remove: () => void } {
  const twin = join(workspace, "..", "times");
  rmSync(twin, { force: true });
  execFileSync("cp", ["-p", path, twin]);
  return {
    restore: () => void execFileSync("touch", ["-r", twin, path]),
    remove: () => rmSync(twin, { force: true }),
  };
}

const REPLACEMENTS: readonly { readonly name: string; readonly put: (path: string) => void }[] = [
  { name: "a directory", put: (path) => mkdirSync(path) },
  { name: "a dangling link", put: (path) => symlinkSync("nowhere", path) },
  { name: "a FIFO", put: (path) => void execFileSync("mkfifo", [path]) },
  { name: "an empty file", put: (path) => writeOld(path, "") },
  { name: "garbage", put: (path) => writeOld(path, Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a, 0x7b])) },
  { name: "NULs", put: (path) => writeOld(path, new Uint8Array(512)) },
];

function writeOld(path: string, bytes: string | Uint8Array): void {
  writeFileSync(path, bytes);
  execFileSync("touch", ["-d", "2024-06-01", path]);
}

describe("every file replaced", () => {
  for (const { name: what, put } of REPLACEMENTS) {
    test(`by ${what}`, { timeout: 120_000 }, async () => {
      const problems: string[] = [];
      const untouched = dumpOf(bystander);
      for (const path of filesBelow(workspace)) {
        const name = relative(workspace, path);
        const kept = join(workspace, "..", "kept");
        execFileSync("mv", [path, kept]);
        put(path);
        const where = `${name} is ${what}`;
        try {
          const { report, errors } = await useEverything(where);
          problems.push(...judge({ name, where, report, keepsTime: false, untouched }));
          // Without a config file there is no workspace.
          if (
            report === null &&
            !name.endsWith("config.yaml") &&
            !errors.some((error) => error.includes(path))
          )
            problems.push(`${where}: not named: ${errors}`);
        } catch (error) {
          problems.push(
            `${(error as Error).message}: ${((error as Error).cause as Error | undefined)?.stack ?? ""}`,
          );
        }
        rmSync(path, { recursive: true, force: true });
        execFileSync("mv", [kept, path]);
      }
      expectNone(problems, what);
    });
  }
});

describe("repair of damage", () => {
  test("artifacts come back from objects, objects from artifacts", () => {
    const copy = copyWorkspace(workspace);
    const { context } = openFileStore({ cwd: copy });
    const names = filesBelow(copy).map((path) => relative(copy, path));
    const artifact = names.find((name) => name.endsWith("model.bin")) ?? "";
    const object = names.findLast((name) => name.startsWith(".runstone/objects/")) ?? "";
    for (const name of [artifact, object]) {
      const path = join(copy, name);
      const bytes = Uint8Array.from(readFileSync(path));
      rmSync(path);
      if (name === object) writeFileSync(path, "something else");
      assert.deepEqual(repair(context).failures, []);
      assert.ok(existsSync(path) && Buffer.compare(bytes, readFileSync(path)) === 0, `${name} is back`);
      assert.deepEqual(repair(context).actions, []);
    }
    removeWorkspace(copy);
  });
});
