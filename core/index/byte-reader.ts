/** Reads what a {@link ByteWriter} wrote. What cannot have been written by one is a {@link SegmentDamage}. */
import { type Integer, toInteger } from "../../store-format/index.js";
import { SegmentDamage } from "./segment-damage.js";

const INTEGER = /^-?[0-9]+$/;

export class ByteReader {
  readonly path: string;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.path = path;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw this.damage("a value is cut off");
    return value;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : this.#tooLarge();
    }
    return this.#tooLarge();
  }

  /** A varint that counts things of which each takes at least one of the bytes that follow. */
  count(): number {
    const count = this.varint();
    if (count > this.#bytes.length - this.#at) throw this.damage("a count is too large");
    return count;
  }

  double(): number {
    const at = this.#skip(8);
    return this.#bytes.readDoubleLE(at);
  }

  integer(near: number): Integer | null {
    const code = this.varint();
    if (code === 0) return this.#digits();
    if (code === 1) return null;
    const half = (code - 2) / 2;
    return near + (Number.isInteger(half) ? half : -Math.ceil(half));
  }

  /** As {@link integer}, where there is one. */
  someInteger(near: number): Integer {
    const value = this.integer(near);
    if (value === null) throw this.damage("a number is missing");
    return value;
  }

  text(): string {
    const code = this.varint();
    const wide = code % 2 === 1;
    const length = Math.floor(code / 2) * (wide ? 2 : 1);
    const at = this.#skip(length);
    return wide
      ? this.#bytes.toString("utf16le", at, at + length)
      : this.#bytes.toString("latin1", at, at + length);
  }

  damage(reason: string): SegmentDamage {
    return new SegmentDamage(this.path, reason);
  }

  #digits(): Integer {
    const text = this.text();
    if (!INTEGER.test(text) || text === "-0") return Number(text);
    return toInteger(BigInt(text));
  }

  #skip(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw this.damage("a value is cut off");
    this.#at += count;
    return at;
  }

  #tooLarge(): never {
    throw this.damage("a number is too large");
  }
}
