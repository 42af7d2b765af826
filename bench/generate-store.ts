/** A store of any size with the same content for the same seed: what searching is measured on. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serializeExperimentMeta, serializePoint, serializeRunMeta } from "../store-format/index.js";

export interface GeneratedStore {
  readonly path: string;
  readonly runs: number;
  readonly seed: number;
  /** Points of each metric. */
  readonly points: number;
}

export const EXPERIMENT = "100000000000000001";
const PARAMS = 20;
const METRICS = 10;
const TAGS = 10;
/** meta.yaml, params, metrics and tags of one run. */
export const FILES_OF_A_RUN = 1 + PARAMS + METRICS + TAGS;
const START = 1_700_000_000_000;
const WORDS = ["adam", "sgd", "lion", "adagrad", "rmsprop"];
const MODELS = ["resnet18", "resnet50", "vit-b16", "mlp", "convnext"];

/** Writes one experiment with runs of {@link FILES_OF_A_RUN} files. Run ids are random texts of the seed. */
export function generateStore({ path, runs, seed, points }: GeneratedStore): void {
  const experiment = join(path, EXPERIMENT);
  mkdirSync(experiment, { recursive: true });
  writeFileSync(
    join(experiment, "meta.yaml"),
    serializeExperimentMeta({
      experimentId: EXPERIMENT,
      name: "generated",
      artifactLocation: `./${EXPERIMENT}`,
      lifecycleStage: "active",
      creationTime: START,
      lastUpdateTime: START,
    }),
  );
  const random = new Random(seed);
  for (let index = 0; index < runs; index += 1) generateRun(experiment, index, points, random);
}

/** One further run; returns its directory. */
export function generateRun(experiment: string, index: number, points: number, random: Random): string {
  const runId = random.hex(32);
  const directory = join(experiment, runId);
  for (const name of ["params", "metrics", "tags", "artifacts"])
    mkdirSync(join(directory, name), { recursive: true });
  writeMeta(directory, runId, index, random);
  for (let number = 0; number < PARAMS; number += 1)
    writeFileSync(join(directory, "params", paramKey(number)), paramValue(number, random));
  for (let number = 0; number < TAGS; number += 1)
    writeFileSync(
      join(directory, "tags", number === 0 ? "mlflow.runName" : `tag${number}`),
      tagValue(number, index, random),
    );
  for (let number = 0; number < METRICS; number += 1)
    writeFileSync(join(directory, "metrics", metricKey(number)), series(points, number, random));
  return directory;
}

function writeMeta(directory: string, runId: string, index: number, random: Random): void {
  const startTime = START + index * 60_000 + random.below(60_000);
  const status = random.below(10) === 0 ? "FAILED" : "FINISHED";
  const meta = serializeRunMeta({
    runId,
    experimentId: EXPERIMENT,
    runName: `run-${index}`,
    userId: `user${index % 7}`,
    status,
    startTime,
    endTime: startTime + random.below(3_600_000),
    deletedTime: null,
    lifecycleStage: "active",
    artifactUri: `./${EXPERIMENT}/${runId}/artifacts`,
  });
  writeFileSync(join(directory, "meta.yaml"), meta);
}

function paramKey(number: number): string {
  return ["lr", "optimizer", "model", "seed"][number] ?? `param${number}`;
}

function metricKey(number: number): string {
  return ["acc", "loss"][number] ?? `metric${number}`;
}

function paramValue(number: number, random: Random): string {
  if (number === 0) return ["0.1", "0.03", "0.01", "0.003", "0.001"][random.below(5)]!;
  if (number === 1) return WORDS[random.below(WORDS.length)]!;
  if (number === 2) return MODELS[random.below(MODELS.length)]!;
  return String(random.below(number < 10 ? 50 : 1_000_000));
}

function tagValue(number: number, index: number, random: Random): string {
  return number === 0 ? `run-${index}` : `value ${random.below(number * 20)}`;
}

function series(points: number, number: number, random: Random): string {
  let text = "";
  for (let step = 0; step < points; step += 1)
    text += serializePoint({ timestamp: START + step, value: random.unit() / (1 + number), step });
  return text;
}

/** xorshift32: the same numbers on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** In [0, 1). */
  unit(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** In [0, limit). */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  hex(length: number): string {
    let text = "";
    while (text.length < length) text += this.below(65_536).toString(16).padStart(4, "0");
    return text.slice(0, length);
  }
}
