/** What went wrong beside the child: gathered while it runs, told at its end, so that nothing is printed into its output. */
import { isRunstoneError } from "../../store-format/index.js";
import { visible } from "../output/visible.js";

const SHOWN = 5;

export class Problems {
  readonly #texts = new Map<string, number>();

  /** Notes a problem; the same text is told once, with how often it came. */
  add(text: string): void {
    this.#texts.set(text, (this.#texts.get(text) ?? 0) + 1);
  }

  addError(what: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const hint = isRunstoneError(error) && error.hint !== undefined ? ` (${error.hint})` : "";
    this.add(`${what}: ${message}${hint}`);
  }

  /** Runs a part that may fail without harm; a failure is noted. */
  guard(what: string, part: () => void): boolean {
    try {
      part();
      return true;
    } catch (error) {
      this.addError(what, error);
      return false;
    }
  }

  /** {@link guard} for a part that takes time. Never rejects. */
  async guardAsync(what: string, part: () => Promise<unknown>): Promise<boolean> {
    try {
      await part();
      return true;
    } catch (error) {
      this.addError(what, error);
      return false;
    }
  }

  /** One line for each, the first few. */
  lines(): readonly string[] {
    const lines = [...this.#texts].map(([text, count]) =>
      visible(count > 1 ? `${text} (${count} times)` : text),
    );
    const more = lines.length - SHOWN;
    return more > 0 ? [...lines.slice(0, SHOWN), `and ${more} more problem${more === 1 ? "" : "s"}`] : lines;
  }
}
