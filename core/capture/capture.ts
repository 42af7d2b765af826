import { realpathSync } from "node:fs";
import type { CapturePolicy, StringMap } from "../../store-format/index.js";
import { SNAPSHOT_COMPLETE_TAG, SNAPSHOT_TAG } from "../git/code-of-run.js";
import { type Snapshot, type SnapshotLimits, snapshotOfHead } from "../git/snapshot/snapshot.js";
import { commandTarget } from "./command-target.js";
import { captureEnvironment, type EnvironmentCapture } from "./environment.js";
import type { Env } from "./find-program.js";
import { captureCode, type GitCapture, type WorkTreeState } from "./git.js";
import { captureGpus, type GpuCapture } from "./gpu.js";
import type { Missing } from "./missing.js";
import { capturePackages, type PackagesCapture } from "./packages.js";
import { captureGitPatch, type GitPatch } from "./patch.js";
import { redactArgv, redactText } from "./redact.js";
import { shellLine } from "./shell-words.js";

/** Each part can be switched off; all are on by default. */
export interface CaptureParts {
  readonly git?: boolean;
  readonly patch?: boolean;
  /** Asks Git, too: without `git` there is none. */
  readonly snapshot?: boolean;
  readonly environment?: boolean;
  readonly command?: boolean;
  readonly packages?: boolean;
  readonly gpu?: boolean;
}

export interface CaptureOptions {
  readonly cwd: string;
  /** The whole environment; only variables of fixed lists are kept. */
  readonly env: Env;
  /** The command line, its program first. */
  readonly argv: readonly string[];
  readonly storePath?: string;
  readonly parts?: CaptureParts;
  /** For each Git command; default 5,000 ms. */
  readonly gitTimeoutMs?: number;
  /** Of the patch; default 1 MiB. */
  readonly maxPatchBytes?: number;
  readonly snapshotLimits?: Partial<SnapshotLimits>;
}

/** The limits of a workspace's settings. */
export function snapshotLimitsOf(policy: CapturePolicy): SnapshotLimits {
  return {
    maxFileBytes: policy.snapshotMaxFileBytes,
    maxFiles: policy.snapshotMaxFiles,
    maxBytes: policy.snapshotMaxBytes,
  };
}

/** Everything about a run that nobody had to write down. A part is null when it was switched off or is not there yet. */
export interface Capture {
  readonly git: GitCapture | null;
  /** Null also for a clean work tree. */
  readonly patch: GitPatch | null;
  /** Has no ref yet: `keepSnapshotOfRun` sets it when the run is there. Null also when none could be taken. */
  readonly snapshot: Snapshot | null;
  readonly environment: EnvironmentCapture | null;
  /** Secrets replaced. */
  readonly command: readonly string[] | null;
  /** What the command starts, as far as can be told without starting it. */
  readonly runtime: "python" | "node" | null;
  /** Version of Node when the command runs in the Node that captures. */
  readonly nodeVersion: string | null;
  readonly packages: PackagesCapture | null;
  readonly gpus: GpuCapture | null;
  readonly missing: readonly Missing[];
}

/** Captures what the run itself could change: call it, and wait for it, before the run starts. Never rejects. */
export async function captureBefore(options: CaptureOptions): Promise<Capture> {
  const { cwd, env, argv, parts = {} } = options;
  const asking = parts.git === false ? null : captureCode(gitOptions(options));
  const environment = parts.environment === false ? null : captureEnvironment({ env, cwd });
  const target = commandTarget(argv, { env, cwd });
  const { git, work } = (await asking) ?? { git: null, work: null };
  const [patch, taken] = await Promise.all([
    git?.dirty && parts.patch !== false ? captureGitPatch(patchOptions(options)) : null,
    work === null || parts.snapshot === false ? null : takeSnapshot(options, git, work),
  ]);
  const capture: Capture = {
    git,
    patch,
    snapshot: taken?.snapshot ?? null,
    environment,
    command: parts.command === false ? null : redactArgv(argv),
    runtime: target?.runtime ?? null,
    nodeVersion: target?.runtime === "node" && isThisNode(target.interpreter) ? process.versions.node : null,
    packages: null,
    gpus: null,
    missing: taken?.missing ?? [],
  };
  return { ...capture, missing: missingOf(capture) };
}

interface Taken {
  readonly snapshot: Snapshot | null;
  readonly missing: readonly Missing[];
}

/** A clean work tree is HEAD's commit; only for others the code that makes snapshots is loaded. */
async function takeSnapshot(
  options: CaptureOptions,
  git: GitCapture | null,
  work: WorkTreeState,
): Promise<Taken> {
  if (git?.dirty === false && git.commit !== null)
    return { snapshot: snapshotOfHead(git.commit), missing: [] };
  const { prepareSnapshot } = await import("../git/snapshot/take-snapshot.js");
  const { cwd, env, storePath, snapshotLimits: limits } = options;
  return prepareSnapshot({ cwd, env, storePath, limits, work });
}

/** Adds what the run does not change, packages and GPUs: call it while the run is under way. Never rejects. */
export async function captureDuring(capture: Capture, options: CaptureOptions): Promise<Capture> {
  const { cwd, env, argv, parts = {} } = options;
  const [packages, gpus] = await Promise.all([
    parts.packages === false ? null : capturePackages({ command: argv, env, cwd }),
    parts.gpu === false ? null : captureGpus({ env }),
  ]);
  return { ...capture, packages, gpus, missing: missingOf({ ...capture, packages, gpus }) };
}

type GitOptions = Parameters<typeof captureCode>[0];

function gitOptions({ cwd, env, storePath, gitTimeoutMs }: CaptureOptions): GitOptions {
  return {
    cwd,
    env,
    ...(storePath === undefined ? {} : { storePath }),
    ...(gitTimeoutMs === undefined ? {} : { timeoutMs: gitTimeoutMs }),
  };
}

function patchOptions(options: CaptureOptions): Parameters<typeof captureGitPatch>[0] {
  const { maxPatchBytes } = options;
  return { ...gitOptions(options), ...(maxPatchBytes === undefined ? {} : { maxBytes: maxPatchBytes }) };
}

function isThisNode(interpreter: string | null): boolean {
  try {
    return interpreter !== null && realpathSync(interpreter) === realpathSync(process.execPath);
  } catch {
    return false;
  }
}

/** What each part says, and what the capture says of itself (its snapshot). */
function missingOf({ git, patch, environment, packages, gpus, missing }: Capture): readonly Missing[] {
  const ofParts = [git, patch, environment, packages, gpus].flatMap((part) => part?.missing ?? []);
  const ofSnapshot = missing.filter(({ part }) => part.startsWith("git.snapshot"));
  return [...ofParts, ...ofSnapshot];
}

/** Adds that the snapshot's ref could not be set. */
export function withMissing(capture: Capture, missing: Missing | null): Capture {
  return missing === null ? capture : { ...capture, missing: [...capture.missing, missing] };
}

/** The tags of a capture: MLflow's names where MLflow has one, `runstone.*` else. Absent is what is not known. */
export function captureTags(capture: Capture): StringMap {
  const { git, environment, packages, command, missing } = capture;
  const tags: Readonly<Record<string, string | null | undefined>> = {
    "mlflow.user": environment?.user,
    "mlflow.source.name": command === null ? null : sourceName(command),
    "mlflow.source.type": command === null ? null : "LOCAL",
    ...gitTags(git),
    [SNAPSHOT_TAG]: capture.snapshot?.commit,
    [SNAPSHOT_COMPLETE_TAG]: capture.snapshot?.complete.toString(),
    "runstone.host": environment?.host,
    "runstone.cwd": environment?.cwd,
    "runstone.command": command === null || command.length === 0 ? null : shellLine(command),
    "runstone.node": capture.nodeVersion,
    "runstone.python": packages?.pythonVersion,
    ...slurmTags(environment),
    "runstone.rank": environment?.rank?.rank.toString(),
    "runstone.world_size": environment?.rank?.worldSize?.toString(),
    "runstone.capture.redacted": redactedTag(capture.patch),
    "runstone.capture.missing": missing.map(({ part, reason }) => `${part}: ${reason}`).join("; "),
  };
  const result: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(tags)) if (value) result[key] = redactText(value).text;
  return result;
}

function gitTags(git: GitCapture | null): Readonly<Record<string, string | null | undefined>> {
  return {
    "mlflow.source.git.commit": git?.commit,
    "mlflow.source.git.branch": git?.branch,
    "mlflow.source.git.repoURL": git?.remoteUrl,
    "mlflow.source.git.dirty": git?.dirty?.toString(),
    "runstone.git.author": git?.authorName,
    "runstone.git.email": git?.authorEmail,
    "runstone.git.commit_author": git?.commitAuthorName,
    "runstone.git.commit_email": git?.commitAuthorEmail,
    "runstone.git.operation": git?.operation,
    "runstone.git.worktree": git?.worktree ? "true" : null,
  };
}

function slurmTags(environment: EnvironmentCapture | null): Readonly<Record<string, string | undefined>> {
  const slurm = environment?.slurm ?? {};
  return {
    "runstone.slurm.job_id": slurm.SLURM_JOB_ID ?? slurm.SLURM_JOBID,
    "runstone.slurm.job_name": slurm.SLURM_JOB_NAME,
    "runstone.slurm.partition": slurm.SLURM_JOB_PARTITION,
    "runstone.slurm.array_job_id": slurm.SLURM_ARRAY_JOB_ID,
    "runstone.slurm.array_task_id": slurm.SLURM_ARRAY_TASK_ID,
    "runstone.slurm.restart_count": slurm.SLURM_RESTART_COUNT,
  };
}

function redactedTag(patch: GitPatch | null): string {
  return (patch?.redactions ?? []).map(({ rule, count }) => `${rule}: ${count}`).join(", ");
}

const INTERPRETERS =
  /^(?:.*[\\/])?(?:python|pypy|node|nodejs|bash|sh|zsh|Rscript|ruby|perl|julia)[\d.]*(?:\.exe)?$/i;

/** The script rather than its interpreter, as MLflow's `sys.argv[0]`; `-m module` gives the module. */
function sourceName(command: readonly string[]): string | null {
  const [program, ...args] = command;
  if (program === undefined) return null;
  if (!INTERPRETERS.test(program)) return program;
  if (args[0] === "-m") return args[1] ?? program;
  if (args[0] === "-c" || args[0] === "-e") return program;
  return args.find((argument) => !argument.startsWith("-")) ?? program;
}

/** A text to log below the run's artifacts. */
export interface CaptureArtifact {
  /** `/` between components, below `runstone/`. */
  readonly path: string;
  readonly text: string;
  /** How the text becomes bytes. */
  readonly encoding: "utf8" | "latin1";
}

/** The files of a capture: what it was run on, the packages, the code that is in no commit. */
export function captureArtifacts(capture: Capture): readonly CaptureArtifact[] {
  return [
    environmentArtifact(capture),
    packagesArtifact(capture.packages),
    ...patchArtifacts(capture),
  ].flatMap((artifact) => artifact ?? []);
}

function environmentArtifact(capture: Capture): CaptureArtifact | null {
  const { environment, packages, gpus, command, missing } = capture;
  if (environment === null && packages === null && gpus === null) return null;
  const { interpreter, pythonVersion, kind, lockFile, lockHash } = packages ?? {};
  const { missing: _, ...machine } = environment ?? { missing: [] };
  const runtime = { kind, interpreter, pythonVersion, nodeVersion: capture.nodeVersion, lockFile, lockHash };
  return jsonArtifact("environment.json", { ...machine, command, runtime, gpus: gpus?.gpus ?? [], missing });
}

/** One package a line; for pip and uv a requirements file. */
function packagesArtifact(packages: PackagesCapture | null): CaptureArtifact | null {
  if (packages === null || packages.packages.length === 0) return null;
  const pip = packages.kind === "pip" || packages.kind === "uv";
  const sign = pip ? "==" : packages.kind === "conda" ? "=" : "@";
  const text = packages.packages.map(({ name, version }) => `${name}${sign}${version}\n`).join("");
  return { path: `runstone/${pip ? "requirements.txt" : "packages.txt"}`, text, encoding: "utf8" };
}

function patchArtifacts({ git, patch, snapshot }: Capture): readonly CaptureArtifact[] {
  if (git === null || git.root === null) return [];
  const { missing: _, ...state } = git;
  const { patch: text = "", encoding = "utf8", missing: __, ...about } = patch ?? { missing: [] };
  const json = jsonArtifact("git.json", { ...state, ...about, snapshot });
  return text === "" ? [json] : [json, { path: "runstone/git.patch", text, encoding }];
}

function jsonArtifact(name: string, value: unknown): CaptureArtifact {
  const clean = (_: string, inner: unknown): unknown =>
    typeof inner === "string" ? redactText(inner).text : inner;
  return { path: `runstone/${name}`, text: `${JSON.stringify(value, clean, 2)}\n`, encoding: "utf8" };
}
