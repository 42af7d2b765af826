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
function lostOrInvented(
  found: StoreState,
  { workload, states, events }: Recording,
  { at, acked }: Cut,
): string[] {
  const none: StoreState = { items: new Map(), series: new Map(), damages: [] };
  // Between two steps nothing of the next one can be there.
  const end = events[at]?.kind === "ack" ? acked + 1 : acked + 2;
  const legalSince = (durable: number) =>
    durable < 0 ? [none, ...states.slice(0, end)] : states.slice(durable, end);
  const durable = durableState(workload, acked);
  const legal = legalSince(durable);
  const problems: string[] = [];
  const keys = (part: "items" | "series") =>
    new Set([found, ...states].flatMap((state) => [...state[part].keys()]));
  for (const key of keys("items")) {
    const is = found.items.get(key);
    const since = durableState(workload, acked, key);
    const may = legalSince(since);
    if (isHalfWritten(key, is, may)) continue;
    if (!may.some((state) => state.items.get(key) === is))
      problems.push(
        `cut ${at}, ${acked} acked, ${since} durable: ${key} is ${is}, not ${may[0]?.items.get(key)}`,
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

/** The state that a power cut must leave at least, of everything or of one item; -1: none. */
function durableState({ steps }: Workload, acked: number, item?: string): number {
  const isPromised = ({ durable }: Workload["steps"][number]) =>
    durable instanceof RegExp ? item !== undefined && durable.test(item) : durable === true;
  return steps.slice(0, acked).findLastIndex(isPromised) + 1 || -1;
}

/** Values have no checksum: one that was not yet promised may be empty, cut off or of zeros. */
function isHalfWritten(key: string, is: string | undefined, may: readonly StoreState[]): boolean {
  if (!/^(param|tag|artifact) /.test(key) || is === undefined) return false;
  return may.some((state) => state.items.get(key) !== may[0]?.items.get(key));
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

  thingAt(path: string): object {
    return this.#model.thingAt(path.replace(this.#workspace, this.#start));
  }

  things(): Map<object, string> {
    return this.#model.things();
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

/** All syncs of one file or directory, under whatever names it had: a new run is synced where it is built, and again. */
interface SyncedThing {
  readonly kind: "fsync" | "fsyncdir";
  readonly syncs: Set<number>;
  /** Where it stood when a step promised something; null: it was replaced or removed before. */
  path: string | null;
}

function syncedThings({ events, start, workspace, workload, setup }: Recording): SyncedThing[] {
  const model = new PowerModelAt(start, workspace);
  const things = new Map<object, SyncedThing>();
  let acked = 0;
  for (const [index, event] of events.entries()) {
    if (event.kind === "fsync" || event.kind === "fsyncdir") {
      const thing = model.thingAt(event.path);
      const found = things.get(thing) ?? { kind: event.kind, syncs: new Set(), path: null };
      found.syncs.add(index);
      things.set(thing, found);
    }
    model.apply(event);
    if (event.kind !== "ack" || index < setup) continue;
    const promise = workload.steps[acked++]?.durable;
    for (const [thing, path] of promise === true ? model.things() : []) {
      const found = things.get(thing);
      if (found !== undefined) found.path ??= path;
    }
  }
  return [...things.values()].filter(({ path }) => path !== null);
}

/** Synced, though a power cut could take it without breaking a promise. */
const NOT_PROMISED: readonly (readonly [RegExp, string])[] = [
  [/^fsyncdir \/\.runstone\/objects(\/..)?$/, "the artifact in the run holds the same bytes"],
  [/^fsync .*\/tags\/w$/, "an empty value has no bytes to lose"],
  [/^fsync .*\/lease\.yaml$/, "after a power cut its owner is dead, whatever it says"],
  [/^fsync \/mlruns\/0\/\*\/\.gitignore$/, "the next seal writes it anew"],
];

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
      const things = syncedThings(recording).filter(() => IS_FULL || random() < 0.2);
      const unnoticed = things
        .filter(({ syncs }) => !isMissed(syncs))
        .map(({ kind, path }) => `${kind} ${nameless(path ?? "")}`)
        .filter((name) => !NOT_PROMISED.some(([pattern]) => pattern.test(name)));
      removeWorkspace(recording.workspace);
      t.diagnostic(`${workload.name}: without each of ${things.length} files and directories`);
      expectNone(unnoticed, `${workload.name}: synced, and not missed when it is not (seed ${SEED})`);
    });
  }
});

function nameless(path: string): string {
  return path.replace(/\.runstone-tmp-[^/]+|\d+-[0-9a-f]{16}|[0-9a-f]{32,}/g, "*");
}
