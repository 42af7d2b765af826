/** The fluent interface: MLflow's verbs on the active run of this process.. */
import type { ExperimentSearchQuery, FileStore, RunSearchQuery } from "../core/index.js";
import {
  type Experiment,
  isRunstoneError,
  type Run,
  type RunStatus,
  RunstoneError,
  type StringMap,
} from "../store-format/index.js";
import type { RestStore } from "../sync/rest/index.js";
import type { ActiveRun } from "./active-run.js";
import { endAtExit } from "./exit.js";
import { beginRun, type StartRunOptions } from "./start-run.js";
import { getTrackingUri, openStore } from "./tracking-uri.js";

interface OpenedStore {
  readonly uri: string;
  readonly store: FileStore | RestStore;
}

let opened: OpenedStore | null = null;
let experimentId: string | null = null;
const stack: ActiveRun[] = [];

/** The store of {@link getTrackingUri}; opened once. */
export function currentStore(): FileStore | RestStore {
  const uri = getTrackingUri();
  if (opened?.uri !== uri) {
    opened = { uri, store: openStore(uri) };
    experimentId = null;
  }
  return opened.store;
}

/**
 * Creates an experiment and returns its id. Rejects RESOURCE_ALREADY_EXISTS when an experiment, active or deleted, has the
 * name; then {@link setExperiment} uses it.
 */
export async function createExperiment(
  name: string,
  options: { readonly artifactLocation?: string; readonly tags?: StringMap } = {},
): Promise<string> {
  return (await currentStore().createExperiment({ name, ...options })).experimentId;
}

/** Uses an experiment for the runs that follow; it is created when there is none. Rejects INVALID_STATE for a deleted one. */
export async function setExperiment(name: string): Promise<Experiment> {
  const experiment = await experimentNamed(currentStore(), name);
  if (experiment.lifecycleStage === "deleted")
    throw new RunstoneError("INVALID_STATE", `experiment ${JSON.stringify(name)} is deleted`, {
      hint: "Restore it, or choose another name.",
      data: { experimentId: experiment.experimentId },
    });
  experimentId = experiment.experimentId;
  return experiment;
}

async function experimentNamed(store: FileStore | RestStore, name: string): Promise<Experiment> {
  const found = await store.getExperimentByName(name);
  if (found !== null) return found;
  try {
    return await store.createExperiment({ name });
  } catch (error) {
    const other = isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")
      ? await store.getExperimentByName(name)
      : null;
    if (other === null) throw error;
    return other;
  }
}

export function getExperiment(id: string): Promise<Experiment> {
  return currentStore().getExperiment(id);
}

/** Null when there is none of that name. */
export function getExperimentByName(name: string): Promise<Experiment | null> {
  return currentStore().getExperimentByName(name);
}

/** Begins a run and makes it the active one. With one active already, `nested: true` begins its child; else INVALID_STATE. */
export async function startRun(options: StartRunOptions = {}): Promise<ActiveRun> {
  const parent = activeRun();
  if (parent !== null && options.nested !== true)
    throw new RunstoneError("INVALID_STATE", `run ${parent.runId} is active`, {
      hint: "End it first, or begin a child with { nested: true }.",
      data: { runId: parent.runId },
    });
  const store = currentStore();
  const parentRunId = options.parentRunId ?? parent?.runId;
  const place = { store, experimentId: await experimentOf(store, options, parent) };
  const run = await beginRun(parentRunId === undefined ? place : { ...place, parentRunId }, options);
  stack.push(run);
  endAtExit(endAllNow, endThoseOnServers);
  return run;
}

async function experimentOf(
  store: FileStore | RestStore,
  options: StartRunOptions,
  parent: ActiveRun | null,
): Promise<string> {
  const given =
    options.experimentId ?? parent?.experimentId ?? experimentId ?? process.env.MLFLOW_EXPERIMENT_ID;
  if (given !== undefined && given !== "") return given;
  const name = process.env.MLFLOW_EXPERIMENT_NAME;
  return name === undefined || name === "" ? "0" : (await experimentNamed(store, name)).experimentId;
}

/** Runs `body` in a run that ends FINISHED, or FAILED when it throws (the error goes on). */
export async function withRun<T>(
  options: StartRunOptions,
  body: (run: ActiveRun) => Promise<T> | T,
): Promise<T> {
  const run = await startRun(options);
  let status: RunStatus = "FAILED";
  try {
    const result = await body(run);
    status = "FINISHED";
    return result;
  } finally {
    await endRun(status);
  }
}

/** The run that the verbs below write into, or null. */
export function activeRun(): ActiveRun | null {
  while (stack.at(-1)?.ended === true) stack.pop();
  return stack.at(-1) ?? null;
}

/** Ends the active run (its parent, if any, is active again). Without one it does nothing. Rejects when something was not kept. */
export async function endRun(status: RunStatus = "FINISHED"): Promise<void> {
  await stack.pop()?.end(status);
}

/** Ends each, whatever becomes of the others. Returns what was not kept. */
function endAllNow(status: RunStatus): readonly unknown[] {
  const failures: unknown[] = [];
  for (let run = stack.pop(); run !== undefined; run = stack.pop())
    try {
      run.endNow(status);
    } catch (error) {
      failures.push(error);
    }
  return failures;
}

/** Runs on a server cannot be ended without waiting: before the process exits, while it still can wait. */
async function endThoseOnServers(status: RunStatus): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  for (const run of stack.filter(({ endsNow }) => !endsNow).reverse()) {
    stack.splice(stack.indexOf(run), 1);
    await run.end(status).catch((error: unknown) => failures.push(error));
  }
  return failures;
}

/**
 * The runs that match, newest first unless an order is given: `searchRuns({ filter: "metrics.loss < 0.5" })`. Throws
 * `INVALID_PARAMETER_VALUE` for a filter that cannot be read. For pages, see `searchRuns` of {@link openStore}.
 */
export async function searchRuns(query: RunSearchQuery = {}): Promise<Run[]> {
  const page = await currentStore().searchRuns(query);
  return [...page.items];
}

/** The experiments that match, latest creation first unless an order is given. */
export async function searchExperiments(query: ExperimentSearchQuery = {}): Promise<Experiment[]> {
  const page = await currentStore().searchExperiments(query);
  return [...page.items];
}

function current(): ActiveRun {
  const run = activeRun();
  if (run !== null) return run;
  throw new RunstoneError("INVALID_STATE", "no run is active", { hint: "Begin one: await startRun()." });
}

type Verb<K extends keyof ActiveRun> = ActiveRun[K] extends (...args: infer A) => infer R
  ? (...args: A) => R
  : never;

export const logMetric: Verb<"logMetric"> = (...args) => current().logMetric(...args);
export const logMetrics: Verb<"logMetrics"> = (...args) => current().logMetrics(...args);
export const logParam: Verb<"logParam"> = (...args) => current().logParam(...args);
export const logParams: Verb<"logParams"> = (...args) => current().logParams(...args);
export const setTag: Verb<"setTag"> = (...args) => current().setTag(...args);
export const setTags: Verb<"setTags"> = (...args) => current().setTags(...args);
export const deleteTag: Verb<"deleteTag"> = (...args) => current().deleteTag(...args);
export const logArtifact: Verb<"logArtifact"> = (...args) => current().logArtifact(...args);
export const logArtifacts: Verb<"logArtifacts"> = (...args) => current().logArtifacts(...args);
export const logText: Verb<"logText"> = (...args) => current().logText(...args);
export const logDict: Verb<"logDict"> = (...args) => current().logDict(...args);
export const logTable: Verb<"logTable"> = (...args) => current().logTable(...args);
export const logImage: Verb<"logImage"> = (...args) => current().logImage(...args);
export const logFigure: Verb<"logFigure"> = (...args) => current().logFigure(...args);
export const logStream: Verb<"logStream"> = (...args) => current().logStream(...args);
export const logInput: Verb<"logInput"> = (...args) => current().logInput(...args);
/** Makes everything logged to the active run durable. */
export const flush: Verb<"flush"> = (...args) => current().flush(...args);
