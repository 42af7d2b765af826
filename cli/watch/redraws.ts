/** Draws when asked to, but never more often than every so many milliseconds; what is asked meanwhile is drawn once, late. */

export interface Clock {
  now(): number;
  /** Calls back once; returns what cancels it. */
  after(milliseconds: number, call: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** At most ten a second. */
export const SHORTEST_GAP_MS = 100;

export class Redraws {
  readonly #draw: () => void;
  readonly #clock: Clock;
  #last = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(draw: () => void, clock: Clock = SYSTEM_CLOCK) {
    this.#draw = draw;
    this.#clock = clock;
  }

  ask(): void {
    if (this.#cancel !== undefined) return;
    const wait = this.#last + SHORTEST_GAP_MS - this.#clock.now();
    if (wait <= 0) this.#drawNow();
    else this.#cancel = this.#clock.after(wait, () => this.#drawNow());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #drawNow(): void {
    this.#cancel = undefined;
    this.#last = this.#clock.now();
    this.#draw();
  }
}
