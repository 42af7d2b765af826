/** From the command line to a run that exists and is ours, before its child starts. */
import { hostname } from "node:os";
import { join } from "node:path";
import { type Capture, type CaptureOptions, captureBefore, captureTags } from "../../core/capture/capture.js";
import { redactArgv, redactText } from "../../core/capture/redact.js";
import { processOwner } from "../../core/leases/index.js";
import type { FileStore } from "../../core/store/file-store.js";
import { findRun } from "../../core/store/read/index.js";
import type { FileRunWriter } from "../../core/store/runs/run-writer.js";
import { type Experiment, isRunstoneError, type Run, type StringMap } from "../../store-format/index.js";
import type { RunArguments } from "../commands/run.js";
import type { CommandContext } from "../context.js";
import { parsePairs } from "../parse/pairs.js";
import { experimentForNewRun } from "../store/default-experiment.js";
import { findRunId } from "../store/find-run.js";
import { type OpenStore, openStore } from "../store/open-store.js";
import { redactValues } from "./redact-values.js";

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
  /** Absolute path of the run's directory. */
  readonly directory: string;
}

/** Everything that can be refused is refused here, before a child exists. Throws `RunstoneError`. */
export async function prepareRun(context: CommandContext, args: RunArguments): Promise<PreparedRun> {
  const params = redactValues(parsePairs(args.param));
  const opened = openStore(context);
  const { store, onDamage } = opened;
  const captureOptions = captureOptionsOf(context, args, store.context.root);
  const capturing = captureBefore(captureOptions);
  const parentRunId = findParent(context, opened, args.parent);
  const experiment = await findExperimentOf(context, opened, { named: args.experiment, parentRunId });
  const capture = await capturing;
  const tags = { ...captureTags(capture), ...ownTags(args) };
  const spec = { experiment, params, tags, parentRunId };
  const { run, resumed, writer } = await openNewRun(context, args, { store, spec });
  const directory =
    findRun(store.context, run.info.runId)?.directory ?? join(store.context.root, run.info.runId);
  return { store, onDamage, experiment, run, resumed, writer, capture, captureOptions, directory };
}

function captureOptionsOf(context: CommandContext, args: RunArguments, root: string): CaptureOptions {
  const left = new Set<string>(args["no-capture"]);
  const parts = {
    git: !left.has("git"),
    patch: !left.has("patch"),
    environment: !left.has("environment"),
    command: !left.has("command"),
    packages: !left.has("packages"),
    gpu: !left.has("gpu"),
  };
  return { cwd: context.cwd, env: context.env, argv: context.tail, storePath: root, parts };
}

function ownTags(args: RunArguments): StringMap {
  const note = args.note === undefined ? {} : { "mlflow.note.content": args.note };
  return redactValues({ ...parsePairs(args.tag), ...note });
}

/** The run named, or the one that this command runs in (of the same store). */
function findParent(
  context: CommandContext,
  opened: OpenStore,
  named: string | undefined,
): string | undefined {
  if (named !== undefined) return findRunId(opened, named);
  const around = context.env.RUNSTONE_RUN_ID;
  if (!around || context.env.RUNSTONE_STORE !== opened.store.context.root) return undefined;
  return findRun(opened.store.context, around) === null ? undefined : around;
}

interface ExperimentChoice {
  readonly named: string | undefined;
  readonly parentRunId: string | undefined;
}

/** Children of a run go to its experiment unless another is named. */
async function findExperimentOf(
  context: CommandContext,
  opened: OpenStore,
  { named, parentRunId }: ExperimentChoice,
): Promise<Experiment> {
  const parent = parentRunId === undefined ? null : findRun(opened.store.context, parentRunId);
  if (named === undefined && parent !== null) return opened.store.getExperiment(parent.experimentId);
  return experimentForNewRun(context, opened, named);
}

interface RunSpec {
  readonly experiment: Experiment;
  readonly params: StringMap;
  readonly tags: StringMap;
  readonly parentRunId: string | undefined;
}

interface OpenedRun {
  readonly run: Run;
  readonly resumed: boolean;
  readonly writer: FileRunWriter;
}

async function openNewRun(
  context: CommandContext,
  args: RunArguments,
  { store, spec }: { readonly store: FileStore; readonly spec: RunSpec },
): Promise<OpenedRun> {
  const owner = processOwner(redactArgv(context.tail).join(" "), context.env.SLURM_JOB_ID || null);
  const runKey = args["run-key"];
  const before = runKey === undefined ? null : await store.findRunByKey(spec.experiment.experimentId, runKey);
  if (before !== null) return resume(store, before, owner, spec);
  try {
    const run = await store.createRun({
      experimentId: spec.experiment.experimentId,
      params: spec.params,
      tags: spec.tags,
      ...(args.name === undefined ? {} : { runName: redactText(args.name).text }),
      ...(spec.parentRunId === undefined ? {} : { parentRunId: spec.parentRunId }),
      ...(runKey === undefined ? {} : { runKey }),
    });
    return { run, resumed: false, writer: await store.openRun(run.info.runId, { owner }) };
  } catch (error) {
    // Another host started the same job at the same time: its lease decides.
    const twin = isRunstoneError(error, "RESOURCE_ALREADY_EXISTS") ? error.data.runId : undefined;
    if (typeof twin !== "string") throw error;
    return resume(store, twin, owner, spec);
  }
}

async function resume(
  store: FileStore,
  runId: string,
  owner: ReturnType<typeof processOwner>,
  { params, tags }: RunSpec,
): Promise<OpenedRun> {
  const writer = await store.resumeRun(runId, { owner });
  writer.logParams(params);
  writer.setTags(tags);
  return { run: await store.getRun(runId), resumed: true, writer };
}

/** This host, as spools and leases name it. */
export function thisHost(): string {
  return hostname();
}
