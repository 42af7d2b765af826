import { readFileSync, statfsSync } from "node:fs";
import { cpus, freemem, totalmem } from "node:os";
import { type GpuLoad, type GpuOptions, readGpuLoads } from "./gpu.js";
import { type ProcessTreeUse, readProcessTree, TICKS_PER_SECOND } from "./process-tree.js";

export interface SystemSamplerOptions {
  /** The process whose tree is measured as `process_*`. */
  readonly pid?: number;
  /** Where to look for `nvidia-smi`; without it no GPU is asked. */
  readonly gpu?: GpuOptions;
  /** The file system measured as `disk_*`; default `/`, as MLflow does. */
  readonly diskPath?: string;
}

const MEGABYTE = 1e6;

/**
 * Measures the machine and one process tree. Names, units and meanings are those of MLflow's system metrics (megabytes
 * are 10^6 bytes, network counts from the start), without the prefix `system/`; `process_*` are Runstone's own:
 * `process_cpu_percentage` is 100 for one busy core.
 */
export class SystemSampler {
  readonly #options: SystemSamplerOptions;
  readonly #network: NetworkBytes | null;
  #cpu: CpuTimes;
  #tree: { readonly use: ProcessTreeUse; readonly atMs: number } | null;
  #gpuLoads: readonly GpuLoad[] = [];
  #gpuPending = false;
  #gpuFailures = 0;

  constructor(options: SystemSamplerOptions = {}) {
    this.#options = options;
    this.#network = readNetwork();
    this.#cpu = readCpuTimes();
    this.#tree = this.#readTree();
    this.#askGpus();
  }

  /**
   * What is known now; never throws. A value that cannot be measured is left out. Rates are over the time since the
   * sample before. GPUs are asked in the background: their values are of the moment of the sample before.
   */
  sample(): Record<string, number> {
    const all: Readonly<Record<string, number | null>> = {
      cpu_utilization_percentage: this.#sampleCpu(),
      ...readMemory(),
      ...readDisk(this.#options.diskPath ?? "/"),
      ...this.#sampleNetwork(),
      ...this.#sampleTree(),
      ...this.#sampleGpus(),
    };
    const known = Object.entries(all).filter((entry): entry is [string, number] => Number.isFinite(entry[1]));
    return Object.fromEntries(known);
  }

  #sampleCpu(): number | null {
    const before = this.#cpu;
    this.#cpu = readCpuTimes();
    const total = this.#cpu.total - before.total;
    return total > 0 ? percent(this.#cpu.busy - before.busy, total) : null;
  }

  #sampleNetwork(): Readonly<Record<string, number>> {
    const now = readNetwork();
    if (now === null || this.#network === null) return {};
    return {
      network_receive_megabytes: (now.received - this.#network.received) / MEGABYTE,
      network_transmit_megabytes: (now.sent - this.#network.sent) / MEGABYTE,
    };
  }

  #readTree(): { readonly use: ProcessTreeUse; readonly atMs: number } | null {
    const use = this.#options.pid === undefined ? null : readProcessTree(this.#options.pid);
    return use === null ? null : { use, atMs: performance.now() };
  }

  #sampleTree(): Readonly<Record<string, number | null>> {
    const before = this.#tree;
    this.#tree = this.#readTree();
    if (this.#tree === null) return {};
    const { use, atMs } = this.#tree;
    const seconds = before === null ? 0 : (atMs - before.atMs) / 1000;
    const rate =
      before === null || seconds <= 0 ? null : ticksBetween(before.use, use) / TICKS_PER_SECOND / seconds;
    return {
      process_cpu_percentage: rate === null ? null : rate * 100,
      process_memory_megabytes: use.residentBytes / MEGABYTE,
    };
  }

  #sampleGpus(): Readonly<Record<string, number | null>> {
    const loads = this.#gpuLoads;
    this.#gpuLoads = [];
    this.#askGpus();
    return Object.assign({}, ...loads.map(gpuMetrics));
  }

  /** One question at a time; a host whose `nvidia-smi` fails three times in a row is not asked again. */
  #askGpus(): void {
    if (this.#options.gpu === undefined || this.#gpuPending || this.#gpuFailures >= 3) return;
    this.#gpuPending = true;
    readGpuLoads(this.#options.gpu).then(
      (loads) => this.#takeGpuAnswer(loads, 0),
      () => this.#takeGpuAnswer([], this.#gpuFailures + 1),
    );
  }

  #takeGpuAnswer(loads: readonly GpuLoad[], failures: number): void {
    this.#gpuLoads = loads;
    this.#gpuFailures = failures;
    this.#gpuPending = false;
  }
}

function gpuMetrics(load: GpuLoad): Readonly<Record<string, number | null>> {
  const {
    memoryUsedMegabytes: used,
    memoryTotalMegabytes: total,
    powerWatts: power,
    powerLimitWatts: limit,
  } = load;
  const prefix = `gpu_${load.index}`;
  return {
    [`${prefix}_utilization_percentage`]: load.utilizationPercentage,
    [`${prefix}_memory_usage_megabytes`]: used,
    [`${prefix}_memory_usage_percentage`]: used === null || !total ? null : percent(used, total),
    [`${prefix}_power_usage_watts`]: power,
    [`${prefix}_power_usage_percentage`]: power === null || !limit ? null : percent(power, limit),
  };
}

/** A process seen for the first time started since; one that ended in between takes its last ticks with it. */
function ticksBetween(before: ProcessTreeUse, now: ProcessTreeUse): number {
  let sum = 0;
  for (const [id, ticks] of now.ticks) sum += Math.max(0, ticks - (before.ticks.get(id) ?? 0));
  return sum;
}

function percent(part: number, whole: number): number {
  return (part / whole) * 100;
}

interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** `/proc/stat` and libuv agree on what the times are, and libuv reads them everywhere. */
function readCpuTimes(): CpuTimes {
  let [busy, total] = [0, 0];
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq;
    busy += working;
    total += working + times.idle;
  }
  return { busy, total };
}

function readMemory(): Readonly<Record<string, number>> {
  const total = totalmem();
  const used = total - (availableMemory() ?? freemem());
  return {
    system_memory_usage_megabytes: used / MEGABYTE,
    system_memory_usage_percentage: percent(used, total),
  };
}

/** Linux: what programs can have without swapping; free memory alone leaves out caches. */
function availableMemory(): number | null {
  const match = /^MemAvailable:\s*(\d+) kB$/m.exec(readText("/proc/meminfo") ?? "");
  return match ? Number(match[1]) * 1024 : null;
}

/** As `df` counts: what only root may use is neither used nor available. */
function readDisk(path: string): Readonly<Record<string, number | null>> {
  try {
    const { bsize, blocks, bfree, bavail } = statfsSync(path);
    const used = blocks - bfree;
    return {
      disk_usage_percentage: used + bavail === 0 ? null : percent(used, used + bavail),
      disk_usage_megabytes: (used * bsize) / MEGABYTE,
      disk_available_megabytes: (bavail * bsize) / MEGABYTE,
    };
  } catch {
    return {};
  }
}

interface NetworkBytes {
  readonly received: number;
  readonly sent: number;
}

/** proc(5), `/proc/net/dev`: after the name, bytes received is the first column and bytes sent the ninth. */
function readNetwork(): NetworkBytes | null {
  const text = readText("/proc/net/dev");
  if (text === null) return null;
  let [received, sent] = [0, 0];
  for (const line of text.split("\n").slice(2)) {
    const columns = line
      .slice(line.indexOf(":") + 1)
      .trim()
      .split(/\s+/);
    received += Number(columns[0] || 0);
    sent += Number(columns[8] || 0);
  }
  return { received, sent };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
