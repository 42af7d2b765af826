/** From the command line to a run that exists and is ours, before its child starts. */
import { hostname } from "node:os";
import { type Capture, type CaptureOptions, captureBefore, captureTags } from "../../core/capture/capture.js";
import type { Missing } from "../../core/capture/missing.js";
import { isSameProcessAlive } from "../../core/capture/process-identity.js";
import { redactArgv, redactText } from "../../core/capture/redact.js";
import { keepCapturedSnapshot } from "../../core/git/snapshot/keep-of-run.js";
import type { NewRun } from "../../core/interfaces.js";
import { type LeaseOwner, processOwner } from "../../core/leases/index.js";
import type { Spool } from "../../core/process/spool.js";
import type { FileStore } from "../../core/store/file-store.js";
import { readConfig } from "../../core/store/open-context.js";
import { findRun, mustFindRun } from "../../core/store/read/runs.js";
import type { FileRunWriter } from "../../core/store/runs/run-writer.js";
import {
  type Experiment,
  isRunstoneError,
  type Run,
  RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import type { RunArguments } from "../commands/run.js";
import type { CommandContext } from "../context.js";
import { parsePairs } from "../parse/pairs.js";
import { readRunKey } from "../parse/run-key.js";
import { runIdOf } from "../run-words.js";
import { experimentForNewRun } from "../store/default-experiment.js";
import { type OpenStore, openOrMakeStore, openStore } from "../store/open-store.js";
import { type MlflowScript, NO_MLFLOW, readMlflowScript } from "./mlflow-script.js";
import { OPTIONS_TAG, optionsText } from "./options-tag.js";
import { type RecordedParts, recordedParts } from "./recorded-parts.js";
import { redactValues } from "./redact-values.js";
import { spoolsOfRun } from "./spool-bases.js";

/** A run that is ours to write. */
export interface PreparedRun {
  readonly store: FileStore;
  readonly onDamage: OpenStore["onDamage"];
  readonly experiment: Experiment;
  readonly run: Run;
  /** The run existed: this is a further attempt. */
  readonly resumed: boolean;
  readonly writer: FileRunWriter;
  readonly capture: Capture;
  readonly captureOptions: CaptureOptions;
  /** The ref of the snapshot, set while the command starts: null, or why there is none. */
  readonly snapshotKept: Promise<Missing | null>;
  readonly parts: RecordedParts;
  /** Absolute path of the run's directory. */
  readonly directory: string;
  /** What the command's script says about MLflow. */
  readonly script: MlflowScript;
  /** What earlier attempts printed after their wrapper was killed. */
  readonly leftSpools: readonly Spool[];
}

/** Everything that can be refused is refused here, before a child exists. Throws `RunstoneError`. */
export async function prepareRun(context: CommandContext, args: RunArguments): Promise<PreparedRun> {
  const params = redactValues(parsePairs(args.param));
  const opened = args.resume === undefined ? await openOrMakeStore(context) : openStore(context);
  const { store, onDamage } = opened;
  const { root, workspace } = store.context;
  const parts = recordedParts(args, readConfig(workspace).capture);
  const { cwd, env, tail: argv } = context;
  const captureOptions = {
    cwd,
    env,
    argv,
    storePath: root,
    parts: parts.capture,
    snapshotLimits: parts.snapshotLimits,
  };
  const capturing = captureBefore(captureOptions);
  const choice = await chooseRun(context, opened, args);
  if (choice.resume !== undefined && !args["take-over"]) refuseWhileCommandRuns(context, choice.resume);
  const script = args["no-mlflow"] ? NO_MLFLOW : readMlflowScript(context.tail, context.cwd);
  const named = args.experiment ?? (script.ownTracking ? null : script.experiment) ?? undefined;
  const experiment = await findExperimentOf(context, opened, { named, choice });
  const capture = await capturing;
  const tags = { ...captureTags(capture), ...optionsTag(parts, args), ...ownTags(args) };
  const spec = { experiment, params, tags, choice };
  const { run, resumed, writer } = await openTheRun(context, args, { store, spec });
  const snapshotKept = keepCapturedSnapshot(capture, { env, runId: run.info.runId, resumed });
  const { directory } = mustFindRun(store.context, run.info.runId);
  const leftSpools = resumed ? spoolsOfRun(context, run.info.runId) : [];
  return {
    store,
    onDamage,
    experiment,
    run,
    resumed,
    writer,
    capture,
    captureOptions,
    snapshotKept,
    parts,
    directory,
    script,
    leftSpools,
  };
}

/** The wrapper of the run was killed, its command was not: a second one beside it would mix two trainings in one run. */
function refuseWhileCommandRuns(context: CommandContext, runId: string): void {
  const alive = spoolsOfRun(context, runId).find(
    ({ facts }) => facts.child != null && isSameProcessAlive(facts.child),
  );
  if (alive === undefined) return;
  throw new RunstoneError(
    "LEASE_HELD",
    `the command of run ${runId} still runs (process ${alive.facts.child?.pid}), without its wrapper`,
    {
      hint: `Wait until it has ended, then: runstone resume ${runId}. To start another beside it: --take-over`,
      data: { runId, pid: alive.facts.child?.pid },
    },
  );
}

/** What shaped the record, beside the command. */
function optionsTag({ capture }: RecordedParts, args: RunArguments): StringMap {
  const text = capture.command === false ? "" : optionsText(args);
  return text === "" ? {} : { [OPTIONS_TAG]: text };
}

function ownTags(args: RunArguments): StringMap {
  const note = args.note === undefined ? {} : { "mlflow.note.content": args.note };
  return redactValues({ ...parsePairs(args.tag), ...note });
}

/** The run to go on with, or the parent of a new one. */
interface RunChoice {
  readonly resume: string | undefined;
  readonly parent: string | undefined;
}

async function chooseRun(context: CommandContext, opened: OpenStore, args: RunArguments): Promise<RunChoice> {
  if (args.resume !== undefined)
    return { resume: await runIdOf(context, opened, args.resume), parent: undefined };
  return { resume: undefined, parent: await findParent(context, opened, args.parent) };
}

/** The run named, or the one that this command runs in (of the same store). */
async function findParent(
  context: CommandContext,
  opened: OpenStore,
  named: string | undefined,
): Promise<string | undefined> {
  if (named !== undefined) return runIdOf(context, opened, named);
  const around = context.env.RUNSTONE_RUN_ID;
  if (!around || context.env.RUNSTONE_STORE !== opened.store.context.root) return undefined;
  return findRun(opened.store.context, around) === null ? undefined : around;
}

/** Children of a run go to its experiment unless another is named. */
async function findExperimentOf(
  context: CommandContext,
  opened: OpenStore,
  { named, choice }: { readonly named: string | undefined; readonly choice: RunChoice },
): Promise<Experiment> {
  const near = choice.resume ?? choice.parent;
  if (choice.resume === undefined && (named !== undefined || near === undefined)) {
    return experimentForNewRun(context, opened, named);
  }
  return opened.store.getExperiment(mustFindRun(opened.store.context, near ?? "").experimentId);
}

interface RunSpec {
  readonly experiment: Experiment;
  readonly params: StringMap;
  readonly tags: StringMap;
  readonly choice: RunChoice;
}

interface OpenedRun {
  readonly run: Run;
  readonly resumed: boolean;
  readonly writer: FileRunWriter;
}

interface OpenRunOptions {
  readonly store: FileStore;
  readonly spec: RunSpec;
}

async function openTheRun(
  context: CommandContext,
  args: RunArguments,
  { store, spec }: OpenRunOptions,
): Promise<OpenedRun> {
  const owner = processOwner(redactArgv(context.tail).join(" "), context.env.SLURM_JOB_ID || null);
  const runKey = readRunKey(args);
  const resume = (runId: string) => resumeRun({ store, runId, spec, owner, takeOver: args["take-over"] });
  if (spec.choice.resume !== undefined) return resume(spec.choice.resume);
  const keyed = runKey === undefined ? null : await store.findRunByKey(spec.experiment.experimentId, runKey);
  if (keyed !== null) return resume(keyed);
  try {
    const run = await store.createRun(newRunOf(args, spec));
    return { run, resumed: false, writer: await store.openRun(run.info.runId, { owner }) };
  } catch (error) {
    // Another host started the same job at the same time: its lease decides.
    const twin = isRunstoneError(error, "RESOURCE_ALREADY_EXISTS") ? error.data.runId : undefined;
    if (typeof twin !== "string") throw error;
    return resume(twin);
  }
}

function newRunOf(args: RunArguments, { experiment, params, tags, choice }: RunSpec): NewRun {
  return {
    experimentId: experiment.experimentId,
    params,
    tags,
    ...(args.name === undefined ? {} : { runName: redactText(args.name).text }),
    ...(choice.parent === undefined ? {} : { parentRunId: choice.parent }),
    ...(args["run-key"] === undefined ? {} : { runKey: args["run-key"] }),
  };
}

interface ResumeOptions {
  readonly store: FileStore;
  readonly runId: string;
  readonly spec: RunSpec;
  readonly owner: LeaseOwner;
  readonly takeOver: boolean;
}

async function resumeRun({ store, runId, spec, owner, takeOver }: ResumeOptions): Promise<OpenedRun> {
  const writer = await store.resumeRun(runId, { owner, takeOver });
  try {
    writer.logParams(spec.params);
    writer.setTags(spec.tags);
    return { run: await store.getRun(runId), resumed: true, writer };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** This host, as spools and leases name it. */
export function thisHost(): string {
  return hostname();
}
