/**
 * The heartbeat of a lease: the modification time of `lease.beat`, kept young by a worker thread, which goes on while
 * the main thread is busy. It starts late, so that short runs never pay for it, and nothing here throws into user code.
 */
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { removeIfEmpty } from "../fs/index.js";
import { LEASE } from "../store/layout.js";
import { LEASE_BEAT } from "./last-sign.js";

/** Places in the shared flags; 0 is "not yet". */
export const FLAG = { stop: 0, done: 1, lost: 2, beating: 3 } as const;

export interface HeartbeatOrders {
  readonly beat: string;
  readonly lease: string;
  readonly claim: Uint8Array;
  readonly intervalMs: number;
  /** Int32 of {@link FLAG}. */
  readonly flags: SharedArrayBuffer;
}

/** How long a release waits (ms) for the worker to take its beat away. */
const STOP_MS = 2000;

export interface HeartbeatOptions {
  readonly runDirectory: string;
  readonly claim: Uint8Array;
  readonly intervalMs: number;
  /** Start this long (ms) after now. */
  readonly startAfterMs: number;
}

export class Heartbeat {
  readonly #orders: HeartbeatOrders;
  readonly #flags: Int32Array;
  readonly #due: number;
  #timer: NodeJS.Timeout | undefined;
  #worker: Worker | undefined;
  #started = false;

  constructor(options: HeartbeatOptions) {
    const flags = new SharedArrayBuffer(16);
    this.#orders = {
      beat: join(options.runDirectory, LEASE_BEAT),
      lease: join(options.runDirectory, LEASE),
      claim: options.claim,
      intervalMs: options.intervalMs,
      flags,
    };
    this.#flags = new Int32Array(flags);
    this.#due = performance.now() + options.startAfterMs;
    this.#timer = setTimeout(() => this.#start(), options.startAfterMs).unref();
  }

  /** Starts the worker when its time has come. For callers whose event loop may never turn; costs a clock reading. */
  startIfDue(): void {
    if (!this.#started && performance.now() >= this.#due) this.#start();
  }

  /** True once the worker saw that the lease is no longer ours. */
  get lost(): boolean {
    return Atomics.load(this.#flags, FLAG.lost) === 1;
  }

  /** True while the worker beats. */
  get beating(): boolean {
    return Atomics.load(this.#flags, FLAG.beating) === 1;
  }

  /** Ends the worker and takes the beat away. Waits at most two seconds, without the event loop. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#started = true;
    Atomics.store(this.#flags, FLAG.stop, 1);
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker !== undefined) this.#endWorker(worker);
    if (!this.lost) removeIfEmpty(this.#orders.beat);
  }

  #endWorker(worker: Worker): void {
    worker.postMessage("stop");
    Atomics.wait(this.#flags, FLAG.done, 0, STOP_MS);
    worker.terminate().catch(() => {});
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    clearTimeout(this.#timer);
    try {
      this.#worker = this.#newWorker();
    } catch {
      // No threads to be had (a permission model, a limit): the run goes on, and is judged by its process and its points.
    }
  }

  #newWorker(): Worker {
    // Loaded when a run lives long enough to beat.
    const threads = process.getBuiltinModule("node:worker_threads");
    const worker = new threads.Worker(new URL("./heartbeat-worker.js", import.meta.url), {
      workerData: this.#orders,
      execArgv: [],
    });
    const forget = () => {
      this.#worker = undefined;
    };
    worker.on("error", forget).on("exit", forget);
    worker.unref();
    return worker;
  }
}
