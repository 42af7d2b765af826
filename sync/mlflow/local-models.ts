/** Logged models of the local store by the runs that made them, use them, or logged metrics of them. */
import { join } from "node:path";
import {
  findExperiment,
  findLoggedModel,
  type LoggedModelLocation,
  listArtifacts,
  listLoggedModelLocations,
  type OnDamage,
  readArtifact,
  readLoggedModel,
  readMetricKeys,
  readModelPointChunks,
  resolveArtifactDirectory,
  type StoreContext,
} from "../../core/index.js";
import type { ArtifactHashes, RunDocument } from "../../core/transfer/index.js";
import { isRunstoneError, type LoggedModel, type Metric } from "../../store-format/index.js";
import type { OutgoingFile } from "./send-artifacts.js";

/** A point of a run that belongs to a logged model, too. */
export interface ModelPoint {
  readonly modelId: string;
  readonly metric: Metric;
}

interface ExperimentModels {
  /** Run id -> models that it is the source of. */
  readonly bySource: ReadonlyMap<string, readonly string[]>;
  /** Run id -> points that it logged of models. */
  readonly points: ReadonlyMap<string, readonly ModelPoint[]>;
}

export class LocalModels {
  readonly #context: StoreContext;
  readonly #onDamage: OnDamage;
  readonly #experiments = new Map<string, ExperimentModels>();

  constructor(context: StoreContext, onDamage: OnDamage) {
    this.#context = context;
    this.#onDamage = onDamage;
  }

  /** Ids of the models that go along with a run. */
  idsOf({ info, inputs, outputs }: RunDocument): readonly string[] {
    const { bySource, points } = this.#of(info.experimentId);
    const ids = [
      ...outputs.map(({ modelId }) => modelId),
      ...inputs.modelInputs.map(({ modelId }) => modelId),
      ...(bySource.get(info.runId) ?? []),
      ...(points.get(info.runId) ?? []).map(({ modelId }) => modelId),
    ];
    return [...new Set(ids)];
  }

  pointsOf({ info }: RunDocument): readonly ModelPoint[] {
    return this.#of(info.experimentId).points.get(info.runId) ?? [];
  }

  /** Null when it is not here. Throws DAMAGED. */
  read(modelId: string): LoggedModel | null {
    const location = findLoggedModel(this.#context, modelId);
    return location === null ? null : readLoggedModel(location, this.#onDamage);
  }

  filesOf(modelId: string, hashes: ArtifactHashes): readonly OutgoingFile[] {
    const location = findLoggedModel(this.#context, modelId);
    const directory = location === null ? null : resolveArtifactDirectory(this.#context, location);
    if (directory === null) return [];
    const files: OutgoingFile[] = [];
    for (const { path, isDir } of listArtifacts(directory, "", true)) {
      const hashed = isDir ? null : hashes.of(join(directory, ...path.split("/")));
      if (hashed === null) continue;
      files.push({
        ...{ path, size: hashed.size, sha256: hashed.sha256 },
        open: () => ({
          size: hashed.size,
          blocks: (start = 0, end = hashed.size) => readArtifact(directory, path, { start, end }),
          close: () => undefined,
        }),
      });
    }
    return files;
  }

  #of(experimentId: string): ExperimentModels {
    const known = this.#experiments.get(experimentId);
    if (known !== undefined) return known;
    const found = this.#scan(experimentId);
    this.#experiments.set(experimentId, found);
    return found;
  }

  #scan(experimentId: string): ExperimentModels {
    const bySource = new Map<string, string[]>();
    const points = new Map<string, ModelPoint[]>();
    const experiment = findExperiment(this.#context, experimentId);
    const locations = experiment === null ? [] : listLoggedModelLocations(experiment, this.#onDamage);
    for (const location of locations) {
      const sourceRunId = this.#sourceOf(location);
      if (sourceRunId !== null) addTo(bySource, sourceRunId, location.modelId);
      for (const { runId, ...point } of this.#pointsOf(location)) addTo(points, runId, point);
    }
    return { bySource, points };
  }

  /** A damaged model is told of when it is read. */
  #sourceOf(location: LoggedModelLocation): string | null {
    try {
      const { sourceRunId, lifecycleStage } = readLoggedModel(location, this.#onDamage);
      return lifecycleStage === "active" ? sourceRunId : null;
    } catch (error) {
      if (isRunstoneError(error, "DAMAGED")) return null;
      throw error;
    }
  }

  *#pointsOf(location: LoggedModelLocation): Generator<ModelPoint & { readonly runId: string }> {
    const { modelId } = location;
    for (const key of readMetricKeys(location, this.#onDamage))
      for (const lines of readModelPointChunks(location, key, this.#onDamage))
        for (const { runId = "", timestamp, value, step, dataset } of lines) {
          const linked = dataset === undefined ? {} : { dataset };
          yield { runId, modelId, metric: { key, timestamp, value, step, ...linked } };
        }
  }
}

function addTo<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}
