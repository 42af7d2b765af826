/** Something that lets bytes through at its own pace; one for all requests that share a line. */
export interface Throttle {
  /** Resolves when so many bytes may pass. */
  take(bytes: number): Promise<void>;
}

export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Waits shorter than this (milliseconds) are put off: a timer takes longer than it was asked to. */
const SHORTEST_WAIT = 5;

/** `--limit-rate`: the bytes of any second stay about below the limit. */
export class RateLimiter implements Throttle {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** When the line is free again. */
  #free = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  async take(bytes: number): Promise<void> {
    const now = this.#clock.now();
    const begin = Math.max(now, this.#free);
    this.#free = begin + bytes / this.#bytesPerMs;
    if (begin - now >= SHORTEST_WAIT) await this.#clock.sleep(begin - now);
  }
}
