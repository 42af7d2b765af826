/** Running a workload in a process that dies, and judging what it left. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fsck } from "../../core/maintenance/fsck.js";
import { repair } from "../../core/maintenance/repair.js";
import { openFileStore } from "../../core/store/open-store.js";
import type { CrashTask } from "./crash-child.js";
import { illegal, isSameState, readState, type StoreState } from "./store-state.js";
import { Desk, repeat, type Workload } from "./store-workloads.js";

const SCRIPT = fileURLToPath(new URL("./crash-child.js", import.meta.url));

export const IS_FULL = process.env["RUNSTONE_TIER"] === "full";

export function newWorkspaceDirectory(): string {
  return join(mkdtempSync(join(tmpdir(), "runstone-crash-")), "w");
}

export function removeWorkspace(workspace: string): void {
  rmSync(join(workspace, ".."), { recursive: true, force: true });
}

/** With times and modes kept to the nanosecond. */
export function copyWorkspace(workspace: string): string {
  const copy = newWorkspaceDirectory();
  execFileSync("cp", ["-a", workspace, copy]);
  return copy;
}

const EMPTY: StoreState = { items: new Map(), series: new Map(), damages: [] };

export function stateOf(workspace: string): StoreState {
  if (!existsSync(join(workspace, ".runstone", "config.yaml")) || !existsSync(join(workspace, "mlruns")))
    return EMPTY;
  const state = readState(openFileStore({ cwd: workspace }).context);
  return { ...state, items: new Map([...state.items, ...ownFiles(workspace)]) };
}

/** The workspace's own files say nothing of the store, and are kept all the same. */
function ownFiles(workspace: string): [string, string][] {
  const names = [".runstone/config.yaml", ".runstone/.gitignore", "mlruns/.gitattributes"];
  const paths = names.map((name) => join(workspace, name));
  return paths
    .filter((path) => existsSync(path))
    .map((path) => [`file ${basename(path)}`, readFileSync(path, "utf8")]);
}

/** The state after the setup and after each step, undisturbed. */
export async function referenceStates(workload: Workload): Promise<StoreState[]> {
  const workspace = newWorkspaceDirectory();
  const desk = new Desk(workspace);
  await workload.setup(desk);
  const states = [stateOf(workspace)];
  for (const step of workload.steps) {
    desk.time += 1000;
    await step.act(desk);
    states.push(stateOf(workspace));
  }
  await desk.leave();
  removeWorkspace(workspace);
  return states;
}

export interface Crash {
  readonly acked: number;
  /** Number of changing operations, when the workload survived. */
  readonly operations: number | null;
}

export interface ChildWrapper {
  readonly command: string;
  readonly args: readonly string[];
}

/** Runs the task in a process of its own. Fails when the process ends by anything but its end or SIGKILL. */
export async function runChild(task: CrashTask, wrapper?: ChildWrapper): Promise<Crash> {
  const node = [SCRIPT, JSON.stringify(task)];
  const child = wrapper
    ? spawn(wrapper.command, [...wrapper.args, process.execPath, ...node], spawnOptions())
    : spawn(process.execPath, node, spawnOptions());
  const { output, errors } = collect(child);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const killed = signal === "SIGKILL" || code === 137;
  assert.ok(code === 0 || killed, `the child ended by ${signal ?? code}: ${errors()}`);
  const lines = output().split("\n");
  const ops = lines.find((line) => line.startsWith("ops "));
  return {
    acked: lines.filter((line) => line.startsWith("ack ")).length,
    operations: ops === undefined ? null : Number(ops.slice(4)),
  };
}

function spawnOptions() {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return {
    stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
    env: { ...env, UV_THREADPOOL_SIZE: "1" },
  };
}

function collect(child: ChildProcess): { output: () => string; errors: () => string } {
  const text = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
    text.out += piece;
  });
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    text.err += piece;
  });
  return { output: () => text.out, errors: () => text.err };
}

export interface Judgement {
  readonly workload: Workload;
  readonly states: readonly StoreState[];
  readonly workspace: string;
  readonly acked: number;
  /** Where the crash was, for messages. */
  readonly where: string;
}

/** Everything that must hold after a crash. Works on the workspace; repairs and finishes it. */
export async function judge(judgement: Judgement): Promise<void> {
  const { workload, states, workspace, acked, where } = judgement;
  const [before, after] = [stateAt(states, acked), stateAt(states, Math.min(acked + 1, states.length - 1))];
  const step = workload.steps[acked];
  const found = stateOf(workspace);
  expectNone(problemsOf(found, before, after, step?.atomic === true), `${where}: the state`);
  if (found === EMPTY) mkdirSync(workspace, { recursive: true });
  else checkMaintenance(workspace, { where, before, after, found });
  await finish(judgement, before);
}

/** Fails with a text that shows the first few. */
export function expectNone(problems: readonly unknown[], what: string): void {
  if (problems.length === 0) return;
  const shown = problems
    .slice(0, 4)
    .map((problem) => (typeof problem === "string" ? problem : JSON.stringify(problem)));
  assert.fail(`${what}: ${problems.length} problems\n  ${shown.join("\n  ")}`);
}

function problemsOf(found: StoreState, before: StoreState, after: StoreState, atomic: boolean): string[] {
  if (atomic && !isSameState(found, before) && !isSameState(found, after))
    return ["neither the state before nor the one after", ...illegal(found, before, after)];
  return illegal(found, before, after);
}

interface Legal {
  readonly where: string;
  readonly before: StoreState;
  readonly after: StoreState;
  readonly found: StoreState;
}

/** `fsck` finds nothing lost, `repair` keeps the state, a second one does nothing. */
function checkMaintenance(workspace: string, { where, before, after, found }: Legal): void {
  const { context } = openFileStore({ cwd: workspace });
  const lost = fsck(context).damages.filter(
    ({ severity, kind }) => severity === "lost" && kind !== "metric_line_torn" && !isKnown(before, kind),
  );
  expectNone(lost, `${where}: fsck`);
  const first = repair(context);
  expectNone(first.failures, `${where}: repair`);
  expectNone(repair(context).actions, `${where}: the second repair, after ${JSON.stringify(first.actions)}`);
  const repaired = stateOf(workspace);
  const problems = illegal(repaired, before, after).filter(
    (line) => !line.startsWith("place of experiment 0"),
  );
  expectNone(problems, `${where}: the state after repair`);
  assert.deepEqual([...found.series], [...repaired.series], `${where}: the points after repair`);
  const left = fsck(context).damages.filter(({ severity }) => severity !== "note");
  expectNone(left, `${where}: fsck after repair`);
}

/** Damages that the workload made itself. */
function isKnown(before: StoreState, kind: string): boolean {
  return before.damages.some((damage) => damage.damage_kind === kind);
}

/** Does what is left to do, in the way a user would; then everything is as if nothing had happened. */
async function finish(
  { workload, states, workspace, acked, where }: Judgement,
  before: StoreState,
): Promise<void> {
  const desk = new Desk(workspace);
  desk.time += 1000 * acked;
  for (const [index, step] of workload.steps.entries()) {
    if (index < acked) continue;
    desk.time += 1000;
    if (index === acked && step.adds === true) {
      const now = stateOf(workspace);
      if (isSameState(now, stateAt(states, acked + 1))) continue;
      // Half of it is there: a repeat would add that half twice, as the interface says.
      if (!isSameState(now, before)) return desk.leave();
    }
    await repeat(step, desk).catch((error: unknown) => {
      throw new Error(`${where}: repeating ${step.name}`, { cause: error });
    });
  }
  await desk.leave();
  const last = stateAt(states, states.length - 1);
  const found = stateOf(workspace);
  expectNone(differences(found, last), `${where}: the end`);
}

/** What may differ after a resume by another process: times of a second attempt. */
function differences(found: StoreState, last: StoreState): string[] {
  return illegal(found, last, last).filter((line) => !/runstone\.attempts/.test(line));
}

function stateAt(states: readonly StoreState[], index: number): StoreState {
  const state = states[index];
  if (state === undefined) throw new Error(`there is no state ${index}`);
  return state;
}
