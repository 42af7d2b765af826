/** A hash over what the file system says of many entries. Their order does not count. */
import type { FileFacts } from "../fs/index.js";

const NUMBERS = new Float64Array(4);
const WORDS = new Uint32Array(NUMBERS.buffer);

/**
 * Each entry's inode, size, mtime and ctime are hashed, and the hashes added up. Names are left out: an entry that is
 * renamed, made or deleted changes its directory. Times are exact to a quarter of a microsecond; two changes that
 * lie closer together are told apart by being young, see {@link FactsSum.isYoung}.
 */
export class FactsSum {
  #low = 0;
  #high = 0;
  #young = false;
  readonly #readAtMs: number;
  readonly #margins: YoungMargins;

  constructor(readAtMs: number, margins: YoungMargins) {
    this.#readAtMs = readAtMs;
    this.#margins = margins;
  }

  add({ ino, size, mtimeMs, ctimeMs }: FileFacts): void {
    NUMBERS[0] = ino;
    NUMBERS[1] = size;
    NUMBERS[2] = mtimeMs;
    NUMBERS[3] = ctimeMs;
    let low = 0x2545f491;
    let high = 0x9e3779b9;
    for (let i = 0; i < 8; i += 1) {
      const word = WORDS[i] as number;
      low = Math.imul(low ^ word, 0x85ebca6b);
      low ^= low >>> 15;
      high = Math.imul((high + word) | 0, 0xc2b2ae35);
      high ^= high >>> 13;
    }
    this.#low = (this.#low + low) >>> 0;
    this.#high = (this.#high + (high ^ Math.imul(low, 0x27d4eb2f))) >>> 0;
    const since = this.#readAtMs - this.#margins.coarseMs;
    if (ctimeMs > since || mtimeMs > since) this.#judge(mtimeMs, ctimeMs);
  }

  /**
   * Whether an entry was changed so shortly before it was read that a further change could have left the same times. A
   * ctime in the future counts: the clock was set back, or is another machine's.
   */
  get isYoung(): boolean {
    return this.#young;
  }

  /** 64 bits, unsigned. */
  get value(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  #judge(mtimeMs: number, ctimeMs: number): void {
    const isFuture = mtimeMs > this.#readAtMs + this.#margins.coarseMs;
    if (this.#isYoungTime(ctimeMs) || (!isFuture && this.#isYoungTime(mtimeMs))) this.#young = true;
  }

  /** A time without a fraction comes from a file system that keeps whole seconds. */
  #isYoungTime(timeMs: number): boolean {
    const { fineMs, coarseMs } = this.#margins;
    return timeMs > this.#readAtMs - (timeMs % 1000 === 0 ? coarseMs : fineMs);
  }
}

/** How old a change must be when it is read so that any later change shows in the times. Milliseconds. */
export interface YoungMargins {
  /** Of times with fractions of a second. */
  readonly fineMs: number;
  /** Of times in whole seconds. */
  readonly coarseMs: number;
}

/** A clock tick of the kernel is at most 10 ms; file systems with whole seconds keep up to two. */
export const LOCAL_MARGINS: YoungMargins = { fineMs: 100, coarseMs: 3_000 };

/** The times are a server's, whose clock may be behind ours by as much. */
export const NETWORK_MARGINS: YoungMargins = { fineMs: 30_000, coarseMs: 33_000 };
