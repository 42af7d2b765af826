/** What the store of the differential test holds, and who writes which part of it. The same seed gives the same plan. */
import * as words from "./vocabulary.js";

export type Writer = "mlflow" | "runstone";

/** Pairs, because a key may be `__proto__`. */
export type Pairs = readonly (readonly [string, string])[];

/** `value`: a number, or the text of one that JSON lacks. */
export interface PlannedPoint {
  readonly key: string;
  readonly value: number | string;
  readonly timestamp: number;
  readonly step: number;
}

export interface PlannedExperiment {
  readonly writer: Writer;
  readonly name: string;
  /** The name it is given in the end. */
  readonly renamed: string | null;
  readonly deleted: boolean;
  readonly tags: Pairs;
  /** null: as written by MLflow before 1.29, without times. */
  readonly creationTime: number | null;
}

export interface PlannedDataset {
  readonly name: string;
  readonly digest: string;
  readonly context: string | null;
}

export interface PlannedRun {
  readonly writer: Writer;
  /** Index of the experiment; 0 is `Default`, the planned ones follow. */
  readonly experiment: number;
  /** null: no name, neither in meta.yaml nor as a tag. */
  readonly name: string | null;
  readonly user: string;
  readonly startTime: number;
  readonly endTime: number | null;
  readonly status: (typeof words.STATUSES)[number];
  readonly deleted: boolean;
  readonly params: Pairs;
  readonly tags: Pairs;
  readonly points: readonly PlannedPoint[];
  readonly datasets: readonly PlannedDataset[];
}

export interface PlannedVersion {
  readonly source: string;
  /** Index of a run, or null. */
  readonly run: number | null;
  readonly tags: Pairs;
  readonly deleted: boolean;
  readonly time: number;
}

export interface PlannedModel {
  readonly writer: Writer;
  readonly name: string;
  readonly tags: Pairs;
  readonly time: number;
  readonly versions: readonly PlannedVersion[];
  /** Alias and version number. */
  readonly aliases: readonly (readonly [string, number])[];
}

export interface PlannedModelPoint extends PlannedPoint {
  readonly dataset: { readonly name: string; readonly digest: string } | null;
}

export interface PlannedLoggedModel {
  readonly writer: Writer;
  readonly experiment: number;
  readonly name: string;
  readonly type: string | null;
  /** Index of the run that made it, or null; its points are logged through the run `pointsRun`. */
  readonly run: number | null;
  readonly pointsRun: number;
  readonly status: "PENDING" | "READY" | "FAILED";
  readonly deleted: boolean;
  readonly params: Pairs;
  readonly tags: Pairs;
  readonly points: readonly PlannedModelPoint[];
  readonly time: number;
}

export interface Plan {
  readonly experiments: readonly PlannedExperiment[];
  readonly runs: readonly PlannedRun[];
  readonly models: readonly PlannedModel[];
  readonly loggedModels: readonly PlannedLoggedModel[];
}

/** The one metric of logged models that may be NaN: MLflow's order by such a metric is none. */
export const NAN_METRIC = "my metric";

const RUNS = 96;

export function planStore(random: () => number): Plan {
  const planner = new Planner(random);
  return {
    experiments: words.EXPERIMENT_NAMES.map((name, index) => planner.experiment(name, index)),
    runs: Array.from({ length: RUNS }, (_, index) => planner.run(index)),
    models: words.MODEL_NAMES.map((name, index) => planner.model(name, index)),
    loggedModels: Array.from({ length: 24 }, (_, index) => planner.loggedModel(index)),
  };
}

/** Of the planned experiments, by index. */
function isDeleted(experiment: number): boolean {
  return experiment === 4 || experiment === 5;
}

class Planner {
  readonly #random: () => number;
  /** Texts are dealt in turn, so that each occurs. */
  #dealt = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  experiment(name: string, index: number): PlannedExperiment {
    return {
      writer: index % 2 === 0 ? "mlflow" : "runstone",
      name,
      renamed: index === 6 ? "renamed β" : null,
      deleted: isDeleted(index),
      tags: this.#pairs(words.TAG_KEYS, 3),
      creationTime: index === 4 ? null : this.#pick(words.TIMES),
    };
  }

  run(index: number): PlannedRun {
    const writer = index % 2 === 0 ? "mlflow" : "runstone";
    const status = this.#pick(words.STATUSES);
    const experiment = this.#below(words.EXPERIMENT_NAMES.length + 1);
    const deleted = this.#chance(0.12);
    // Deleting gives a run without a name the empty one.
    const nameless = index % 8 === 0 && !deleted && !isDeleted(experiment - 1);
    return {
      writer,
      experiment,
      name: nameless ? null : this.#pick(words.RUN_NAMES),
      user: this.#pick(words.USERS),
      startTime: this.#pick(words.TIMES),
      endTime: status === "RUNNING" || status === "SCHEDULED" ? null : this.#pick(words.TIMES),
      status,
      deleted,
      params: this.#pairs(words.PARAM_KEYS, 6),
      tags: this.#pairs(words.TAG_KEYS, 6),
      points: this.#points(),
      datasets: this.#some(words.DATASETS, 2).map((dataset) => ({
        ...dataset,
        context: this.#pick(words.CONTEXTS),
      })),
    };
  }

  model(name: string, index: number): PlannedModel {
    const count = name === "empty one" ? 0 : 1 + this.#below(4);
    const versions = Array.from({ length: count }, (_, at) => this.#version(at));
    return {
      writer: /"/.test(name) || index % 2 === 0 ? "mlflow" : "runstone",
      name,
      tags: this.#pairs(words.TAG_KEYS, 4),
      time: this.#pick(words.TIMES),
      versions,
      aliases: count > 0 && index % 3 === 0 ? [["champion", 1]] : [],
    };
  }

  #version(at: number): PlannedVersion {
    return {
      source: this.#pick(words.SOURCES),
      run: this.#chance(0.3) ? null : this.#below(RUNS),
      tags: this.#pairs(words.TAG_KEYS, 3),
      deleted: at > 0 && this.#chance(0.2),
      time: this.#pick(words.TIMES),
    };
  }

  loggedModel(index: number): PlannedLoggedModel {
    const run = this.#below(RUNS);
    return {
      writer: index % 2 === 0 ? "mlflow" : "runstone",
      // None in a deleted experiment, with which Runstone takes a model for deleted.
      experiment: this.#below(4),
      name: this.#pick(words.LOGGED_MODEL_NAMES),
      type: this.#pick(words.MODEL_TYPES),
      run: this.#chance(0.3) ? null : run,
      pointsRun: run,
      status: this.#pick(["PENDING", "READY", "FAILED"] as const),
      deleted: this.#chance(0.1),
      params: this.#pairs(words.PARAM_KEYS, 3),
      tags: this.#pairs(words.TAG_KEYS, 3),
      points: this.#modelPoints(),
      time: this.#pick(words.TIMES),
    };
  }

  #pairs(keys: readonly string[], atMost: number): Pairs {
    return this.#some(keys, atMost).map((key) => [key, this.#text()]);
  }

  #text(): string {
    this.#dealt += 1;
    return words.TEXTS[(this.#dealt * 7) % words.TEXTS.length] ?? "";
  }

  #points(): readonly PlannedPoint[] {
    return this.#some(words.METRIC_KEYS, 6).flatMap((key) =>
      distinct(
        Array.from({ length: 1 + this.#below(3) }, () => this.#point(key)),
        (point) => point,
      ),
    );
  }

  #point(key: string): PlannedPoint {
    const value = key === "all nan" ? Number.NaN : this.#pick(words.NUMBERS);
    return {
      key,
      value: Number.isFinite(value) ? value : String(value),
      timestamp: this.#pick(words.TIMES),
      step: this.#pick([0, 0, 1, 2, -3]),
    };
  }

  #modelPoints(): readonly PlannedModelPoint[] {
    const points = Array.from({ length: this.#below(6) }, () => ({
      ...this.#modelPoint(this.#pick(["loss", "acc", "val/loss", NAN_METRIC])),
      dataset: this.#chance(0.4)
        ? null
        : this.#pick(words.DATASETS.filter(({ name }) => !name.includes(" "))),
    }));
    return distinct(points, ({ key, timestamp, step }) => [key, timestamp, step]);
  }

  #modelPoint(key: string): PlannedPoint {
    const point = this.#point(key);
    return point.value === "NaN" && key !== NAN_METRIC ? { ...point, value: 7 } : point;
  }

  /** Up to `atMost` of them, each at most once. */
  #some<T>(values: readonly T[], atMost: number): readonly T[] {
    const rest = [...values];
    const count = this.#below(atMost + 1);
    return Array.from({ length: count }, () => rest.splice(this.#below(rest.length), 1)[0] as T);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/**
 * MLflow's SQL stores refuse a point of a run that is there already, and one of a logged model at a time and step that has
 * one, whatever its value.
 */
function distinct<T extends PlannedPoint>(
  points: readonly T[],
  placeOf: (point: T) => unknown,
): readonly T[] {
  const places = points.map((point) => JSON.stringify(placeOf(point)));
  return points.filter((_, index) => places.indexOf(places[index] ?? "") === index);
}
