/** From a prepared run to its end: start the child, take what it prints and what is measured, end the run. */
import { constants } from "node:os";
import { join } from "node:path";
import { processIdentity } from "../../core/capture/process-identity.js";
import { redactText } from "../../core/capture/redact.js";
import type { CapturePattern } from "../../core/process/capture-pattern.js";
import { type Outcome, outcomeOf, type RunningChild, startChild } from "../../core/process/child.js";
import { type ChildEnvironment, plainEnvironment } from "../../core/process/child-environment.js";
import type { SignalRelay } from "../../core/process/signals.js";
import { StepCounter } from "../../core/process/step-counter.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { RunArguments } from "../commands/run.js";
import type { CommandContext } from "../context.js";
import { CaptureWork } from "./capture-work.js";
import { ChildConsole } from "./child-console.js";
import { logGlobArtifacts } from "./glob-artifacts.js";
import { freeLogNames } from "./log-names.js";
import { leadMlflow, type MlflowLead } from "./mlflow-script.js";
import type { Problems } from "./problems.js";
import { artifactPlaces, recordTarget } from "./record-target.js";
import { knownPoints, recoverOutput } from "./recover-output.js";
import { type PreparedRun, thisHost } from "./run-setup.js";
import { endingSignal, type SignalDesk } from "./signal-desk.js";
import { makeSpool } from "./spool-bases.js";
import { factsOf, summaryOf } from "./summary.js";
import { SystemMetrics } from "./system-metrics.js";

export interface SuperviseOptions {
  readonly context: CommandContext;
  readonly args: RunArguments;
  readonly prepared: PreparedRun;
  readonly patterns: readonly CapturePattern[];
  readonly problems: Problems;
  readonly desk: SignalDesk;
  readonly relay: SignalRelay;
  readonly ignoreHangup: boolean;
}

export interface RunEnding {
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  /** What else is to be told. */
  readonly notes: readonly string[];
  /** The one line at the end. */
  readonly summary: string;
  /** The same for machines. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The terminal has everything that the child printed. */
  readonly drained: Promise<void>;
}

/** Never rejects once the child runs: what fails beside it is noted in `problems`. */
export async function superviseRun(options: SuperviseOptions): Promise<RunEnding> {
  const { context, problems, relay } = options;
  const output = makeConsole(options);
  const startTime = context.now();
  const started = await start(options, output);
  const work = new CaptureWork(options.prepared, problems);
  const metrics = started.child === null ? null : startSystemMetrics(options, started.child.pid);
  work.start(started.child !== null);
  const recovering = recoverOutput({ ...options.prepared, spools: options.prepared.leftSpools, problems });
  const exit = (await started.child?.exit) ?? null;
  const endTime = context.now();
  const outcome = exit === null ? started.outcome : outcomeOf(exit, relay.received);
  const drained = output?.drainTerminal() ?? Promise.resolve();
  metrics?.stop();
  const taken = output === null || (await takeRest(output, problems));
  if (output !== null && !taken)
    problems.add(`part of the output is not in the run: \`runstone resume\` takes it from ${output.place}`);
  await work.finish();
  const notes = [...(await recovering), ...leadOf(options.prepared).notes];
  await logArtifacts(options, startTime);
  const recorded = await endRun(options, outcome, endTime);
  if (taken && recorded) output?.removeSpool();
  const told = {
    prepared: options.prepared,
    outcome,
    durationMs: durationOf(options, { startTime, endTime }),
    recorded,
  };
  return { ...outcome, notes, summary: summaryOf(told), facts: factsOf(told), drained };
}

/** As `runstone show` has it, from the start of the run; of a run that was resumed, this attempt's. */
function durationOf(
  { prepared }: SuperviseOptions,
  { startTime, endTime }: { readonly startTime: number; readonly endTime: number },
): number {
  const { info } = prepared.run;
  return endTime - (prepared.resumed ? startTime : Number(info.startTime ?? startTime));
}

/** False: some of the output could not be taken into the run. */
async function takeRest(output: ChildConsole, problems: Problems): Promise<boolean> {
  let taken = false;
  await problems.guardAsync("the output", async () => {
    taken = await output.finish();
  });
  return taken;
}

/** Null: the child writes to the terminal itself, because the user wants it so or no spool could be made. */
function makeConsole(options: SuperviseOptions): ChildConsole | null {
  const { context, prepared, patterns, problems } = options;
  if (!prepared.parts.console) return null;
  const artifacts = join(prepared.directory, "artifacts");
  const spool = makeSpool(
    context.env,
    {
      runId: prepared.run.info.runId,
      root: prepared.store.context.root,
      host: thisHost(),
      cwd: context.cwd,
      capture: patterns.map(({ source }) => source),
      logs: freeLogNames(artifacts, prepared.leftSpools),
    },
    problems,
  );
  if (spool === null) return null;
  const target = recordTarget({
    writer: prepared.writer,
    known: knownPoints(prepared.store, prepared.run.info.runId, prepared.onDamage),
    cwd: context.cwd,
    allowed: artifactPlaces(context.cwd),
  });
  const steps = new StepCounter(prepared.resumed ? nextSteps(prepared) : {});
  try {
    const nested = Boolean(context.env.RUNSTONE_RUN_ID);
    return new ChildConsole({
      spool,
      artifacts,
      patterns,
      target,
      steps,
      now: context.now,
      problems,
      nested,
    });
  } catch (error) {
    problems.addError("the output is not kept", error);
    return null;
  }
}

/** A further attempt counts on after the points that are there. */
function nextSteps({ run }: PreparedRun): Record<string, number> {
  return Object.fromEntries(Object.entries(run.metrics).map(([key, { step }]) => [key, Number(step) + 1]));
}

interface Started {
  readonly child: RunningChild | null;
  /** How the run ends when there is no child. */
  readonly outcome: Outcome;
}

async function start(options: SuperviseOptions, output: ChildConsole | null): Promise<Started> {
  const { relay, problems, desk, context } = options;
  const signal = endingSignal(relay.received);
  if (signal !== null) {
    output?.handedOver(null);
    return { child: null, outcome: { status: "KILLED", exitCode: 128 + constants.signals[signal], signal } };
  }
  try {
    const child = await startChild(childOptions(options, output));
    desk.handTo(child);
    output?.handedOver(processIdentity(child.pid));
    return { child, outcome: { status: "FINISHED", exitCode: 0, signal: null } };
  } catch (error) {
    output?.handedOver(null);
    problems.addError(`cannot start ${redactText(context.tail[0] ?? "").text}`, error);
    return { child: null, outcome: { status: "FAILED", exitCode: 126, signal: null } };
  }
}

function childOptions(
  { context, args, prepared, ignoreHangup }: SuperviseOptions,
  output: ChildConsole | null,
): Parameters<typeof startChild>[0] {
  const [program = "", ...rest] = context.tail;
  const { runId, experimentId } = prepared.run.info;
  return {
    program,
    args: rest,
    cwd: context.cwd,
    env: environmentOf(args, prepared)(context.env, {
      runId,
      experimentId,
      root: prepared.store.context.root,
    }),
    stdout: output?.descriptors.stdout ?? "inherit",
    stderr: output?.descriptors.stderr ?? "inherit",
    ignoreHangup,
  };
}

function environmentOf(args: RunArguments, prepared: PreparedRun): ChildEnvironment {
  return args["no-mlflow"] ? plainEnvironment : leadOf(prepared).environment;
}

function leadOf({ script, experiment }: PreparedRun): MlflowLead {
  return leadMlflow(script, experiment.name);
}

const DEFAULT_INTERVAL_SECONDS = 10;

function startSystemMetrics(options: SuperviseOptions, pid: number): SystemMetrics | null {
  const { context, args, prepared, problems } = options;
  // MLflow's own measuring in the child writes the same keys.
  const byMlflow =
    /^(?:true|1)$/i.test(context.env.MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING ?? "") && !args["no-mlflow"];
  if (!prepared.parts.systemMetrics || byMlflow) return null;
  let sampling: SystemMetrics | null = null;
  problems.guard("system metrics", () => {
    sampling = new SystemMetrics({
      writer: prepared.writer,
      pid,
      env: context.env,
      intervalMs: 1000 * (args["system-metrics-interval"] ?? DEFAULT_INTERVAL_SECONDS),
      firstStep: nextSystemStep(prepared),
      now: context.now,
      problems,
    });
  });
  return sampling;
}

function nextSystemStep({ run }: PreparedRun): number {
  const steps = Object.entries(run.metrics).filter(([key]) => key.startsWith("system/"));
  return Math.max(0, ...steps.map(([, { step }]) => Number(step) + 1));
}

async function logArtifacts(options: SuperviseOptions, startTime: number): Promise<void> {
  const { args, context, prepared, problems } = options;
  if (args.artifacts.length === 0) return;
  await problems.guardAsync("--artifacts", () =>
    logGlobArtifacts({
      patterns: args.artifacts,
      cwd: context.cwd,
      since: startTime - CLOCK_TICK_MS,
      leftOut: [prepared.store.context.root, join(context.cwd, ".git"), join(context.cwd, ".runstone")],
      writer: prepared.writer,
      problems,
    }),
  );
}

/** Times of files lag behind the clock by up to a tick of the kernel. */
const CLOCK_TICK_MS = 20;

/** The exit code decides, whatever the script itself set. False: status and manifest could not be written. */
async function endRun(
  { prepared, problems }: SuperviseOptions,
  outcome: Outcome,
  endTime: number,
): Promise<boolean> {
  try {
    await prepared.writer.end({ status: outcome.status, endTime });
    return true;
  } catch (error) {
    const lost = isRunstoneError(error, "LEASE_LOST");
    problems.addError(lost ? "the run was taken over by another process" : "the end is not recorded", error);
    return false;
  }
}
