/** CPU, memory, network, disk and GPU as points below `system/`, while the child runs. */
import { SystemSampler } from "../../core/capture/system-metrics.js";
import type { RunWriter } from "../../core/interfaces.js";
import type { Environment } from "../context.js";
import type { Problems } from "./problems.js";

export interface SystemMetricsOptions {
  readonly writer: RunWriter;
  /** The child. */
  readonly pid: number;
  readonly env: Environment;
  readonly intervalMs: number;
  /** The step of the first sample. */
  readonly firstStep: number;
  readonly now: () => number;
  readonly problems: Problems;
}

/** A run shorter than this has no sample. */
const WORTH_A_SAMPLE_MS = 1_000;

export class SystemMetrics {
  readonly #options: SystemMetricsOptions;
  readonly #sampler: SystemSampler;
  readonly #timer: NodeJS.Timeout;
  readonly #started: number;
  #step: number;

  constructor(options: SystemMetricsOptions) {
    this.#options = options;
    this.#sampler = new SystemSampler({ pid: options.pid, gpu: { env: options.env } });
    this.#started = options.now();
    this.#step = options.firstStep;
    this.#timer = setInterval(() => this.#sample(), options.intervalMs);
  }

  /** Ends the sampling; a run that was shorter than one interval still gets one sample. */
  stop(): void {
    clearInterval(this.#timer);
    const none = this.#step === this.#options.firstStep;
    if (none && this.#options.now() - this.#started >= WORTH_A_SAMPLE_MS) this.#sample();
  }

  #sample(): void {
    const { writer, now, problems } = this.#options;
    const timestamp = now();
    const step = this.#step++;
    const values = Object.entries(this.#sampler.sample());
    const metrics = values.map(([name, value]) => ({ key: `system/${name}`, value, timestamp, step }));
    problems.guard("system metrics", () => writer.logMetrics(metrics));
  }
}
