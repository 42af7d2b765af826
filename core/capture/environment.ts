import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem, userInfo } from "node:os";
import { type DistributedRank, distributedRank } from "./distributed.js";
import type { Env } from "./find-program.js";
import { type Missing, reasonOf } from "./missing.js";
import { hostName } from "./process-identity.js";
import { redactText } from "./redact.js";

/** Where a run happens. Only variables of fixed lists are taken from the environment, never all of it. */
export interface EnvironmentCapture {
  readonly user: string | null;
  readonly host: string;
  /** The working directory, as given. */
  readonly cwd: string;
  readonly platform: string;
  readonly release: string;
  readonly arch: string;
  readonly cpuModel: string | null;
  readonly cpuCount: number;
  /** CPUs the control group allows, may be a fraction; null when it sets no limit. */
  readonly cpuLimit: number | null;
  readonly memoryTotalBytes: number;
  /** Memory the control group allows; null when it sets no limit. */
  readonly memoryLimitBytes: number | null;
  readonly nodeVersion: string;
  /** `docker`, `podman`, `kubernetes`, `singularity`, `container`; null outside one, as far as can be seen. */
  readonly container: string | null;
  readonly slurm: Readonly<Record<string, string>>;
  /** Variables of torchrun. */
  readonly torchrun: Readonly<Record<string, string>>;
  /** Variables that decide whether a run repeats bit by bit. */
  readonly seeds: Readonly<Record<string, string>>;
  /** Variables that say which CI job this is. */
  readonly ci: Readonly<Record<string, string>>;
  readonly rank: DistributedRank | null;
  readonly missing: readonly Missing[];
}

const SLURM_NAMES = [
  ...[
    "JOB_ID",
    "JOBID",
    "JOB_NAME",
    "JOB_PARTITION",
    "JOB_ACCOUNT",
    "JOB_QOS",
    "JOB_NUM_NODES",
    "JOB_NODELIST",
  ],
  ...[
    "ARRAY_JOB_ID",
    "ARRAY_TASK_ID",
    "ARRAY_TASK_COUNT",
    "STEP_ID",
    "NODEID",
    "PROCID",
    "LOCALID",
    "NTASKS",
  ],
  ...[
    "NNODES",
    "NODELIST",
    "CPUS_PER_TASK",
    "CPUS_ON_NODE",
    "GPUS",
    "GPUS_ON_NODE",
    "GPUS_PER_NODE",
    "MEM_PER_NODE",
  ],
  ...["CLUSTER_NAME", "SUBMIT_HOST", "SUBMIT_DIR", "RESTART_COUNT"],
].map((name) => `SLURM_${name}`);

const TORCHRUN_NAMES = [
  ...[
    "RANK",
    "LOCAL_RANK",
    "GROUP_RANK",
    "ROLE_RANK",
    "NODE_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "ROLE_NAME",
  ],
  ...[
    "MASTER_ADDR",
    "MASTER_PORT",
    "TORCHELASTIC_RUN_ID",
    "TORCHELASTIC_RESTART_COUNT",
    "TORCHELASTIC_MAX_RESTARTS",
  ],
];

/** Variables that decide whether a run repeats bit by bit. */
export const SEED_NAMES: readonly string[] = [
  ...[
    "PYTHONHASHSEED",
    "PL_GLOBAL_SEED",
    "SEED",
    "RANDOM_SEED",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_LAUNCH_BLOCKING",
  ],
  ...[
    "TF_DETERMINISTIC_OPS",
    "TF_CUDNN_DETERMINISTIC",
    "XLA_FLAGS",
    "CUDA_VISIBLE_DEVICES",
    "NCCL_ALGO",
    "NCCL_PROTO",
  ],
  ...[
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TZ",
    "LANG",
    "LC_ALL",
  ],
];

const CI_NAMES = [
  ...[
    "CI",
    "GITHUB_ACTIONS",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_JOB",
    "GITHUB_SHA",
  ],
  ...["GITHUB_REF_NAME", "GITLAB_CI", "CI_JOB_ID", "CI_PIPELINE_ID", "CI_PROJECT_PATH", "CI_COMMIT_REF_NAME"],
  ...[
    "JENKINS_URL",
    "BUILD_NUMBER",
    "JOB_NAME",
    "BUILDKITE_BUILD_ID",
    "CIRCLE_BUILD_NUM",
    "KUBERNETES_SERVICE_HOST",
  ],
];

export interface EnvironmentOptions {
  readonly env: Env;
  readonly cwd: string;
}

/** Captures host, user, machine and the listed variables. Never throws. */
export function captureEnvironment({ env, cwd }: EnvironmentOptions): EnvironmentCapture {
  const missing: Missing[] = [];
  const soft = <T>(part: string, read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      missing.push({ part, reason: reasonOf(error) });
      return otherwise;
    }
  };
  const processors = soft("cpu", cpus, []);
  return {
    user: soft("user", () => userName(env), null),
    host: soft("host", hostName, ""),
    cwd: redactText(cwd).text,
    platform: platform(),
    release: soft("release", release, ""),
    arch: arch(),
    cpuModel: processors[0]?.model.trim() || null,
    cpuCount: processors.length,
    cpuLimit: cpuLimit(),
    memoryTotalBytes: totalmem(),
    memoryLimitBytes: memoryLimit(),
    nodeVersion: process.versions.node,
    container: containerKind(env),
    slurm: pick(env, SLURM_NAMES),
    torchrun:
      env.RANK === undefined && env.TORCHELASTIC_RUN_ID === undefined ? {} : pick(env, TORCHRUN_NAMES),
    seeds: pick(env, SEED_NAMES),
    ci: pick(env, CI_NAMES),
    rank: distributedRank(env),
    missing,
  };
}

/** The account's name; in a container without an entry in the password file, what the environment says. */
function userName(env: Env): string {
  try {
    return userInfo().username;
  } catch (error) {
    const named = env.LOGNAME || env.USER || env.USERNAME;
    if (named) return named;
    throw error;
  }
}

function pick(env: Env, names: readonly string[]): Readonly<Record<string, string>> {
  const found = names.flatMap((name) => {
    const value = env[name];
    return value ? [[name, redactText(value.slice(0, 1000)).text] as const] : [];
  });
  return Object.fromEntries(found);
}

const CGROUP = "/sys/fs/cgroup";

/** The directories of this process's control group (version 2) up to the root: each of them limits. */
function controlGroups(): readonly string[] {
  const own = /^0::(\/.*)$/m.exec(readText("/proc/self/cgroup") ?? "")?.[1] ?? "/";
  const names = own.split("/").filter((name) => name !== "" && name !== "..");
  return [CGROUP, ...names.map((_, i) => [CGROUP, ...names.slice(0, i + 1)].join("/"))];
}

function smallest(limits: readonly number[]): number | null {
  const real = limits.filter((limit) => Number.isFinite(limit) && limit > 0);
  return real.length === 0 ? null : Math.min(...real);
}

/** `cpu.max` holds quota (or `max`) and period; version 1 has a file for each. */
function cpuLimit(): number | null {
  const limits = controlGroups().map((group) => {
    const [quota, period] = (readText(`${group}/cpu.max`) ?? "").trim().split(" ");
    return Number(quota) / Number(period);
  });
  const [quota, period] = ["quota", "period"].map((name) =>
    Number(readText(`${CGROUP}/cpu/cpu.cfs_${name}_us`) || "NaN"),
  );
  return smallest([...limits, (quota ?? Number.NaN) / (period ?? Number.NaN)]);
}

function memoryLimit(): number | null {
  const files = controlGroups().map((group) => `${group}/memory.max`);
  const texts = [...files, `${CGROUP}/memory/memory.limit_in_bytes`].map(readText);
  // Version 1 says "no limit" with a number near 2^63.
  return smallest(texts.map((text) => Number(text?.trim() || "NaN")).filter((limit) => limit < 2 ** 60));
}

function containerKind(env: Env): string | null {
  if (env.KUBERNETES_SERVICE_HOST) return "kubernetes";
  if (env.SINGULARITY_NAME || env.APPTAINER_NAME) return "singularity";
  if (existsSync("/run/.containerenv")) return "podman";
  if (existsSync("/.dockerenv")) return "docker";
  return env.container ? "container" : null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
