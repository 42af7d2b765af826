/**
 * A page that is drawn anew in place: the alternate screen of a terminal, of which only the lines that changed are
 * written. What was there before comes back when the page is left, however that happens.
 */

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J";
const LEAVE = "\x1b[?25h\x1b[?1049l";

export class Screen {
  readonly #write: (text: string) => void;
  #lines: readonly string[] = [];
  #isOpen = false;

  /** `write` sends a text to the terminal at once. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  enter(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#lines = [];
    this.#write(ENTER);
  }

  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#write(LEAVE);
  }

  /** The terminal may show anything now (another size): the next page is written whole. */
  forget(): void {
    if (this.#isOpen) this.#write("\x1b[2J");
    this.#lines = [];
  }

  /** Writes what is different from the page before; nothing when nothing is. Lines must fit the terminal. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    let changes = "";
    for (let row = 0; row < Math.max(lines.length, this.#lines.length); row += 1) {
      const line = lines[row] ?? "";
      if (line !== (this.#lines[row] ?? "")) changes += `\x1b[${row + 1};1H${line}\x1b[K`;
    }
    this.#lines = lines;
    if (changes !== "") this.#write(changes);
  }
}
