import { dirname } from "node:path";
import { type Env, findProgram } from "./find-program.js";
import { type Missing, reasonOf } from "./missing.js";
import { runProgram } from "./run-program.js";

/** One GPU as `nvidia-smi` sees it; null is what the driver does not tell. */
export interface Gpu {
  readonly index: number;
  readonly name: string;
  readonly uuid: string | null;
  readonly driverVersion: string | null;
  readonly memoryTotalMegabytes: number | null;
}

export interface GpuCapture {
  readonly gpus: readonly Gpu[];
  readonly missing: readonly Missing[];
}

/** What a GPU does at one moment. */
export interface GpuLoad {
  readonly index: number;
  readonly utilizationPercentage: number | null;
  readonly memoryUsedMegabytes: number | null;
  readonly memoryTotalMegabytes: number | null;
  readonly powerWatts: number | null;
  readonly powerLimitWatts: number | null;
}

export interface GpuOptions {
  readonly env: Env;
  /** Default 5,000 ms: the first call loads the driver. */
  readonly timeoutMs?: number;
}

/** Captures the GPUs of this host. Never rejects; no `nvidia-smi` on PATH means no GPU, which nothing is missing of. */
export async function captureGpus(options: GpuOptions): Promise<GpuCapture> {
  try {
    const rows = await query(["index", "name", "uuid", "driver_version", "memory.total"], options);
    return { gpus: rows.map(gpuOf), missing: [] };
  } catch (error) {
    return { gpus: [], missing: [{ part: "gpu", reason: reasonOf(error) }] };
  }
}

function gpuOf([index, name = "", uuid, driverVersion, memory]: readonly string[]): Gpu {
  return {
    index: Number(index),
    name,
    uuid: textOf(uuid),
    driverVersion: textOf(driverVersion),
    memoryTotalMegabytes: megabytesOf(memory),
  };
}

/** The load of each GPU now. Rejects when `nvidia-smi` fails; empty where there is none. */
export async function readGpuLoads(options: GpuOptions): Promise<readonly GpuLoad[]> {
  const fields = ["index", "utilization.gpu", "memory.used", "memory.total", "power.draw", "power.limit"];
  return (await query(fields, options)).map(([index, utilization, used, total, power, limit]) => ({
    index: Number(index),
    utilizationPercentage: numberOf(utilization),
    memoryUsedMegabytes: megabytesOf(used),
    memoryTotalMegabytes: megabytesOf(total),
    powerWatts: numberOf(power),
    powerLimitWatts: numberOf(limit),
  }));
}

async function query(
  fields: readonly string[],
  { env, timeoutMs = 5000 }: GpuOptions,
): Promise<readonly string[][]> {
  const file = findProgram("nvidia-smi", env);
  if (file === null) return [];
  const kept = ["PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "SystemRoot"].flatMap((name) =>
    env[name] === undefined ? [] : [[name, env[name]] as const],
  );
  const args = [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"];
  const environment = { ...Object.fromEntries(kept), LC_ALL: "C" };
  const output = await runProgram({
    file,
    args,
    cwd: dirname(file),
    env: environment,
    timeoutMs,
    maxBytes: 256 * 1024,
  });
  const text = output.stdout.toString("utf8");
  if (output.exitCode !== 0) throw new Error(`nvidia-smi: ${reasonOf(text || output.stderr)}`);
  const rows = text.split("\n").map((line) => line.split(",").map((cell) => cell.trim()));
  return rows.filter(([index = ""]) => /^\d+$/.test(index));
}

/** `[N/A]`, `[Not Supported]` and the like are no answer. */
function textOf(cell: string | undefined): string | null {
  return cell === undefined || cell === "" || cell.startsWith("[") ? null : cell;
}

function numberOf(cell: string | undefined): number | null {
  const value = Number(textOf(cell) ?? "NaN");
  return Number.isFinite(value) ? value : null;
}

/** `nvidia-smi` counts in MiB; megabytes are 10^6 bytes here, as in MLflow's metrics. */
function megabytesOf(cell: string | undefined): number | null {
  const value = numberOf(cell);
  return value === null ? null : (value * 1024 * 1024) / 1e6;
}
