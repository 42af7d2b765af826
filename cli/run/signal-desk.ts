/** Signals that come before the child runs wait here; later ones go straight to it. */
import type { RunningChild } from "../../core/process/child.js";

export class SignalDesk {
  #child: RunningChild | null = null;
  #waiting: NodeJS.Signals[] = [];

  deliver(signal: NodeJS.Signals): void {
    if (this.#child === null) this.#waiting.push(signal);
    else this.#child.kill(signal);
  }

  /** The child has started. */
  handTo(child: RunningChild): void {
    this.#child = child;
    for (const signal of this.#waiting) child.kill(signal);
    this.#waiting = [];
  }
}

const ENDING: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];

/** The signal by which somebody wanted the run to end, if any. */
export function endingSignal(received: ReadonlySet<NodeJS.Signals>): NodeJS.Signals | null {
  return ENDING.find((signal) => received.has(signal)) ?? null;
}
