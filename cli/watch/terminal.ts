/** The terminal while a page is shown on it: size, keys, and the signals that take it away. */
import type { Screen } from "./screen.js";

export interface TerminalEvents {
  /** The size changed, or the program goes on after it was stopped: the page must be drawn whole. */
  readonly onRedraw: () => void;
  /** `q` was pressed. */
  readonly onQuit: () => void;
}

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class Terminal {
  readonly #screen: Screen;
  readonly #events: TerminalEvents;
  readonly #undo: (() => void)[] = [];

  constructor(screen: Screen, events: TerminalEvents) {
    this.#screen = screen;
    this.#events = events;
  }

  open(): void {
    // Also after a crash: an error that nobody catches ends in `exit`.
    this.#on("exit", () => this.#screen.leave());
    for (const signal of ENDING) this.#on(signal, () => this.#endBy(signal));
    if (process.platform !== "win32") {
      this.#on("SIGTSTP", () => this.#stop());
      this.#on("SIGCONT", () => this.#goOn());
    }
    process.stdout.on("resize", this.#redraw);
    this.#undo.push(() => process.stdout.off("resize", this.#redraw));
    this.#screen.enter();
    this.#takeKeys();
  }

  /** Gives the terminal back as it was. */
  close(): void {
    this.#giveKeys();
    for (const undo of this.#undo.splice(0)) undo();
    this.#screen.leave();
  }

  readonly #redraw = (): void => {
    this.#screen.forget();
    this.#events.onRedraw();
  };

  #on(event: string, listener: () => void): void {
    process.on(event, listener);
    this.#undo.push(() => process.off(event, listener));
  }

  /** The signal does what it does to programs that do not catch it: whoever waits for us sees it. */
  #endBy(signal: (typeof ENDING)[number]): void {
    this.close();
    process.kill(process.pid, signal);
  }

  #stop(): void {
    this.#giveKeys();
    this.#screen.leave();
    process.kill(process.pid, "SIGSTOP");
  }

  #goOn(): void {
    this.#screen.enter();
    this.#takeKeys();
    this.#redraw();
  }

  readonly #onKeys = (keys: Buffer): void => {
    for (const key of keys.toString("latin1")) {
      if (key === "q") this.#events.onQuit();
      // As the terminal itself would send them, to all programs of this command line.
      else if (key === "\x03") process.kill(0, "SIGINT");
      else if (key === "\x1a") process.kill(0, "SIGTSTP");
    }
  };

  /** Keys come one by one and are not shown; without a terminal on standard input there are none. */
  #takeKeys(): void {
    if (process.stdin.isTTY !== true) return;
    process.stdin.setRawMode(true);
    process.stdin.off("data", this.#onKeys).on("data", this.#onKeys).resume();
  }

  #giveKeys(): void {
    if (process.stdin.isTTY !== true) return;
    process.stdin.off("data", this.#onKeys).pause();
    process.stdin.setRawMode(false);
  }
}
