/**
 * The part of an MLflow tracking server that sync speaks to, in memory and strict: it refuses what a SQL store refuses, and
 * breaks where that breaks. For programmes that need thousands of pushes; what it does is what real servers did.
 */
import { createHash, randomUUID } from "node:crypto";
import type { Item, StoreView } from "../interop/store-view.js";
import { MlflowModelRegistry, type RegisteredInModel } from "./mlflow-model-registry.js";
import {
  absent,
  type Body,
  invalid,
  type KeyValue,
  keyValues,
  mapOf,
  Refused,
} from "./mlflow-model-values.js";

interface Point {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
  readonly model_id?: string;
}

interface ModelExperiment {
  readonly experiment_id: string;
  name: string;
  lifecycle_stage: "active" | "deleted";
  readonly tags: Map<string, string>;
}

interface ModelDataset {
  readonly dataset: Body;
  readonly tags?: unknown;
}

interface ModelRun {
  readonly info: Record<string, string | number | undefined>;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  /** By what a SQL store takes for the same point. */
  readonly points: Map<string, Point>;
  readonly datasets: Map<string, ModelDataset>;
  readonly modelInputs: Set<string>;
  readonly outputs: Map<string, number>;
}

interface ModelModel {
  readonly info: Record<string, unknown>;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly metrics: (Point & { readonly run_id: string })[];
}

const LARGEST = 1.7976931348623157e308;
const MAX_PARAM_LENGTH = 6_000;
const MAX_TAG_LENGTH = 8_000;
/** Points of a slice, when a SQL store looks for those that it has. */
const SLICE = 100;

interface ModelState {
  readonly experiments: Map<string, ModelExperiment>;
  readonly runs: Map<string, ModelRun>;
  readonly models: Map<string, ModelModel>;
  readonly artifacts: Map<string, Buffer>;
  readonly registered: Map<string, RegisteredInModel>;
}

function emptyState(): ModelState {
  const [experiments, runs, models] = [new Map(), new Map(), new Map()];
  return { experiments, runs, models, artifacts: new Map(), registered: new Map() };
}

/** A backup of a model: its content at one time. */
export type ModelBackup = Readonly<ModelState>;

export class MlflowModel {
  #state = emptyState();
  #time = 1_800_000_000_000;
  readonly registry = new MlflowModelRegistry(
    () => this.#state.registered,
    () => this.#time++,
  );

  backUp(): ModelBackup {
    return structuredClone(this.#state);
  }

  /** Everything is again as it was then. Null: nothing is there. */
  restore(backup: ModelBackup | null): void {
    this.#state = backup === null ? emptyState() : structuredClone(backup);
    // A clone of a Buffer is a plain array of bytes.
    for (const [path, bytes] of this.artifacts) this.artifacts.set(path, Buffer.from(bytes));
  }

  /** By path below the root of the proxy. */
  get artifacts(): Map<string, Buffer> {
    return this.#state.artifacts;
  }

  get #experiments(): Map<string, ModelExperiment> {
    return this.#state.experiments;
  }

  get #runs(): Map<string, ModelRun> {
    return this.#state.runs;
  }

  get #models(): Map<string, ModelModel> {
    return this.#state.models;
  }

  createExperiment({ name, tags }: Body): Body {
    if (typeof name !== "string" || name === "") throw invalid("Missing value for required parameter 'name'");
    if (this.#named(name) !== undefined)
      throw new Refused(400, "RESOURCE_ALREADY_EXISTS", `Experiment(name=${name}) already exists.`);
    const id = String(this.#experiments.size + 1);
    this.#experiments.set(id, {
      ...{ experiment_id: id, name, lifecycle_stage: "active" },
      tags: mapOf(tags),
    });
    return { experiment_id: id };
  }

  getExperiment(id: string): Body {
    return { experiment: experimentMessage(this.#experiment(id)) };
  }

  getExperimentByName(name: string): Body {
    const found = this.#named(name);
    if (found === undefined) throw absent(`Could not find experiment with name '${name}'`);
    return { experiment: experimentMessage(found) };
  }

  /** All of them, in one page. */
  searchExperiments(): Body {
    return { experiments: [...this.#experiments.values()].map(experimentMessage) };
  }

  setExperimentTag({ experiment_id, key, value }: Body): Body {
    this.#activeExperiment(String(experiment_id)).tags.set(String(key), String(value));
    return {};
  }

  deleteExperimentTag({ experiment_id, key }: Body): Body {
    if (this.#activeExperiment(String(experiment_id)).tags.delete(String(key))) return {};
    throw absent(`No tag with name: ${String(key)} in experiment with id ${String(experiment_id)}`);
  }

  setExperimentStage(id: string, stage: "active" | "deleted"): Body {
    const experiment = this.#experiment(id);
    if (experiment.lifecycle_stage === stage)
      throw absent(`No Experiment with id=${id} exists that is not ${stage}`);
    experiment.lifecycle_stage = stage;
    for (const { info } of this.#runs.values()) if (info.experiment_id === id) info.lifecycle_stage = stage;
    return {};
  }

  renameExperiment(id: string, name: string): Body {
    const experiment = this.#activeExperiment(id);
    if ((this.#named(name) ?? experiment) !== experiment)
      throw new Refused(400, "BAD_REQUEST", "UNIQUE constraint failed: experiments.name");
    experiment.name = name;
    return {};
  }

  createRun({ experiment_id, run_name, user_id, start_time, tags }: Body): Body {
    this.#activeExperiment(String(experiment_id));
    const id = randomUUID().replaceAll("-", "");
    const named = mapOf(tags);
    const inTag = named.get("mlflow.runName");
    if (run_name !== undefined && inTag !== undefined && inTag !== run_name)
      throw invalid(
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values",
      );
    const name = String(run_name ?? inTag ?? `run-${id.slice(0, 6)}`);
    named.set("mlflow.runName", name);
    this.#runs.set(id, {
      info: {
        ...{ run_id: id, run_uuid: id, experiment_id: String(experiment_id), run_name: name },
        ...{ user_id: String(user_id ?? ""), status: "RUNNING", start_time: Number(start_time ?? 0) },
        ...{ lifecycle_stage: "active", artifact_uri: `mlflow-artifacts:/${experiment_id}/${id}/artifacts` },
      },
      ...{ params: new Map(), tags: named, points: new Map(), datasets: new Map() },
      ...{ modelInputs: new Set(), outputs: new Map() },
    });
    return { run: this.#runMessage(this.#run(id)) };
  }

  getRun(id: string): Body {
    return { run: this.#runMessage(this.#run(id)) };
  }

  /** Only the filters that sync sends; any other is refused. */
  searchRuns({ experiment_ids, filter = "", run_view_type, max_results }: Body): Body {
    if (Number(max_results ?? 1_000) > 50_000)
      throw invalid("Invalid value for parameter 'max_results' supplied");
    const matches = runFilter(String(filter));
    const runs = [...this.#runs.values()].filter(
      (run) =>
        (experiment_ids as readonly string[]).includes(String(run.info.experiment_id)) &&
        (run_view_type === "ALL" || run.info.lifecycle_stage === "active") &&
        matches(run),
    );
    // A SQL store leaves models out of a search.
    return { runs: runs.map((run) => ({ ...this.#runMessage(run), outputs: undefined })) };
  }

  updateRun({ run_id, status, end_time, run_name }: Body): Body {
    const run = this.#activeRun(String(run_id));
    if (status !== undefined) run.info.status = String(status);
    if (end_time !== undefined) run.info.end_time = Number(end_time);
    if (typeof run_name === "string" && run_name !== "") {
      run.info.run_name = run_name;
      run.tags.set("mlflow.runName", run_name);
    }
    return { run_info: run.info };
  }

  setRunStage(id: string, stage: "active" | "deleted"): Body {
    this.#run(id).info.lifecycle_stage = stage;
    return {};
  }

  deleteTag({ run_id, key }: Body): Body {
    if (!this.#activeRun(String(run_id)).tags.delete(String(key))) throw absent(`No tag with name: ${key}`);
    return {};
  }

  logBatch({ run_id, metrics = [], params = [], tags = [] }: Body): Body {
    const run = this.#activeRun(String(run_id));
    const lists = { metrics, params, tags } as Readonly<Record<string, readonly KeyValue[]>>;
    const limits: Readonly<Record<string, number>> = { metrics: 1_000, params: 100, tags: 100 };
    for (const [name, list] of Object.entries(lists))
      if (list.length > limits[name]!)
        throw invalid(`A batch logging request can contain at most ${limits[name]} ${name}`);
    logParams(run, lists.params!);
    this.#logMetrics(run, metrics as readonly Point[]);
    for (const { key, value } of lists.tags!) run.tags.set(key, value.slice(0, MAX_TAG_LENGTH));
    return {};
  }

  logInputs({ run_id, datasets = [], models = [] }: Body): Body {
    const run = this.#activeRun(String(run_id));
    for (const input of datasets as readonly ModelDataset[]) {
      const identity = `${input.dataset.name}\n${input.dataset.digest}`;
      if (!run.datasets.has(identity)) run.datasets.set(identity, input);
    }
    for (const { model_id } of models as readonly { readonly model_id: string }[])
      run.modelInputs.add(model_id);
    return {};
  }

  logOutputs({ run_id, models }: Body): Body {
    const run = this.#activeRun(String(run_id));
    const outputs = models as readonly { readonly model_id: string; readonly step: number }[];
    if (outputs.some(({ model_id }) => run.outputs.has(model_id)))
      throw new Refused(400, "BAD_REQUEST", "(sqlite3.IntegrityError) UNIQUE constraint failed: inputs");
    for (const { model_id, step } of outputs) run.outputs.set(model_id, step);
    return {};
  }

  getHistory(runId: string, key: string): Body {
    const points = [...(this.#runs.get(runId)?.points.values() ?? [])].filter((point) => point.key === key);
    return { metrics: points.sort(byTime).map(pointMessage) };
  }

  getHistories(runIds: readonly string[], key: string): Body {
    const all = runIds.flatMap((run_id) => {
      const { metrics } = this.getHistory(run_id, key) as { metrics: readonly object[] };
      return metrics.map((point) => ({ ...point, run_id }));
    });
    return { metrics: all };
  }

  createLoggedModel(model: Body): Body {
    const { experiment_id, params, tags } = model;
    this.#activeExperiment(String(experiment_id));
    const id = `m-${randomUUID().replaceAll("-", "")}`;
    this.#time += 1;
    this.#models.set(id, {
      info: {
        ...{ model_id: id, experiment_id, name: model.name, status: "LOGGED_MODEL_PENDING" },
        ...{ model_type: model.model_type, source_run_id: model.source_run_id },
        ...{ creation_timestamp_ms: this.#time, last_updated_timestamp_ms: this.#time },
        artifact_uri: `mlflow-artifacts:/${experiment_id}/models/${id}/artifacts`,
      },
      ...{ params: mapOf(params), tags: mapOf(tags), metrics: [] },
    });
    return { model: modelMessage(this.#model(id)) };
  }

  getLoggedModel(id: string): Body {
    return { model: modelMessage(this.#model(id)) };
  }

  searchLoggedModels({ experiment_ids, filter = "" }: Body): Body {
    const [, key, value] = /^tags\.`([^`]+)` = '([^']*)'$/.exec(String(filter)) ?? [];
    if (key === undefined) throw invalid(`Invalid filter ${filter}`);
    const found = [...this.#models.values()].filter(
      ({ info, tags }) =>
        (experiment_ids as readonly unknown[]).includes(info.experiment_id) && tags.get(key) === value,
    );
    return { models: found.map(modelMessage) };
  }

  finalizeLoggedModel(id: string, status: unknown): Body {
    this.#model(id).info.status = status;
    return this.getLoggedModel(id);
  }

  deleteLoggedModel(id: string): Body {
    this.#model(id);
    this.#models.delete(id);
    return {};
  }

  setLoggedModelTags(id: string, tags: unknown): Body {
    for (const { key, value } of tags as readonly KeyValue[]) this.#model(id).tags.set(key, value);
    return this.getLoggedModel(id);
  }

  logLoggedModelParams(id: string, params: unknown): Body {
    const model = this.#model(id);
    const list = params as readonly KeyValue[];
    if (list.some(({ key }) => model.params.has(key)))
      throw new Refused(
        400,
        "BAD_REQUEST",
        "(sqlite3.IntegrityError) UNIQUE constraint failed: logged_model_params",
      );
    for (const { key, value } of list) model.params.set(key, value);
    return {};
  }

  /** One level, base names. */
  listArtifacts(directory: string): Body {
    const prefix = directory === "" ? "" : `${directory.replace(/\/$/, "")}/`;
    const files = new Map<string, Body>();
    for (const [path, bytes] of this.artifacts) {
      if (!path.startsWith(prefix)) continue;
      const [name = "", ...rest] = path.slice(prefix.length).split("/");
      const isDir = rest.length > 0;
      files.set(name, {
        path: name,
        is_dir: isDir,
        file_size: isDir || bytes.length === 0 ? undefined : bytes.length,
      });
    }
    return { files: [...files.values()] };
  }

  /** Experiments of these names (default: all) with what is in them, as MLflow's client would read it (see `viewOf`). */
  view(...names: readonly string[]): StoreView {
    const chosen = [...this.#experiments].filter(
      ([, { name }]) => names.length === 0 || names.includes(name),
    );
    const experiments = chosen.map(([id, { name, lifecycle_stage, tags }]) => [
      id,
      { name, lifecycle_stage, tags: Object.fromEntries(tags) },
    ]);
    const ids = new Set<unknown>(chosen.map(([id]) => id));
    const isChosen = ([, { info }]: [string, ModelRun | ModelModel]): boolean => ids.has(info.experiment_id);
    const runs = [...this.#runs].filter(isChosen).map(([id, run]) => [id, this.#runItem(run)]);
    const models = [...this.#models].filter(isChosen).map(([id, model]) => [id, this.#modelItem(model)]);
    return {
      experiments: Object.fromEntries(experiments),
      runs: Object.fromEntries(runs),
      logged_models: Object.fromEntries(models),
    };
  }

  #logMetrics(run: ModelRun, metrics: readonly Point[]): void {
    const points = metrics.map(storedPoint);
    for (const { model_id } of points) if (model_id !== undefined) this.#model(model_id);
    insertPoints(run.points, points);
    for (const point of points)
      if (point.model_id !== undefined) {
        const list = this.#model(point.model_id).metrics;
        const isThere = list.some((metric) => identityOf(metric) === identityOf(point));
        if (!isThere) list.push({ ...point, run_id: String(run.info.run_id) });
      }
  }

  #runMessage({ info, params, tags, points, datasets, modelInputs, outputs }: ModelRun): Body {
    const latest = new Map<string, Point>();
    for (const point of points.values()) {
      const other = latest.get(point.key);
      if (other === undefined || point.step >= other.step) latest.set(point.key, point);
    }
    return {
      info,
      data: {
        metrics: [...latest.values()].map(pointMessage),
        ...{ params: keyValues(params), tags: keyValues(tags) },
      },
      inputs: {
        dataset_inputs: [...datasets.values()],
        model_inputs: [...modelInputs].map((model_id) => ({ model_id })),
      },
      outputs: { model_outputs: [...outputs].map(([model_id, step]) => ({ model_id, step })) },
    };
  }

  #runItem({ info, params, tags, points, datasets, modelInputs, outputs }: ModelRun): Item {
    const history: Record<string, unknown[]> = {};
    for (const { key, timestamp, value, step } of [...points.values()].sort(byTime)) {
      history[key] ??= [];
      history[key].push([timestamp, Number.isNaN(value) ? "NaN" : value, step]);
    }
    const inputs = [...datasets.values()] as readonly { readonly dataset: Body; readonly tags?: unknown }[];
    return {
      ...{ experiment_id: info.experiment_id, run_name: info.run_name, user_id: info.user_id },
      ...{ status: info.status, start_time: info.start_time, end_time: info.end_time ?? null },
      lifecycle_stage: info.lifecycle_stage,
      ...{ params: Object.fromEntries(params), tags: Object.fromEntries(tags), history },
      inputs: inputs.map(({ dataset, tags: list }) => ({
        ...{ schema: null, profile: null, ...dataset },
        tags: Object.fromEntries(mapOf(list)),
      })),
      model_inputs: [...modelInputs].sort(),
      model_outputs: [...outputs].sort(),
      artifacts: this.#filesBelow(String(info.artifact_uri)),
    };
  }

  #modelItem({ info, params, tags }: ModelModel): Item {
    return {
      ...{ experiment_id: info.experiment_id, name: info.name, model_type: info.model_type ?? null },
      source_run_id: info.source_run_id ?? null,
      status: String(info.status).replace(/^LOGGED_MODEL_(UPLOAD_)?/, ""),
      ...{ params: Object.fromEntries(params), tags: Object.fromEntries(tags) },
      artifacts: this.#filesBelow(String(info.artifact_uri)),
    };
  }

  #filesBelow(uri: string): Item {
    const prefix = `${uri.replace("mlflow-artifacts:/", "")}/`;
    const files = [...this.artifacts].filter(([path]) => path.startsWith(prefix));
    return Object.fromEntries(
      files.map(([path, bytes]) => [
        path.slice(prefix.length),
        { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
      ]),
    );
  }

  #named(name: string): ModelExperiment | undefined {
    return [...this.#experiments.values()].find((experiment) => experiment.name === name);
  }

  #experiment(id: string): ModelExperiment {
    const found = this.#experiments.get(id);
    if (found === undefined) throw absent(`No Experiment with id=${id} exists`);
    return found;
  }

  #activeExperiment(id: string): ModelExperiment {
    const experiment = this.#experiment(id);
    if (experiment.lifecycle_stage === "active") return experiment;
    throw invalid(`The experiment ${id} must be in the 'active' state.`);
  }

  #run(id: string): ModelRun {
    const found = this.#runs.get(id);
    if (found === undefined) throw absent(`Run with id=${id} not found`);
    return found;
  }

  #activeRun(id: string): ModelRun {
    const run = this.#run(id);
    if (run.info.lifecycle_stage !== "active") throw invalid(`The run ${id} must be in the 'active' state.`);
    return run;
  }

  #model(id: string): ModelModel {
    const found = this.#models.get(id);
    if (found === undefined) throw absent(`Logged model with ID '${id}' not found.`);
    return found;
  }
}

function logParams({ params }: ModelRun, list: readonly KeyValue[]): void {
  const wanted = list.map(({ key, value }) => [key, value.slice(0, MAX_PARAM_LENGTH)] as const);
  if (new Set(list.map(({ key }) => key)).size < list.length)
    throw invalid("Duplicate parameter keys have been submitted");
  for (const [key, value] of wanted)
    if (params.has(key) && params.get(key) !== value)
      throw invalid(
        `Changing param values is not allowed. Param with key='${key}' was already logged with value='${params.get(key)}'`,
      );
  for (const [key, value] of wanted) params.set(key, value);
}

/**
 * As SQL stores do: all at once; when one of them is there, slice by slice, each time all points of the request that are
 * not among the stored ones of the slice's keys. Points of other keys, and NaN, are then inserted twice, and refused.
 */
function insertPoints(stored: Map<string, Point>, points: readonly Point[]): void {
  const distinct = [...new Map(points.map((point) => [identityOf(point), point])).values()];
  if (!distinct.some((point) => stored.has(identityOf(point)))) return insertAll(stored, distinct);
  for (let at = 0; at < distinct.length; at += SLICE) {
    const keys = new Set(distinct.slice(at, at + SLICE).map(({ key }) => key));
    const isKnown = (point: Point) =>
      keys.has(point.key) && !Number.isNaN(point.value) && stored.has(identityOf(point));
    insertAll(
      stored,
      distinct.filter((point) => !isKnown(point)),
    );
  }
}

function insertAll(stored: Map<string, Point>, points: readonly Point[]): void {
  if (points.some((point) => stored.has(identityOf(point))))
    throw new Refused(400, "BAD_REQUEST", "(sqlite3.IntegrityError) UNIQUE constraint failed: metrics");
  for (const point of points) stored.set(identityOf(point), point);
}

function identityOf({ key, timestamp, step, value }: Point): string {
  return JSON.stringify([key, timestamp, step, String(value)]);
}

function storedPoint({ value, ...point }: Point): Point {
  const number = Number(value);
  if (point.timestamp === undefined || value === undefined || value === null) throw invalid("Missing value");
  return { ...point, step: point.step ?? 0, value: Math.min(LARGEST, Math.max(-LARGEST, number)) };
}

function pointMessage({ key, timestamp, value, step, model_id }: Point): Body {
  return { key, timestamp, step, model_id, value: Number.isNaN(value) ? "NaN" : value };
}

function byTime(a: Point, b: Point): number {
  return a.timestamp - b.timestamp || a.step - b.step || a.value - b.value;
}

function runFilter(filter: string): (run: ModelRun) => boolean {
  if (filter === "") return () => true;
  const equal = /^tags\.`([^`]+)` = '([^']*)'$/.exec(filter);
  if (equal !== null) return ({ tags }) => tags.get(equal[1]!) === equal[2];
  const marked = /^tags\.`([^`]+)` != ''$/.exec(filter);
  if (marked !== null) return ({ tags }) => (tags.get(marked[1]!) ?? "") !== "";
  const among = /^attributes\.run_id IN \(([^)]*)\)$/.exec(filter);
  if (among === null) throw invalid(`Invalid filter ${filter}`);
  const ids = new Set(among[1]!.split(",").map((id) => id.slice(1, -1)));
  return ({ info }) => ids.has(String(info.run_id));
}

function experimentMessage({ experiment_id, name, lifecycle_stage, tags }: ModelExperiment): Body {
  const artifact_location = `mlflow-artifacts:/${experiment_id}`;
  return { experiment_id, name, lifecycle_stage, artifact_location, tags: keyValues(tags) };
}

function modelMessage({ info, params, tags, metrics }: ModelModel): Body {
  const points = metrics.map((metric) => ({ ...pointMessage(metric), run_id: metric.run_id }));
  return { info: { ...info, tags: keyValues(tags) }, data: { params: keyValues(params), metrics: points } };
}
