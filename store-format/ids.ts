import { ADJECTIVES, ANIMALS } from "./run-name-words.js";

const SMALLEST_EXPERIMENT_ID = 10n ** 17n;
const MAX_RUN_NUMBER = 1000;

/** The text whose SHA-256 (of its UTF-8 bytes) gives the id of a new experiment; `probe` counts from 0 while ids are taken. */
export function experimentIdPreimage(name: string, probe: number): string {
  return probe === 0 ? name : `${name}\0${probe}`;
}

/** 18 decimal digits without a leading zero: 10^17 + hash mod 9*10^17. */
export function experimentIdFromHash(sha256Hex: string): string {
  return (SMALLEST_EXPERIMENT_ID + (BigInt(`0x${sha256Hex}`) % (9n * SMALLEST_EXPERIMENT_ID))).toString();
}

/** The text whose MD5 is MLflow's id of a dataset. */
export function datasetIdPreimage(name: string, digest: string): string {
  return name + digest;
}

/** The text whose MD5 is MLflow's id of an input; `sourceId` is the dataset id or the model id. */
export function inputIdPreimage(sourceId: string, runId: string): string {
  return sourceId + runId;
}

/** A name like `gentle-otter-512`, at most 20 characters. `random(max)` gives an integer in 0..max-1. */
export function runNameFrom(random: (max: number) => number): string {
  const adjective = ADJECTIVES[random(ADJECTIVES.length)];
  const animal = ANIMALS[random(ANIMALS.length)];
  return `${adjective}-${animal}-${random(MAX_RUN_NUMBER + 1)}`;
}

/** Lower-case hex digits; a run id is 16 random bytes so written. */
export function hexId(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
