/** Builds the store of the differential test: each item by the writer that the plan names, then a few edits by hand. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createFileStore, type FileStore } from "../../../core/index.js";
import type { Metric } from "../../../store-format/index.js";
import type { Mlflow } from "../../helpers/mlflow.js";
import type { Pairs, Plan, PlannedLoggedModel, PlannedModel, PlannedRun } from "./plan.js";

export interface SearchStore {
  readonly root: string;
  readonly plan: Plan;
  /** In the order of the plan; `Default` comes first. */
  readonly experimentIds: readonly string[];
  readonly runIds: readonly string[];
  readonly loggedModelIds: readonly string[];
}

type Ids = readonly (string | null)[];

/** Without `mlflow` Runstone writes everything. */
export async function buildSearchStore(
  root: string,
  plan: Plan,
  mlflow: Mlflow | null,
): Promise<SearchStore> {
  const builder = new Builder(root, plan, mlflow);
  const experimentIds = await builder.experiments();
  const runIds = await builder.runs(experimentIds);
  await builder.models(runIds);
  const loggedModelIds = await builder.loggedModels(experimentIds, runIds);
  const built = { root, plan, experimentIds, runIds, loggedModelIds };
  editByHand(built);
  await builder.deleteExperiments(experimentIds);
  return built;
}

class Builder {
  readonly #root: string;
  readonly #plan: Plan;
  readonly #mlflow: Mlflow | null;
  readonly #store: FileStore;

  constructor(root: string, plan: Plan, mlflow: Mlflow | null) {
    this.#root = root;
    this.#plan = plan;
    this.#mlflow = mlflow;
    this.#store = createFileStore({ cwd: dirname(root), path: root });
  }

  async experiments(): Promise<readonly string[]> {
    const theirs = await this.#ask("experiments", {});
    const ids = ["0"];
    for (const [index, planned] of this.#plan.experiments.entries())
      ids.push(theirs[index] ?? (await this.#experiment(planned)));
    return ids;
  }

  async #experiment({ name, tags, renamed }: Plan["experiments"][number]): Promise<string> {
    const { experimentId } = await this.#store.createExperiment({ name, tags: mapOf(tags) });
    if (renamed !== null) await this.#store.renameExperiment(experimentId, renamed);
    return experimentId;
  }

  async runs(experiments: readonly string[]): Promise<readonly string[]> {
    const theirs = await this.#ask("runs", { experiments });
    const ids: string[] = [];
    for (const [index, planned] of this.#plan.runs.entries())
      ids.push(theirs[index] ?? (await this.#run(planned, experiments[planned.experiment] ?? "")));
    return ids;
  }

  async #run(planned: PlannedRun, experimentId: string): Promise<string> {
    const { info } = await this.#store.createRun({
      experimentId,
      ...(planned.name === null ? {} : { runName: planned.name }),
      userId: planned.user,
      startTime: planned.startTime,
      params: mapOf(planned.params),
      tags: mapOf(planned.tags),
    });
    const writer = await this.#store.openRun(info.runId);
    writer.logMetrics(planned.points.map(metricOf));
    writer.logInputs({ datasets: planned.datasets.map(datasetOf) });
    const { status, endTime } = planned;
    if (status === "RUNNING" || status === "SCHEDULED") await writer.close();
    else await writer.end({ status, ...(endTime === null ? {} : { endTime }) });
    if (status === "SCHEDULED") await this.#store.updateRun(info.runId, { status });
    if (planned.deleted) await this.#store.deleteRun(info.runId);
    return info.runId;
  }

  async models(runs: readonly string[]): Promise<void> {
    await this.#ask("models", { runs });
    for (const planned of this.#plan.models)
      if (planned.writer === "runstone" || this.#mlflow === null) await this.#model(planned, runs);
  }

  async #model({ name, tags, versions, aliases }: PlannedModel, runs: readonly string[]): Promise<void> {
    await this.#store.createRegisteredModel(name, { tags: mapOf(tags) });
    for (const planned of versions) {
      const runId = planned.run === null ? {} : { runId: runs[planned.run] ?? "" };
      const { version } = await this.#store.createModelVersion({
        name,
        source: planned.source,
        ...runId,
        tags: mapOf(planned.tags),
      });
      if (planned.deleted) await this.#store.deleteModelVersion(name, version);
    }
    for (const [alias, version] of aliases) await this.#store.setAlias(name, alias, version);
  }

  async loggedModels(experiments: readonly string[], runs: readonly string[]): Promise<readonly string[]> {
    const theirs = await this.#ask("loggedModels", { experiments, runs });
    const ids: string[] = [];
    for (const [index, planned] of this.#plan.loggedModels.entries()) {
      const experimentId = experiments[planned.experiment] ?? "";
      const id = theirs[index] ?? (await this.#loggedModel(planned, experimentId, runs));
      writePoints(join(this.#root, experimentId, "models", id), planned, runs[planned.pointsRun] ?? "");
      ids.push(id);
    }
    return ids;
  }

  async #loggedModel(
    planned: PlannedLoggedModel,
    experimentId: string,
    runs: readonly string[],
  ): Promise<string> {
    const { modelId } = await this.#store.createLoggedModel({
      experimentId,
      name: planned.name,
      ...(planned.type === null ? {} : { modelType: planned.type }),
      ...(planned.run === null ? {} : { sourceRunId: runs[planned.run] ?? "" }),
      params: mapOf(planned.params),
      tags: mapOf(planned.tags),
    });
    if (planned.status !== "PENDING") await this.#store.finalizeLoggedModel(modelId, planned.status);
    if (planned.deleted) await this.#store.deleteLoggedModel(modelId);
    return modelId;
  }

  async deleteExperiments(ids: readonly string[]): Promise<void> {
    for (const [index, { deleted }] of this.#plan.experiments.entries())
      if (deleted) await this.#store.deleteExperiment(ids[index + 1] ?? "");
  }

  async #ask(part: string, given: object): Promise<Ids> {
    if (this.#mlflow === null) return [];
    const request = { uri: this.#root, plan: this.#plan, part, ...given };
    return ((await this.#mlflow.call("write_search_store", request)) ?? []) as Ids;
  }
}

/** Points of a logged model alone: MLflow reads those that are linked to a dataset wrongly where a run has them, too. */
function writePoints(model: string, { points }: PlannedLoggedModel, runId: string): void {
  for (const { key, value, timestamp, step, dataset } of points) {
    const path = join(model, "metrics", key);
    const number = typeof value === "number" ? `${value}` : value.replace("Infinity", "inf").toLowerCase();
    const link = dataset === null ? "" : ` ${dataset.name} ${dataset.digest}`;
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, `${timestamp} ${number} ${step} ${runId}${link}\n`);
  }
}

/** Equal times, times that are missing, runs without names: what no writer of today leaves. */
function editByHand({ root, plan, experimentIds, runIds, loggedModelIds }: SearchStore): void {
  for (const [index, { creationTime }] of plan.experiments.entries())
    editMeta(join(root, experimentIds[index + 1] ?? ""), {
      creation_time: creationTime,
      last_update_time: creationTime,
    });
  for (const [index, { name, experiment }] of plan.runs.entries()) {
    if (name !== null) continue;
    const run = join(root, experimentIds[experiment] ?? "", runIds[index] ?? "");
    editMeta(run, { run_name: null });
    rmSync(join(run, "tags", "mlflow.runName"));
  }
  for (const { name, time, versions } of plan.models) {
    const times = (at: number) => ({ creation_timestamp: at, last_updated_timestamp: at });
    editMeta(join(root, "models", name), times(time));
    for (const [index, version] of versions.entries())
      editMeta(join(root, "models", name, `version-${index + 1}`), times(version.time));
  }
  for (const [index, { time, experiment }] of plan.loggedModels.entries())
    editMeta(join(root, experimentIds[experiment] ?? "", "models", loggedModelIds[index] ?? ""), {
      creation_timestamp: time,
      last_updated_timestamp: time,
    });
}

/** Gives numbers to keys of a meta.yaml, or takes the keys out (null). */
function editMeta(directory: string, numbers: Readonly<Record<string, number | null>>): void {
  const path = join(directory, "meta.yaml");
  let text = readFileSync(path, "utf8");
  for (const [key, value] of Object.entries(numbers))
    text = text.replace(new RegExp(`^${key}: .*\\n`, "m"), value === null ? "" : `${key}: ${value}\n`);
  writeFileSync(path, text);
}

function mapOf(pairs: Pairs): Record<string, string> {
  return Object.assign(Object.create(null), Object.fromEntries(pairs));
}

function metricOf({ key, value, timestamp, step }: PlannedRun["points"][number]): Metric {
  return { key, value: Number(value), timestamp, step };
}

function datasetOf({ name, digest, context }: PlannedRun["datasets"][number]) {
  return {
    dataset: { name, digest, sourceType: "local", source: "{}", schema: null, profile: null },
    ...(context === null ? {} : { tags: { "mlflow.data.context": context } }),
  };
}
