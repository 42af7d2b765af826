/**
 * Tells when spool files may have grown. The system's notices (inotify and its like) where they are to be had, and a
 * slow poll beside them; a quick poll where not. Never more often than every 10 ms, so that a child that prints one
 * byte at a time costs little; never later than 50 ms.
 */
import { type FSWatcher, watch } from "node:fs";

const SHORTEST_GAP_MS = 10;
const QUICK_POLL_MS = 40;
const SLOW_POLL_MS = 1_000;

export class SpoolWatch {
  readonly #onChange: () => void;
  readonly #watchers: FSWatcher[] = [];
  #poll: NodeJS.Timeout | undefined;
  #pending: NodeJS.Timeout | undefined;
  #last = 0;
  #closed = false;

  /** Watches files that exist; `onChange` is called from the event loop. */
  constructor(paths: readonly string[], onChange: () => void) {
    this.#onChange = onChange;
    const noticed = paths.every((path) => this.#watch(path));
    this.#startPoll(noticed ? SLOW_POLL_MS : QUICK_POLL_MS);
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.close();
    clearInterval(this.#poll);
    clearTimeout(this.#pending);
  }

  #watch(path: string): boolean {
    try {
      const watcher = watch(path, () => this.#notice());
      // A watch that fails later (its file system went away) leaves the poll.
      watcher.on("error", () => this.#startPoll(QUICK_POLL_MS));
      this.#watchers.push(watcher);
      return true;
    } catch {
      // No notices here (limits of inotify, some network file systems): the quick poll does.
      return false;
    }
  }

  #startPoll(interval: number): void {
    clearInterval(this.#poll);
    if (!this.#closed) this.#poll = setInterval(() => this.#onChange(), interval);
  }

  #notice(): void {
    if (this.#closed || this.#pending !== undefined) return;
    const wait = this.#last + SHORTEST_GAP_MS - performance.now();
    if (wait <= 0) this.#fire();
    else this.#pending = setTimeout(() => this.#fire(), wait);
  }

  #fire(): void {
    this.#pending = undefined;
    this.#last = performance.now();
    this.#onChange();
  }
}
