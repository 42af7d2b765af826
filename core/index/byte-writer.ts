/** Bytes that grow: the small values of an index file, one after another. Read back by {@link ByteReader}. */
import type { Integer } from "../../store-format/index.js";

const WIDE = /[^\u0000-\u00ff]/;

/** Whether a text needs two bytes a character. */
export function isWide(text: string): boolean {
  return WIDE.test(text);
}

export class ByteWriter {
  #bytes = Buffer.alloc(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written; valid until the next value. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A safe integer that is not negative, in 7 bits a byte, the lowest first. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    for (; rest >= 0x80; rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7)
      this.#bytes[this.#length++] = (rest % 128) + 128;
    this.#bytes[this.#length++] = rest;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#bytes.writeDoubleLE(value, this.#length);
    this.#length += 8;
  }

  /**
   * An integer of any size, short when it is close to `near`: 0 and its digits, 1 for null, else 2 + the difference with
   * its sign in the lowest bit.
   */
  integer(value: Integer | null, near: number): void {
    if (value === null) return this.varint(1);
    const difference = typeof value === "number" ? value - near : Number.NaN;
    if (!isShort(difference) || near + difference !== value || Object.is(value, -0))
      return this.#digits(value);
    this.varint(2 + (difference < 0 ? -2 * difference - 1 : 2 * difference));
  }

  /** Any text, lone surrogates included: twice its length, plus 1 when it takes two bytes a character. */
  text(text: string): void {
    const wide = isWide(text);
    this.varint(text.length * 2 + (wide ? 1 : 0));
    this.#reserve(text.length * 2);
    if (!wide && text.length < 64) return this.#narrow(text);
    this.#length += this.#bytes.write(text, this.#length, wide ? "utf16le" : "latin1");
  }

  #narrow(text: string): void {
    for (let index = 0; index < text.length; index += 1)
      this.#bytes[this.#length + index] = text.charCodeAt(index);
    this.#length += text.length;
  }

  #digits(value: Integer): void {
    this.varint(0);
    this.text(Object.is(value, -0) ? "-0" : String(value));
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.bytes());
    this.#bytes = larger;
  }
}

function isShort(difference: number): boolean {
  return Number.isInteger(difference) && Math.abs(difference) < 2 ** 50;
}
