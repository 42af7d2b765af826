/** What crash, fault and power-loss tests do to a store: named workloads of steps, each acknowledged when it returned. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processOwner } from "../../core/leases/index.js";
import { collectGarbage } from "../../core/maintenance/gc.js";
import { repair } from "../../core/maintenance/repair.js";
import type { StoreContext } from "../../core/store/context.js";
import { DEFAULT_EXPERIMENT_ID } from "../../core/store/experiments/index.js";
import type { FileStore } from "../../core/store/file-store.js";
import { openFileStore } from "../../core/store/open-store.js";
import { findRun } from "../../core/store/read/runs.js";
import type { FileRunWriter } from "../../core/store/runs/run-writer.js";
import {
  mergeRun,
  offerRun,
  type ReceivedRun,
  receiveArtifacts,
  receiveRun,
  receivingExperiment,
  resolveConflict,
} from "../../core/transfer/index.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { isRunstoneError, type Metric, RunstoneError } from "../../store-format/index.js";

/** A process at work in one workspace. */
export class Desk {
  readonly workspace: string;
  time = 1_748_764_800_000;
  #store: FileStore | null = null;
  readonly #writers = new Map<string, FileRunWriter>();

  constructor(workspace: string) {
    this.workspace = workspace;
  }

  get store(): FileStore {
    this.#store ??= openFileStore({ cwd: this.workspace, now: () => this.time });
    return this.#store;
  }

  get context(): StoreContext {
    return this.store.context;
  }

  /** Looking things up is the test's own work. */
  static isLooking = false;

  async #look<T>(look: () => Promise<T>): Promise<T> {
    Desk.isLooking = true;
    try {
      return await look();
    } finally {
      Desk.isLooking = false;
    }
  }

  runId(name: string): Promise<string> {
    return this.#look(() => this.#runId(name));
  }

  experimentId(name: string): Promise<string> {
    return this.#look(() => this.#experimentId(name));
  }

  /** The one beside the default experiment. */
  otherExperimentId(): Promise<string> {
    return this.#look(() => anyId(this));
  }

  modelId(): Promise<string> {
    return this.#look(() => this.#modelId());
  }

  async #runId(name: string): Promise<string> {
    for await (const run of this.store.listRuns({ view: "all" }))
      if (run.info.runName === name) return run.info.runId;
    throw new Error(`there is no run ${name}`);
  }

  async #experimentId(name: string): Promise<string> {
    const found = await this.store.getExperimentByName(name);
    if (found === null) throw new Error(`there is no experiment ${name}`);
    return found.experimentId;
  }

  async #modelId(): Promise<string> {
    const [model] = await this.store.listLoggedModels(DEFAULT_EXPERIMENT_ID, "all");
    if (model === undefined) throw new Error("there is no logged model");
    return model.modelId;
  }

  /** The writer of a run, opened once; further writers of the same run under further names. */
  async writer(run: string, which = "first", owner = false): Promise<FileRunWriter> {
    const name = `${run} ${which}`;
    const open = this.#writers.get(name);
    if (open !== undefined) return open;
    const options = owner ? { owner: processOwner("test") } : {};
    const writer = await this.store.openRun(await this.runId(run), options);
    this.#writers.set(name, writer);
    return writer;
  }

  keep(run: string, writer: FileRunWriter): void {
    this.#writers.set(`${run} first`, writer);
  }

  async end(run: string): Promise<void> {
    const writer = await this.writer(run);
    await writer.end({ status: "FINISHED", endTime: this.time });
    this.#writers.delete(`${run} first`);
  }

  async close(run: string, which: string): Promise<void> {
    await (await this.writer(run, which)).close();
    this.#writers.delete(`${run} ${which}`);
  }

  /** A writer that was ended by another way than {@link end}. */
  forget(run: string): void {
    this.#writers.delete(`${run} first`);
  }

  /** Gives everything back that is still open; what fails is another test's matter. */
  async leave(): Promise<void> {
    for (const writer of this.#writers.values()) await writer.close().catch(() => undefined);
    this.#writers.clear();
  }
}

export interface Step {
  readonly name: string;
  readonly act: (desk: Desk) => Promise<void> | void;
  /** True: a reader sees the state before or the one after, nothing between. */
  readonly atomic?: boolean;
  /** What a repeat may throw when the step is done already. */
  readonly done?: readonly string[];
  /** A repeat adds again what is there: it is repeated only when nothing of it is there. */
  readonly adds?: boolean;
  /** Everything before is promised to survive a power cut when it returned; a pattern: the items whose key it matches. */
  readonly durable?: boolean | RegExp;
}

export interface Workload {
  readonly name: string;
  /** Not disturbed. */
  readonly setup: (desk: Desk) => Promise<void>;
  readonly steps: readonly Step[];
}

export function point(key: string, step: number): Metric {
  return { key, value: step / 7, timestamp: 1_700_000_000_000 + step, step };
}

function points(key: string, from: number, to: number): Metric[] {
  return Array.from({ length: to - from }, (_, index) => point(key, from + index));
}

async function newWorkspace(desk: Desk): Promise<void> {
  mkdirSync(desk.workspace, { recursive: true });
  initWorkspace(desk.workspace);
}

async function newRun(desk: Desk, runName: string, more: object = {}): Promise<void> {
  await desk.store.createRun({ experimentId: DEFAULT_EXPERIMENT_ID, runName, startTime: desk.time, ...more });
}

/** What a run was created with is durable after a flush. */
async function flushedRun(desk: Desk, runName: string, more: object = {}): Promise<void> {
  await newRun(desk, runName, more);
  await (await desk.writer(runName)).flush();
  await desk.close(runName, "first");
}

async function withRun(desk: Desk): Promise<void> {
  await newWorkspace(desk);
  await newRun(desk, "r", { params: { lr: "0.1" }, tags: { team: "a" } });
}

async function sealedRun(desk: Desk): Promise<void> {
  await withRun(desk);
  const writer = await desk.writer("r");
  writer.logMetrics(points("loss", 0, 5));
  writer.logParams({ depth: "3" });
  writer.logArtifactBytes("a/model.bin", content(700));
  await desk.end("r");
}

function content(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + 7) % 251);
}

async function* streamOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 256) yield bytes.subarray(at, at + 256);
}

const createStore: Workload = {
  name: "create store",
  setup: async (desk) => void mkdirSync(desk.workspace, { recursive: true }),
  steps: [{ name: "init", act: (desk) => void initWorkspace(desk.workspace), durable: true }],
};

const createExperiment: Workload = {
  name: "create experiment",
  setup: newWorkspace,
  steps: [
    {
      name: "create",
      atomic: true,
      durable: true,
      done: ["RESOURCE_ALREADY_EXISTS"],
      act: async (desk) =>
        void (await desk.store.createExperiment({ name: "wine", tags: { a: "1", "b/c": "2" } })),
    },
    {
      name: "tag",
      durable: true,
      act: async (desk) =>
        desk.store.setExperimentTags(await desk.experimentId("wine"), { "deep/er/tag": "x", a: "2" }),
    },
    {
      name: "untag",
      durable: true,
      done: ["RESOURCE_DOES_NOT_EXIST"],
      act: async (desk) => desk.store.deleteExperimentTag(await desk.experimentId("wine"), "deep/er/tag"),
    },
  ],
};

const createRun: Workload = {
  name: "create run",
  setup: newWorkspace,
  steps: [
    {
      name: "create",
      atomic: true,
      adds: true,
      // The run and its meta.yaml, not yet its params and tags (SPEC.md section 10).
      durable: /^(place of |life of )?run /,
      act: (desk) =>
        newRun(desk, "r", { params: { lr: "0.1", "opt/beta": "0.9" }, tags: { "t/u": "v", w: "" } }),
    },
    { name: "flush", act: async (desk) => (await desk.writer("r")).flush(), durable: true },
  ],
};

const logPoints: Workload = {
  name: "log points",
  setup: withRun,
  steps: [
    { name: "one", adds: true, act: async (desk) => (await desk.writer("r")).logMetrics([point("loss", 0)]) },
    { name: "two", adds: true, act: async (desk) => (await desk.writer("r")).logMetrics([point("loss", 1)]) },
    {
      name: "deep",
      adds: true,
      act: async (desk) => (await desk.writer("r")).logMetrics([point("val/acc", 0)]),
    },
    { name: "flush", act: async (desk) => (await desk.writer("r")).flush(), durable: true },
    {
      name: "batch",
      adds: true,
      act: async (desk) =>
        (await desk.writer("r")).logMetrics([
          ...points("loss", 2, 5),
          ...points("val/acc", 1, 3),
          ...points("x", 0, 2),
        ]),
    },
    {
      name: "linked",
      adds: true,
      act: async (desk) =>
        (await desk.writer("r")).logMetrics([{ ...point("loss", 5), dataset: { name: "d", digest: "1" } }]),
    },
    { name: "flush again", act: async (desk) => (await desk.writer("r")).flush(), durable: true },
    {
      name: "log batch",
      adds: true,
      act: async (desk) =>
        desk.store.logBatch(await desk.runId("r"), {
          metrics: points("y", 0, 3),
          params: { p: "1" },
          tags: { q: "2" },
        }),
    },
  ],
};

const severalWriters: Workload = {
  name: "several writers",
  setup: withRun,
  steps: [
    {
      name: "first",
      adds: true,
      act: async (desk) => (await desk.writer("r", "first", true)).logMetrics(points("loss", 0, 3)),
    },
    {
      name: "second",
      adds: true,
      act: async (desk) => (await desk.writer("r", "second")).logMetrics(points("loss", 10, 13)),
    },
    {
      name: "third",
      adds: true,
      act: async (desk) =>
        (await desk.writer("r", "third")).logMetrics([
          { ...point("acc", 1), dataset: { name: "d", digest: "1" } },
        ]),
    },
    { name: "close third", act: (desk) => desk.close("r", "third") },
    { name: "close second", act: (desk) => desk.close("r", "second") },
    { name: "end", act: (desk) => desk.end("r"), durable: true },
  ],
};

const tags: Workload = {
  name: "tags",
  setup: withRun,
  steps: [
    { name: "set", act: async (desk) => (await desk.writer("r")).setTags({ a: "1", "b/c": "2" }) },
    { name: "replace", act: async (desk) => (await desk.writer("r")).setTags({ a: "two" }) },
    {
      name: "delete",
      done: ["RESOURCE_DOES_NOT_EXIST"],
      act: async (desk) => (await desk.writer("r")).deleteTag("b/c"),
    },
    { name: "params", act: async (desk) => (await desk.writer("r")).logParams({ p: "1", "q/r": "2" }) },
    { name: "flush", act: async (desk) => (await desk.writer("r")).flush(), durable: true },
    {
      name: "store set",
      act: async (desk) => desk.store.setTags(await desk.runId("r"), { "k/l": "3", z: "4" }),
      durable: true,
    },
    {
      name: "store delete",
      durable: true,
      done: ["RESOURCE_DOES_NOT_EXIST"],
      act: async (desk) => desk.store.deleteTag(await desk.runId("r"), "z"),
    },
  ],
};

const artifacts: Workload = {
  name: "artifacts",
  setup: async (desk) => {
    await withRun(desk);
    writeFileSync(join(desk.workspace, "source.bin"), content(900));
  },
  steps: [
    {
      name: "bytes",
      act: async (desk) => (await desk.writer("r")).logArtifactBytes("a/b.bin", content(500)),
    },
    {
      name: "again",
      act: async (desk) => (await desk.writer("r")).logArtifactBytes("a/b.bin", content(600)),
    },
    {
      name: "file",
      act: async (desk) =>
        (await desk.writer("r")).logArtifactFile(join(desk.workspace, "source.bin"), "f.bin"),
    },
    {
      name: "stream",
      durable: /^artifact .* s\/t\.bin$/,
      act: async (desk) =>
        desk.store.artifacts.write({ runId: await desk.runId("r") }, "s/t.bin", streamOf(content(700))),
    },
    { name: "flush", act: async (desk) => (await desk.writer("r")).flush(), durable: true },
    { name: "end", act: (desk) => desk.end("r"), durable: true },
    {
      name: "late",
      durable: true,
      act: async (desk) =>
        desk.store.artifacts.write({ runId: await desk.runId("r") }, "late.bin", streamOf(content(300))),
    },
  ],
};

const inputs: Workload = {
  name: "inputs and outputs",
  setup: async (desk) => {
    await withRun(desk);
    await (await desk.writer("r")).flush();
    await desk.store.createLoggedModel({ experimentId: DEFAULT_EXPERIMENT_ID, name: "m" });
  },
  steps: [
    {
      name: "inputs",
      durable: true,
      act: async (desk) => {
        const dataset = {
          name: "d",
          digest: "1",
          sourceType: "local",
          source: "{}",
          schema: "",
          profile: "",
        };
        (await desk.writer("r")).logInputs({
          datasets: [{ dataset, tags: { k: "v" } }],
          modelIds: [await desk.modelId()],
        });
      },
    },
    {
      name: "outputs",
      durable: true,
      act: async (desk) => (await desk.writer("r")).logOutputs([{ modelId: await desk.modelId(), step: 3 }]),
    },
    {
      name: "model point",
      adds: true,
      act: async (desk) =>
        (await desk.writer("r")).logMetrics([{ ...point("loss", 1), modelId: await desk.modelId() }]),
    },
    { name: "flush", durable: true, act: async (desk) => (await desk.writer("r")).flush() },
    {
      name: "finalize",
      durable: true,
      act: async (desk) => void (await desk.store.finalizeLoggedModel(await desk.modelId(), "READY")),
    },
    { name: "end", act: (desk) => desk.end("r"), durable: true },
  ],
};

const endRun: Workload = {
  name: "end run",
  setup: async (desk) => {
    await withRun(desk);
    const writer = await desk.writer("r", "first", true);
    writer.logMetrics(points("loss", 0, 4));
    writer.logArtifactBytes("model.bin", content(700));
  },
  steps: [{ name: "end", act: (desk) => desk.end("r"), durable: true }],
};

const resume: Workload = {
  name: "resume",
  setup: sealedRun,
  steps: [
    {
      name: "resume",
      durable: true,
      act: async (desk) => {
        const options = { owner: processOwner("test") };
        desk.keep("r", await desk.store.resumeRun(await desk.runId("r"), options));
      },
    },
    {
      name: "log",
      adds: true,
      act: async (desk) => (await desk.writer("r")).logMetrics(points("loss", 5, 8)),
    },
    { name: "end", act: (desk) => desk.end("r"), durable: true },
  ],
};

const lifeCycle: Workload = {
  name: "delete and restore runs",
  setup: async (desk) => {
    await sealedRun(desk);
    const parentRunId = await desk.runId("r");
    await flushedRun(desk, "child", { parentRunId });
    await flushedRun(desk, "grandchild", { parentRunId: await desk.runId("child") });
  },
  steps: [
    {
      name: "rename",
      durable: true,
      act: async (desk) => void (await desk.store.updateRun(await desk.runId("child"), { runName: "child" })),
    },
    {
      name: "delete",
      durable: true,
      act: async (desk) => void (await desk.store.deleteRun(await desk.runId("r"), { tree: true })),
    },
    {
      name: "restore",
      durable: true,
      act: async (desk) => void (await desk.store.restoreRun(await desk.runId("r"), { tree: true })),
    },
  ],
};

const experimentLife: Workload = {
  name: "delete, restore and rename an experiment",
  setup: async (desk) => {
    await newWorkspace(desk);
    const { experimentId } = await desk.store.createExperiment({ name: "wine" });
    await flushedRun(desk, "one", { experimentId });
    await flushedRun(desk, "two", { experimentId });
    await desk.store.deleteRun(await desk.runId("two"));
  },
  steps: [
    {
      name: "rename",
      atomic: true,
      durable: true,
      act: async (desk) => desk.store.renameExperiment(await desk.otherExperimentId(), "beer"),
    },
    {
      name: "delete",
      durable: true,
      done: ["INVALID_STATE"],
      act: async (desk) => desk.store.deleteExperiment(await desk.otherExperimentId()),
    },
    {
      name: "restore",
      durable: true,
      done: ["INVALID_STATE"],
      act: async (desk) => desk.store.restoreExperiment(await desk.otherExperimentId()),
    },
  ],
};

async function anyId(desk: Desk): Promise<string> {
  const all = await desk.store.listExperiments("all");
  const found = all.find(({ experimentId }) => experimentId !== DEFAULT_EXPERIMENT_ID);
  if (found === undefined) throw new Error("there is no other experiment");
  return found.experimentId;
}

const moveRun: Workload = {
  name: "move a run",
  setup: async (desk) => {
    await sealedRun(desk);
    await desk.store.createExperiment({ name: "other" });
  },
  steps: [
    {
      name: "move",
      durable: true,
      act: async (desk) => desk.store.moveRun(await desk.runId("r"), await desk.experimentId("other")),
    },
  ],
};

const gc: Workload = {
  name: "gc",
  setup: async (desk) => {
    await sealedRun(desk);
    await newRun(desk, "gone");
    const writer = await desk.writer("gone");
    writer.logArtifactBytes("x.bin", content(300));
    await desk.end("gone");
    await desk.store.deleteRun(await desk.runId("gone"));
  },
  steps: [
    { name: "collect", act: (desk) => collect(desk, 20) },
    { name: "collect again", act: (desk) => collect(desk, 40) },
  ],
};

function collect(desk: Desk, days: number): void {
  const now = Date.now() + days * 86_400_000;
  collectGarbage(desk.context, { now, deletedBefore: now, owner: processOwner("gc") });
}

const repairStore: Workload = {
  name: "repair",
  setup: async (desk) => {
    await sealedRun(desk);
    await newRun(desk, "torn");
    const writer = await desk.writer("torn");
    writer.logMetrics(points("loss", 0, 3));
    writer.logArtifactBytes("x.bin", content(300));
    await desk.writer("torn", "second").then((second) => second.logMetrics(points("loss", 9, 11)));
    await desk.close("torn", "second");
    await desk.end("torn");
    const directory = join(desk.context.root, DEFAULT_EXPERIMENT_ID, await desk.runId("torn"));
    writeFileSync(join(directory, "metrics", "loss"), "17", { flag: "a" });
    writeFileSync(join(directory, "manifest.yaml"), "broken");
  },
  steps: [{ name: "repair", act: repairOrFail }],
};

function repairOrFail(desk: Desk): void {
  const [failure] = repair(desk.context).failures;
  if (failure !== undefined)
    throw new RunstoneError("IO_ERROR", failure.reason, { data: { path: failure.path } });
}

const registry: Workload = {
  name: "registry",
  setup: sealedRun,
  steps: [
    {
      name: "model",
      durable: true,
      done: ["RESOURCE_ALREADY_EXISTS"],
      act: async (desk) =>
        void (await desk.store.createRegisteredModel("wine", { description: "d", tags: { a: "1" } })),
    },
    {
      name: "version",
      adds: true,
      durable: true,
      act: async (desk) =>
        void (await desk.store.createModelVersion({
          name: "wine",
          source: "/tmp/x",
          runId: await desk.runId("r"),
          tags: { v: "1" },
        })),
    },
    { name: "alias", durable: true, act: (desk) => desk.store.setAlias("wine", "best", 1) },
    {
      name: "stage",
      durable: true,
      act: async (desk) => void (await desk.store.transitionStage("wine", 1, "Production")),
    },
    {
      name: "rename",
      durable: true,
      done: ["RESOURCE_DOES_NOT_EXIST"],
      act: (desk) => desk.store.renameRegisteredModel("wine", "beer"),
    },
    {
      name: "delete version",
      durable: true,
      done: ["RESOURCE_DOES_NOT_EXIST"],
      act: (desk) => desk.store.deleteModelVersion("beer", 1),
    },
    {
      name: "delete",
      durable: true,
      done: ["RESOURCE_DOES_NOT_EXIST"],
      act: (desk) => desk.store.deleteRegisteredModel("beer"),
    },
  ],
};

/** A run from an empty directory to its end: everything a first user does. */
const wholeLife: Workload = {
  name: "whole life",
  setup: async (desk) => void mkdirSync(desk.workspace, { recursive: true }),
  steps: [
    { name: "init", act: (desk) => void initWorkspace(desk.workspace) },
    { name: "create", adds: true, act: (desk) => newRun(desk, "r", { params: { lr: "0.1" } }) },
    { name: "log", adds: true, act: async (desk) => (await desk.writer("r")).logMetrics([point("loss", 0)]) },
    {
      name: "batch",
      adds: true,
      act: async (desk) =>
        (await desk.writer("r")).logMetrics([...points("loss", 1, 3), ...points("acc", 0, 2)]),
    },
    { name: "tag", act: async (desk) => (await desk.writer("r")).setTags({ "a/b": "1" }) },
    { name: "tag again", act: async (desk) => (await desk.writer("r")).setTags({ "a/b": "2" }) },
    {
      name: "artifact",
      act: async (desk) => (await desk.writer("r")).logArtifactBytes("a/b.bin", content(500)),
    },
    {
      name: "second writer",
      adds: true,
      act: async (desk) => (await desk.writer("r", "second")).logMetrics(points("loss", 10, 12)),
    },
    { name: "close second", act: (desk) => desk.close("r", "second") },
    { name: "flush", act: async (desk) => (await desk.writer("r")).flush() },
    { name: "end", act: (desk) => desk.end("r") },
  ],
};

/** When the runs of a setup end. */
const COMMON_END = 1_748_764_800_000;
const RECEIVED = "5ce1a11ed0123456789abcdef0123456";

/** What another store offers of a run like `name`, under its own id and name. */
async function offered(
  desk: Desk,
  name: string,
  change: { readonly runId: string; readonly runName: string },
  options: { readonly artifacts?: boolean } = {},
): Promise<ReceivedRun> {
  const location = findRun(desk.context, await desk.runId(name));
  if (location === null) throw new Error(`there is no run ${name}`);
  Desk.isLooking = true;
  const { run } = offerRun(desk.context, location, options);
  Desk.isLooking = false;
  const info = { ...run.document.info, ...change };
  const artifact: ReceivedRun["artifact"] = (head, start) =>
    options.artifacts === false ? null : [bytesOf(head.path).subarray(start)];
  return { ...run, artifact, document: { ...run.document, info, experimentName: "elsewhere" } };
}

/** Of the artifacts of {@link runToSend}. */
function bytesOf(path: string): Uint8Array {
  return content(path === "a/model.bin" ? 700 : 300);
}

/** A sealed run `r`, whose objects are gone: its copy brings the bytes along. */
async function runToSend(desk: Desk): Promise<void> {
  await sealedRun(desk);
  const dataset = { name: "d", digest: "1", sourceType: "local", source: "{}", schema: "", profile: "" };
  const writer = await desk.writer("r");
  writer.logArtifactBytes("small.bin", content(300));
  writer.logMetrics([{ ...point("val/acc", 1), dataset: { name: "d", digest: "1" } }]);
  writer.logInputs({ datasets: [{ dataset, tags: { k: "v" } }] });
  await desk.end("r");
  rmSync(join(desk.workspace, ".runstone/objects"), { recursive: true });
}

async function receive(
  desk: Desk,
  change: { runId: string; runName: string },
  artifacts: boolean,
): Promise<void> {
  const run = await offered(desk, "r", change, { artifacts });
  await receiveRun(desk.context, run, { resumedFromBytes: 500 });
}

const receiving: Workload = {
  name: "receive runs",
  setup: runToSend,
  steps: [
    {
      name: "experiment",
      atomic: true,
      durable: true,
      act: (desk) => void receivingExperiment(desk.context, { name: "elsewhere", tags: { a: "1" } }),
    },
    {
      name: "receive",
      durable: true,
      act: (desk) => receive(desk, { runId: RECEIVED, runName: "copy" }, true),
    },
    {
      name: "receive without bytes",
      // The dataset is there, so that nothing but the run appears.
      atomic: true,
      durable: true,
      act: (desk) => receive(desk, { runId: `0${RECEIVED}`, runName: "bare" }, false),
    },
    {
      name: "bring the bytes",
      durable: true,
      act: async (desk) => {
        const location = findRun(desk.context, `0${RECEIVED}`);
        if (location !== null)
          await receiveArtifacts(desk.context, location, { source: ({ path }) => [bytesOf(path)] });
      },
    },
  ],
};

/** What the other store has of the run `r`, which went on there. */
async function theirs(desk: Desk): Promise<ReceivedRun> {
  const run = await offered(desk, "theirs", { runId: await desk.runId("r"), runName: "r" });
  const tags = { ...run.document.tags, "mlflow.runName": "r" };
  return { ...run, document: { ...run.document, tags } };
}

const merging: Workload = {
  name: "merge runs",
  setup: async (desk) => {
    await sealedRun(desk);
    await newRun(desk, "theirs", { params: { lr: "0.2", more: "1" }, tags: { team: "b", "new/tag": "n" } });
    const writer = await desk.writer("theirs");
    const dataset = { name: "d", digest: "1", sourceType: "local", source: "{}", schema: "", profile: "" };
    writer.logMetrics([...points("loss", 3, 9), ...points("val/acc", 0, 3)]);
    writer.logMetrics([{ ...point("loss", 20), dataset: { name: "d", digest: "1" } }]);
    writer.logInputs({ datasets: [{ dataset, tags: { k: "v" } }] });
    writer.logArtifactBytes("a/late.bin", content(300));
    writer.logArtifactBytes("a/model.bin", content(700));
    await writer.end({ status: "FAILED", endTime: desk.time + 5 });
    desk.forget("theirs");
  },
  steps: [
    {
      name: "merge",
      durable: true,
      act: async (desk) => {
        const location = findRun(desk.context, await desk.runId("r"));
        if (location === null) throw new Error("there is no run r");
        const common = {
          tags: { "mlflow.runName": "r", team: "a" },
          runName: "r",
          status: "FINISHED" as const,
          endTime: COMMON_END,
          lifecycleStage: "active" as const,
        };
        await mergeRun(desk.context, location, { theirs: await theirs(desk), common });
      },
    },
    {
      name: "settle",
      durable: true,
      act: async (desk) => {
        const location = findRun(desk.context, await desk.runId("r"));
        if (location !== null)
          await resolveConflict(desk.context, location, { field: "param", key: "lr" }, { value: "0.2" });
      },
    },
  ],
};

export const WORKLOADS: readonly Workload[] = [
  createStore,
  createExperiment,
  createRun,
  logPoints,
  severalWriters,
  tags,
  artifacts,
  inputs,
  endRun,
  resume,
  lifeCycle,
  experimentLife,
  moveRun,
  gc,
  repairStore,
  registry,
  receiving,
  merging,
];

export function workloadOf(name: string): Workload {
  const found = [...WORKLOADS, wholeLife].find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`there is no workload ${name}`);
  return found;
}

/** Whether the workspace got so far that a store can be opened. */
export function hasStore(workspace: string): boolean {
  return existsSync(join(workspace, ".runstone", "config.yaml")) && existsSync(join(workspace, "mlruns"));
}

/** Repeats a step whose acknowledgement is not known. */
export async function repeat(step: Step, desk: Desk): Promise<void> {
  try {
    await step.act(desk);
  } catch (error) {
    if (!(step.done ?? []).some((code) => isRunstoneError(error) && error.code === code)) throw error;
  }
}
