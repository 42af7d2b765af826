/**
 * Randomness for names and tokens, from the system's own device where there is one: a command that logs one value would
 * else spend more time on loading node:crypto than on its whole work.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

const DEVICE = "/dev/urandom";
/** Read at once: a command needs a handful of names. */
const POOL_BYTES = 256;

let pool: Uint8Array = new Uint8Array(0);

/** `length` (at most 256) random bytes, as good as those of node:crypto. */
export function randomOctets(length: number): Uint8Array {
  if (pool.length < length) pool = fromDevice() ?? randomBytes(POOL_BYTES);
  const octets = pool.subarray(0, length);
  pool = pool.subarray(length);
  return octets;
}

/** `bytes` random bytes as lower-case hex. */
export function randomHex(bytes: number): string {
  return Array.from(randomOctets(bytes), (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** A whole number from 0 to `max - 1` (`max` at most 2^32), each as likely as any other. */
export function randomBelow(max: number): number {
  const fair = 2 ** 32 - (2 ** 32 % max);
  for (;;) {
    const drawn = randomOctets(4).reduce((number, octet) => number * 256 + octet, 0);
    if (drawn < fair) return drawn % max;
  }
}

/** Null where there is no such device, or no descriptor is left to open it. */
function fromDevice(): Uint8Array | null {
  try {
    const fd = openSync(DEVICE, "r");
    try {
      const octets = new Uint8Array(POOL_BYTES);
      return readSync(fd, octets) === POOL_BYTES ? octets : null;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
