/** One line on a terminal's stderr that counts up; silent elsewhere and in the first half second. */
import type { CommandContext } from "../context.js";

const FIRST_AFTER_MS = 500;
const EVERY_MS = 100;

export class ProgressLine {
  readonly #context: CommandContext;
  readonly #verb: string;
  readonly #noun: string;
  #next: number;
  #shown = false;

  constructor(context: CommandContext, verb: string, noun: string) {
    this.#context = context;
    this.#verb = verb;
    this.#noun = noun;
    this.#next = context.now() + FIRST_AFTER_MS;
  }

  show(count: number): void {
    this.say(`${this.#verb} ${count} ${this.#noun}`);
  }

  say(text: string): void {
    if (!this.#context.err.isTerminal || this.#context.now() < this.#next) return;
    this.#next = this.#context.now() + EVERY_MS;
    this.#shown = true;
    this.#context.err.write(`\r${text}\x1b[K`);
    this.#context.err.flush();
  }

  clear(): void {
    if (!this.#shown) return;
    this.#context.err.write("\r\x1b[K");
    this.#context.err.flush();
  }
}
