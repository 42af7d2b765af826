/**
 * Power cuts: whatever the disk kept of what was not synced, everything before the last durable step is there, and
 * nothing is read that nobody wrote. The positive control drops one sync after the other: each must be missed.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { intercept } from "../../core/fs/index.js";
import { fsck } from "../../core/maintenance/fsck.js";
import { openFileStore } from "../../core/store/open-store.js";
import {
  expectNone,
  IS_FULL,
  newWorkspaceDirectory,
  referenceStates,
  removeWorkspace,
  stateOf,
} from "../helpers/crash-runs.js";
import { type Choice, PowerModel, Recorder } from "../helpers/power-model.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import type { StoreState } from "../helpers/store-state.js";
import { Desk, WORKLOADS, type Workload } from "../helpers/store-workloads.js";

const SEED = newSeed("RUNSTONE_POWER_SEED");
const random = randomOf(SEED);
/** States built at random for each of some points in time, beside the two extremes. */
const SAMPLES = IS_FULL ? 8 : 1;
const QUICK_CUTS = 10;

/** Workloads without a promise (gc, repair) and those of the very beginning are left to the kill tests. */
const TESTED = WORKLOADS.filter(({ steps }) => steps.some(({ durable }) => durable === true));

interface Recording {
  readonly workload: Workload;
  readonly states: readonly StoreState[];
  /** An empty directory: the disk before anything happened. */
  readonly start: string;
  /** Where the events happened. */
  readonly workspace: string;
  readonly events: Recorder["events"];
  /** How many of them the setup made. */
  readonly setup: number;
}

async function record(workload: Workload): Promise<Recording> {
  const workspace = newWorkspaceDirectory();
  const start = join(dirname(workspace), "start");
  for (const path of [workspace, start]) mkdirSync(path, { recursive: true });
  const desk = new Desk(workspace);
  const recorder = new Recorder();
  recorder.start();
  await workload.setup(desk);
  const setup = recorder.events.length;
  for (const [index, step] of workload.steps.entries()) {
    desk.time += 1000;
    await step.act(desk);
    recorder.ack(String(index));
  }
  intercept(undefined);
  await desk.leave();
  const { events } = recorder;
  return { workload, states: await referenceStates(workload), start, workspace, events, setup };
}

/** The disk at one moment, with the steps acknowledged by then. */
interface Cut {
  readonly at: number;
  readonly acked: number;
}

function cutsOf({ events, setup }: Recording): Cut[] {
  let acked = 0;
  const cuts = events.map((event, at) => {
    if (event.kind === "ack") acked += 1;
    return { at, acked };
  });
  return cuts.slice(setup);
}

/** Plays the events up to a cut, leaving one out, and says what is wrong with each state the disk may hold. */
function problemsAt(
  recording: Recording,
  cuts: readonly Cut[],
  choices: readonly Choice[],
  without: ReadonlySet<number> = new Set(),
): string[] {
  const { start, workspace, events } = recording;
  const model = new PowerModelAt(start, workspace);
  const problems: string[] = [];
  let at = 0;
  for (const cut of cuts) {
    for (; at <= cut.at; at += 1) if (!without.has(at)) model.apply(events[at]);
    for (const choose of choices) problems.push(...problemsOfState(recording, cut, model, choose));
    if (problems.length > 0 && without.size > 0) return problems;
  }
  return problems;
}

function problemsOfState(recording: Recording, cut: Cut, model: PowerModelAt, choose: Choice): string[] {
  const disk = newWorkspaceDirectory();
  mkdirSync(dirname(disk), { recursive: true });
  model.build(disk, choose);
  try {
    const problems = lostOrInvented(stateOf(disk), recording, cut);
    return choose === ALL_LOST ? [...problems, ...damagesOf(disk, recording, cut)] : problems;
  } catch (error) {
    return [`cut ${cut.at}: ${(error as Error).stack}`];
  } finally {
    removeWorkspace(disk);
  }
}

/** When everything acknowledged is durable, nothing may be damaged either: seals and objects hold. */
function damagesOf(disk: string, { workload, events }: Recording, { at, acked }: Cut): string[] {
  if (events[at]?.kind !== "ack" || workload.steps[acked - 1]?.durable !== true) return [];
  const { damages, changes } = fsck(openFileStore({ cwd: disk }).context);
  const bad = damages.filter(
    ({ severity, kind }) => severity !== "note" && kind !== "run_lacks_a_required_directory",
  );
  return [...bad, ...changes.filter(({ what }) => what === "removed")].map(
    (damage) => `cut ${at}: ${JSON.stringify(damage)}`,
  );
}

/** Against the last durable step before the cut and every state since. */
function lostOrInvented(found: StoreState, { workload, states }: Recording, { at, acked }: Cut): string[] {
  let durable = -1;
  for (let index = 0; index < acked; index += 1)
    if (workload.steps[index]?.durable === true) durable = index + 1;
  const none: StoreState = { items: new Map(), series: new Map(), damages: [] };
  const legal =
    durable < 0
      ? [none, ...states.slice(0, acked + 2)]
      : states.slice(durable, Math.min(acked + 2, states.length));
  const problems: string[] = [];
  const keys = (part: "items" | "series") =>
    new Set([found, ...states].flatMap((state) => [...state[part].keys()]));
  for (const key of keys("items")) {
    const is = found.items.get(key);
    if (isHalfWritten(key, is, durable, states)) continue;
    if (!legal.some((state) => state.items.get(key) === is))
      problems.push(
        `cut ${at}, ${acked} acked, ${durable} durable: ${key} is ${is}, not ${legal[0]?.items.get(key)}`,
      );
  }
  for (const key of keys("series")) {
    const is = found.series.get(key) ?? [];
    const least = legal[0]?.series.get(key) ?? [];
    const most = legal.at(-1)?.series.get(key) ?? [];
    if (!isPartOf(least, is) || !isPartOf(is.map(withoutLink), most.map(withoutLink)))
      problems.push(
        `cut ${at}, ${acked} acked, ${durable} durable: ${key} is ${is.join(" ")}, not ${least.join(" ")}`,
      );
  }
  return problems;
}

/** Values have no checksum: one that was not yet promised may be empty, cut off or of zeros. */
function isHalfWritten(
  key: string,
  is: string | undefined,
  durable: number,
  states: readonly StoreState[],
): boolean {
  if (!/^(param|tag|artifact) /.test(key) || is === undefined) return false;
  if (durable < 0) return true;
  const promised = states[durable]?.items.get(key);
  return states.slice(durable).some((state) => state.items.get(key) !== promised);
}

/** In the same order. Writers of one run have a file each, and the disk may keep the later one only. */
function isPartOf(a: readonly string[], b: readonly string[]): boolean {
  let at = 0;
  for (const line of b) if (line === a[at]) at += 1;
  return at === a.length;
}

/** The link of a point lies in a file of its own. */
function withoutLink(line: string): string {
  return JSON.stringify((JSON.parse(line) as unknown[]).slice(0, 3));
}

/** Events name paths of the recorded workspace; the model starts from the copy made before them. */
class PowerModelAt {
  readonly #model: PowerModel;
  readonly #start: string;
  readonly #workspace: string;

  constructor(start: string, workspace: string) {
    this.#model = new PowerModel(start);
    this.#start = start;
    this.#workspace = workspace;
  }

  apply(event: Recorder["events"][number] | undefined): void {
    if (event === undefined) return;
    const here = (path: string) => path.replace(this.#workspace, this.#start);
    this.#model.apply(
      "to" in event
        ? { ...event, path: here(event.path), to: here(event.to) }
        : { ...event, path: here(event.path) },
    );
  }

  build(target: string, choose: Choice): void {
    this.#model.build(target, choose);
  }
}

const ALL_LOST: Choice = () => "lost";
const ALL_KEPT: Choice = () => "kept";

function atRandom(): Choice {
  const chosen = new Map<number, ReturnType<Choice>>();
  return (index) => {
    const known =
      chosen.get(index) ?? (["lost", "kept", "zeros", "half"] as const)[Math.floor(random() * 4)] ?? "lost";
    chosen.set(index, known);
    return known;
  };
}

function some(cuts: readonly Cut[], events: Recorder["events"]): readonly Cut[] {
  if (IS_FULL || cuts.length <= QUICK_CUTS) return cuts;
  const isAck = ({ at }: Cut) => events[at]?.kind === "ack";
  return cuts.filter((cut) => isAck(cut) || random() < QUICK_CUTS / cuts.length);
}

describe(`power cuts (seed ${SEED})`, () => {
  for (const workload of TESTED) {
    test(workload.name, async (t) => {
      const recording = await record(workload);
      const cuts = some(cutsOf(recording), recording.events);
      const choices = [ALL_LOST, ALL_KEPT, ...Array.from({ length: SAMPLES }, atRandom)];
      const problems = problemsAt(recording, cuts, choices);
      t.diagnostic(
        `${workload.name}: ${cuts.length * choices.length} states of ${recording.events.length} events`,
      );
      removeWorkspace(recording.workspace);
      expectNone(problems, `${workload.name} (seed ${SEED})`);
    });
  }
});

/** Syncs of one kind on one file or directory: a file may be synced by the writer and again by the seal. */
function groupsOfSyncs({ events, workspace }: Recording): Map<string, Set<number>> {
  const groups = new Map<string, Set<number>>();
  for (const [index, { kind, path }] of events.entries()) {
    if (kind !== "fsync" && kind !== "fsyncdir") continue;
    const name = `${kind} ${nameless(path.slice(workspace.length))}`;
    groups.set(name, (groups.get(name) ?? new Set()).add(index));
  }
  return groups;
}

describe("syncs are needed", () => {
  for (const workload of TESTED) {
    test(workload.name, async (t) => {
      const recording = await record(workload);
      const cuts = cutsOf(recording).filter(({ at }) => recording.events[at]?.kind === "ack");
      const isMissed = (without: ReadonlySet<number>) =>
        problemsAt(recording, cuts, [ALL_LOST], without).length > 0;
      for (const kind of ["fsync", "fsyncdir"]) {
        const all = recording.events.flatMap((event, index) => (event.kind === kind ? [index] : []));
        assert.ok(isMissed(new Set(all)), `${workload.name}: nobody misses any ${kind}`);
      }
      const groups = [...groupsOfSyncs(recording)].filter(() => IS_FULL || random() < 0.2);
      const unnoticed = groups.filter(([, without]) => !isMissed(without)).map(([name]) => name);
      removeWorkspace(recording.workspace);
      t.diagnostic(
        `${workload.name}: of ${groups.length} places, not missed: ${unnoticed.join(", ") || "none"}`,
      );
    });
  }
});

function nameless(path: string): string {
  return path.replace(/\.runstone-tmp-[^/]+|\d+-[0-9a-f]{16}|[0-9a-f]{32,}/g, "*");
}
