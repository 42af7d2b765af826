/** Beginning a run from the library: capture, create (or resume, or join), lease, and what goes on beside it. */
import { join } from "node:path";
import {
  type Capture,
  type CaptureOptions,
  captureArtifacts,
  captureBefore,
  captureDuring,
  captureTags,
  FileStore,
  findWorkspace,
  keepCapturedSnapshot,
  processOwner,
  type RunWriter,
  readConfig,
  redactArgv,
  SystemSampler,
  snapshotLimitsOf,
  withMissing,
} from "../core/index.js";
import { flattenParams, type ParamValue, RunstoneError, type StringMap } from "../store-format/index.js";
import type { RestStore } from "../sync/rest/index.js";
import { ActiveRun, type RunHooks } from "./active-run.js";
import { runDefaults } from "./run-defaults.js";

export interface StartRunOptions {
  readonly runName?: string;
  /** Resumes this run. */
  readonly runId?: string;
  /** A job that is requeued finds its run again by this key; its attempts are counted. */
  readonly runKey?: string;
  readonly experimentId?: string;
  /** Begins a child of the active run. */
  readonly nested?: boolean;
  readonly parentRunId?: string;
  readonly tags?: StringMap;
  readonly params?: { readonly [key: string]: ParamValue };
  /** A note: the tag `mlflow.note.content`. */
  readonly description?: string;
  /** Git, environment, packages; default as the workspace's config says. */
  readonly capture?: boolean;
  /** CPU, memory and GPU under `system/`; default false, or as `autolog` says. */
  readonly systemMetrics?: boolean;
  /** Milliseconds between two samples; default 10,000. */
  readonly systemMetricsInterval?: number;
  /** Takes over a run whose process is silent. */
  readonly takeOver?: boolean;
}

const SAMPLE_MS = 10_000;

/** Where a run begins. */
export interface StartPlace {
  readonly store: FileStore | RestStore;
  readonly experimentId: string;
  readonly parentRunId?: string;
}

/**
 * Begins a run. Rejects RESOURCE_DOES_NOT_EXIST (run, experiment, parent), INVALID_STATE (deleted), LEASE_HELD (another
 * live process has the run), and the store's I/O errors: without a run nothing can be logged.
 */
export async function beginRun(place: StartPlace, options: StartRunOptions): Promise<ActiveRun> {
  const joins = options.runId === undefined && options.runKey === undefined && !isNested(place);
  // The run of a wrapper lies in a store of files.
  const joined = joins && place.store instanceof FileStore ? wrapperRunId() : null;
  if (joined !== null) return joinRun(place.store, joined, options);
  const captured = captureOptions(place.store);
  const capture = options.capture === false ? null : await captureBefore(captured);
  const writer = await openWriter(place, options, capture);
  let late: Promise<void> | undefined;
  const hooks: RunHooks = { settle: async () => late, ...sampling(writer, options) };
  const run = new ActiveRun(place.store, writer, { owned: true, hooks });
  logGiven(run, options);
  const resumed = options.runId !== undefined || options.runKey !== undefined;
  if (capture !== null)
    late = noteCapture(writer, captureRest(capture, captured, { runId: writer.runId, resumed }), run);
  return run;
}

/** The run that `runstone run` began around this process; it ends the run, we take part. */
function wrapperRunId(): string | null {
  const runId = process.env.RUNSTONE_RUN_ID;
  return runId === undefined || runId === "" ? null : runId;
}

function isNested(place: StartPlace): boolean {
  return place.parentRunId !== undefined;
}

async function joinRun(
  store: FileStore | RestStore,
  runId: string,
  options: StartRunOptions,
): Promise<ActiveRun> {
  const run = new ActiveRun(store, await store.openRun(runId), { owned: false });
  logGiven(run, options);
  if (options.runName !== undefined) run.setTag("mlflow.runName", options.runName);
  return run;
}

async function openWriter(
  place: StartPlace,
  options: StartRunOptions,
  capture: Capture | null,
): Promise<RunWriter> {
  const owner = processOwner(redactArgv(process.argv).join(" "), process.env.SLURM_JOB_ID ?? null);
  const lease = { owner, takeOver: options.takeOver === true };
  const known = options.runId ?? (await keyedRun(place, options.runKey));
  if (known !== null) return place.store.resumeRun(known, lease);
  const run = await place.store.createRun({
    experimentId: place.experimentId,
    tags: {
      ...(capture === null ? {} : captureTags(capture)),
      ...options.tags,
      ...noteTag(options.description),
    },
    ...(options.runName === undefined ? {} : { runName: options.runName }),
    ...(options.runKey === undefined ? {} : { runKey: options.runKey }),
    ...(place.parentRunId === undefined ? {} : { parentRunId: place.parentRunId }),
  });
  return place.store.openRun(run.info.runId, lease);
}

async function keyedRun(place: StartPlace, runKey: string | undefined): Promise<string | null> {
  return runKey === undefined ? null : place.store.findRunByKey(place.experimentId, runKey);
}

function noteTag(description: string | undefined): StringMap {
  return description === undefined ? {} : { "mlflow.note.content": description };
}

function logGiven(run: ActiveRun, options: StartRunOptions): void {
  if (options.params !== undefined) run.logParams(Object.fromEntries(flattenParams(options.params)));
}

function captureOptions(store: FileStore | RestStore): CaptureOptions {
  const here =
    store instanceof FileStore ? store.context : { workspace: findWorkspace(process.cwd()), root: null };
  const { capture } = readConfig(here.workspace);
  return {
    cwd: process.cwd(),
    env: process.env,
    argv: process.argv,
    storePath: here.root ?? join(process.cwd(), "mlruns"),
    parts: {
      git: capture.git,
      patch: capture.patch,
      snapshot: capture.snapshot,
      environment: capture.environment,
      packages: capture.packages,
    },
    snapshotLimits: snapshotLimitsOf(capture),
  };
}

/** The ref of the snapshot, and what the run does not change. */
async function captureRest(
  capture: Capture,
  options: CaptureOptions,
  run: { readonly runId: string; readonly resumed: boolean },
): Promise<Capture> {
  const [missing, more] = await Promise.all([
    keepCapturedSnapshot(capture, { env: options.env, ...run }),
    captureDuring(capture, options),
  ]);
  return withMissing(more, missing);
}

/** What came late is added while the run goes on; a process that exits before does without. Capture fails softly. */
function noteCapture(writer: RunWriter, late: Promise<Capture>, run: ActiveRun): Promise<void> {
  const note = (capture: Capture): void => {
    if (run.ended) return;
    writer.setTags(captureTags(capture));
    for (const { path, text, encoding } of captureArtifacts(capture))
      writer.logArtifactBytes(path, Buffer.from(text, encoding));
  };
  return late.then(note).catch((error: unknown) => {
    process.emitWarning(`a part of the capture failed: ${String(error)}`, "RunstoneWarning");
  });
}

function sampling(writer: RunWriter, options: StartRunOptions): RunHooks {
  if (!(options.systemMetrics ?? runDefaults().systemMetrics)) return {};
  const sampler = new SystemSampler({ pid: process.pid });
  let step = 0;
  const sample = (): void => {
    const timestamp = Date.now();
    const values = Object.entries(sampler.sample());
    try {
      writer.logMetrics(values.map(([key, value]) => ({ key: `system/${key}`, value, step, timestamp })));
      step += 1;
    } catch (error) {
      // From a timer nothing may be thrown into training; without room the samples stop.
      if (!(error instanceof RunstoneError)) throw error;
      clearInterval(timer);
    }
  };
  const timer = setInterval(sample, options.systemMetricsInterval ?? SAMPLE_MS).unref();
  return {
    beforeEnd: () => {
      clearInterval(timer);
      sample();
    },
  };
}
