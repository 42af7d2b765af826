/**
 * Output without its run lines: what a nested `runstone run` hands on to the one around it. The inner run has taken them;
 * the outer one would take them for its own.
 */
import { RUN_LINE_MARK } from "./run-lines.js";

const LF = 0x0a;
const BLANK = 0x20;
const TAB = 0x09;
const MARK = Buffer.from(RUN_LINE_MARK);

type Place = "before" | "inMark" | "passing" | "dropping";

/** Byte by byte over chunks; holds back only the beginning of a line that may become a run line. */
export class RunLineFilter {
  #place: Place = "before";
  #held: number[] = [];
  #matched = 0;

  /** What of this chunk, and of what was held back, may pass now. */
  push(chunk: Uint8Array): Buffer {
    const out: number[] = [];
    for (const byte of chunk) this.#take(byte, out);
    return Buffer.from(out);
  }

  /** What is still held back at the end: the beginning of a line that became none. */
  end(): Buffer {
    const rest = this.#place === "dropping" ? [] : this.#held;
    this.#held = [];
    return Buffer.from(rest);
  }

  #take(byte: number, out: number[]): void {
    if (this.#place === "passing") out.push(byte);
    else if (this.#place !== "dropping") this.#decide(byte, out);
    if (byte === LF) this.#newLine(out);
  }

  #decide(byte: number, out: number[]): void {
    this.#held.push(byte);
    const isBlank = byte === BLANK || byte === TAB;
    if (this.#place === "before" && isBlank) return;
    this.#place = "inMark";
    if (this.#matched === MARK.length) {
      // After the whole mark a blank or the end of the line makes it a run line.
      if (isBlank || byte === LF) this.#place = "dropping";
      else this.#release(out);
    } else if (byte === MARK[this.#matched]) this.#matched += 1;
    else this.#release(out);
  }

  #release(out: number[]): void {
    for (const held of this.#held) out.push(held);
    this.#held = [];
    this.#place = "passing";
  }

  #newLine(out: number[]): void {
    if (this.#place === "before" || this.#place === "inMark") this.#release(out);
    this.#held = [];
    this.#matched = 0;
    this.#place = "before";
  }
}
