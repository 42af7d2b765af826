/** Random numbers that can be repeated: the seed is printed, and taken from the environment when it is there. */
import { randomInt } from "node:crypto";

export function newSeed(variable: string): number {
  const given = process.env[variable];
  return given === undefined ? randomInt(1_000_000) : Number(given);
}

/** mulberry32: numbers from 0 up to 1. */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
