/** Line ends that a version control system converted to CR LF: what the file was before, proven by its sealed hash. */
import { createHash } from "node:crypto";
import { readBlocks, readBytes, readOwnBlocks } from "../fs/index.js";

const CR = 0x0d;
const LF = 0x0a;

/** Whether the file has a CR LF, and its first `size` bytes without those CRs have this SHA-256. Flat memory. */
export function isConverted(path: string, size: number, sha256: string): boolean {
  const hash = createHash("sha256");
  const stripper = new CarriageReturnStripper();
  let left = size;
  for (const block of readBlocks(path)) {
    const part = stripper.push(block);
    hash.update(part.subarray(0, Math.min(left, part.length)));
    left -= Math.min(left, part.length);
    if (left === 0) break;
  }
  return stripper.found && left === 0 && hash.digest("hex") === sha256;
}

/** Whether the file has a CR LF. Flat memory. */
export function hasConvertedEnds(path: string): boolean {
  const stripper = new CarriageReturnStripper();
  for (const block of readOwnBlocks(path)) {
    stripper.push(block);
    if (stripper.found) return true;
  }
  return false;
}

/** A file's bytes with LF for each CR LF. */
export function* blocksWithoutCarriageReturns(path: string): Generator<Uint8Array> {
  const stripper = new CarriageReturnStripper();
  for (const block of readOwnBlocks(path)) yield stripper.push(block);
  yield stripper.end();
}

/** A small file's bytes with LF for each CR LF; null when it has none. */
export function withoutCarriageReturns(path: string): Uint8Array | null {
  const stripper = new CarriageReturnStripper();
  const bytes = Buffer.concat([stripper.push(readBytes(path)), stripper.end()]);
  return stripper.found ? bytes : null;
}

/** Takes the CR of each CR LF out of a stream; a CR at the end of a block waits for the next one. */
class CarriageReturnStripper {
  found = false;
  #waiting = false;

  push(block: Uint8Array): Uint8Array {
    const out = new Uint8Array(block.length + 1);
    let length = 0;
    for (const byte of block) {
      if (this.#waiting) {
        if (byte === LF) this.found = true;
        else out[length++] = CR;
      }
      this.#waiting = byte === CR;
      if (!this.#waiting) out[length++] = byte;
    }
    return out.subarray(0, length);
  }

  end(): Uint8Array {
    return this.#waiting ? Uint8Array.of(CR) : new Uint8Array();
  }
}
