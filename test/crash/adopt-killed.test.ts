/** `adopt` that is killed at any of its changes: every value can be read, nothing is lost, and another adopt completes it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { adopt } from "../../core/adopt/index.js";
import { openFileStore } from "../../core/index.js";
import { runId, writeDamagedStore } from "../helpers/damaged-store.js";
import { fileTree } from "../helpers/file-tree.js";
import { newSeed, randomOf } from "../helpers/seed.js";

const POSIX = { skip: process.platform === "win32" };
const random = randomOf(newSeed("RUNSTONE_CRASH_SEED"));
const IS_FULL = process.env.RUNSTONE_TIER === "full";
const QUICK_POINTS = 6;
const RUNS = ["a1", "c1", "d1", "e1", "f1", "ab"].map(runId);

const moduleOf = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** Ends by SIGKILL before its n-th changing operation; prints how many there were when it got to the end. */
const CHILD = `
const { adopt } = await import(${moduleOf("../../core/adopt/index.js")});
const { intercept, openFileStore } = await import(${moduleOf("../../core/index.js")});
const { isChanging } = await import(${moduleOf("../helpers/changing-operations.js")});
const [project, at] = process.argv.slice(1);
const { context } = openFileStore({ cwd: project });
let count = 0;
intercept({
  before(operation) {
    if (!isChanging(operation)) return undefined;
    if (count === Number(at)) process.kill(process.pid, "SIGKILL");
    count += 1;
    return undefined;
  },
});
adopt(context, { apply: true, take: "ours" });
process.stdout.write(String(count));
`;

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

function runChild(project: string, at: number): Promise<Ended> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", CHILD, project, String(at)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_, signal) => resolve({ signal, stdout: Buffer.concat(said).toString() }));
  });
}

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "runstone-adopt-killed-")));
after(() => rmSync(scratch, { recursive: true, force: true }));
const origin = join(scratch, "origin");

/** A copy at the same path each time: locations outside of Git name it. */
function newProject(): string {
  const project = join(scratch, "project");
  rmSync(project, { recursive: true, force: true });
  cpSync(origin, project, { recursive: true });
  return project;
}

async function valuesIn(project: string): Promise<unknown> {
  const store = openFileStore({ cwd: project, path: join(project, "mlruns") });
  const runs = await Promise.all(RUNS.map((id) => store.getRun(id)));
  return runs.map(({ info: { artifactUri: _, ...info }, ...records }) => ({
    ...records,
    orphan: false,
    info,
  }));
}

/** Without the names that are made up, of torn lines; temporaries are told apart. */
function storeTree(project: string): Record<string, string> {
  const entries = Object.entries(fileTree(join(project, "mlruns")));
  return Object.fromEntries(entries.filter(([path]) => !/\/torn\//.test(path)));
}

function isLeftover(path: string): boolean {
  return path.split("/").some((name) => name.startsWith(".runstone-tmp-") || name === ".runstone-new.trash");
}

/** Each file as it was is in the store or among what was kept, unless it is of those that the repair mends. */
function assertKept(project: string, before: Readonly<Record<string, string>>, what: string): void {
  const adopted = join(project, ".runstone", "adopted");
  const kept = Object.values(fileTree(adopted));
  const now = Object.values(storeTree(project));
  const there = new Set([...kept, ...now]);
  const lost = Object.entries(before).filter(
    ([path, hash]) => !there.has(hash) && !/\/(?:converted|torn|acc)$/.test(path),
  );
  assert.deepEqual(lost, [], what);
}

test("killed before each change", POSIX, async () => {
  writeDamagedStore(origin);
  const before = storeTree(origin);
  const values = await valuesIn(origin);
  const reference = newProject();
  const count = Number((await runChild(reference, -1)).stdout);
  assert.ok(count > 50, String(count));
  const wanted = storeTree(reference);
  const stride = IS_FULL ? 2 : Math.ceil(count / QUICK_POINTS);
  for (let at = Math.floor(random() * stride); at < count; at += stride) {
    const project = newProject();
    const { signal } = await runChild(project, at);
    assert.equal(signal, "SIGKILL", `operation ${at}`);
    assert.deepEqual(await valuesIn(project), values, `operation ${at}`);
    assertKept(project, before, `operation ${at}`);
    const { failures } = adopt(openFileStore({ cwd: project }).context, { apply: true, take: "ours" });
    assert.deepEqual(failures, [], `operation ${at}`);
    assert.deepEqual(await valuesIn(project), values);
    const left = Object.entries(storeTree(project)).filter(([path]) => !isLeftover(path));
    assert.deepEqual(Object.fromEntries(left), wanted, `operation ${at}`);
    assertKept(project, before, `operation ${at}`);
  }
});
