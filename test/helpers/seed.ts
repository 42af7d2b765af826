/**
 * Random numbers that can be repeated. The quick tier draws the same ones every time, so that it says the same of the
 * same code; the full tier draws new ones. A variable of the environment sets the seed for both (`random`: a new one).
 */
import { randomInt } from "node:crypto";

const QUICK_SEED = 20_261_122;

/** The seed that the variable names, else the tier's. Pass it on in messages of failure. */
export function newSeed(variable: string): number {
  const given = process.env[variable] ?? process.env.RUNSTONE_SEED;
  if (given === "random" || (given === undefined && process.env.RUNSTONE_TIER === "full"))
    return randomInt(1_000_000_000);
  return given === undefined ? QUICK_SEED : Number(given);
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
