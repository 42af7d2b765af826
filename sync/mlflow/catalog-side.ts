/** Experiments and the model registry of an MLflow server. */
import { DELETED_STAGE } from "../../core/index.js";
import {
  type Fields,
  MAX_MODEL_VERSION_RESULTS,
  MLFLOW_MAX_EXPERIMENT_TAG_VALUE_LENGTH,
  parseModelVersion,
  parsePage,
  parseRegisteredModel,
  type RouteName,
  routeLabel,
  serializeKeyValues,
} from "../../protocol/mlflow/index.js";
import {
  aliasesOfFields,
  type CatalogChanges,
  type CatalogEntry,
  type CatalogKind,
  type Experiment,
  experimentEntry,
  isRunstoneError,
  type ModelVersion,
  modelVersionEntry,
  parseVersionOrigin,
  RunstoneError,
  registeredModelEntry,
  type StringMap,
  TAG_FIELD,
  tagsOfFields,
  VERSION_TAG,
  VERSION_TIME_TAG,
  versionOrigin,
} from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import { ForeseenSide } from "../engine/foreseen-side.js";
import type { MlflowCalls, Transport } from "./calls.js";
import { cutText } from "./cut-values.js";
import { mayHaveBeenDone } from "./failures.js";
import { allItems } from "./pages.js";

/** A logged model there, a place below the artifacts of a run there, or an address that means the same everywhere. */
export interface SourceThere {
  readonly source: string;
  readonly model_id?: string;
  readonly run_id?: string;
}

export interface CatalogServer {
  readonly transport: Transport;
  readonly calls: MlflowCalls;
  /** Experiments that were listed already. */
  readonly experiments?: readonly Experiment[];
  /** Of a version here, for the server; null: it is not there. Absent: versions are not made there. */
  sourceThere?(entry: CatalogEntry): Promise<SourceThere | null>;
}

const MODELS_A_PAGE = 100;

export class MlflowCatalogSide implements CatalogSide {
  readonly #server: CatalogServer;
  /** Ids of experiments that surely nobody else made: there is nothing in them yet. */
  readonly fresh = new Set<string>();
  /** Number there by model and origin. */
  readonly #numbers = new Map<string, string>();

  constructor(server: CatalogServer) {
    this.#server = server;
  }

  asKept(kind: CatalogKind, field: string, value: string): string {
    const isLimited = kind === "experiment" && field.startsWith(TAG_FIELD);
    return isLimited ? cutText(value, MLFLOW_MAX_EXPERIMENT_TAG_VALUE_LENGTH) : value;
  }

  async list(kinds: readonly CatalogKind[]): Promise<readonly CatalogEntry[]> {
    const entries: CatalogEntry[] = [];
    if (kinds.includes("experiment"))
      for await (const experiment of this.#experiments()) entries.push(experimentEntry(experiment));
    if (!kinds.includes("registered_model")) return entries;
    const versions = new Map<string, ModelVersion[]>();
    for await (const version of this.#versions()) {
      versions.set(version.name, [...(versions.get(version.name) ?? []), version]);
      this.#note(version);
    }
    for await (const model of this.#models())
      entries.push(registeredModelEntry(model, versions.get(model.name) ?? []));
    for (const version of [...versions.values()].flat())
      entries.push(modelVersionEntry(version, version.source));
    return entries;
  }

  async make(entry: CatalogEntry, problem: (sentence: string) => void): Promise<CatalogEntry | null> {
    if (entry.kind === "experiment") return this.#makeExperiment(entry);
    if (entry.kind === "registered_model") return this.#makeModel(entry);
    return this.#makeVersion(entry, problem);
  }

  async change(target: CatalogEntry, changes: CatalogChanges): Promise<void> {
    if (target.kind === "experiment") await this.#changeExperiment(target.id, changes);
    else if (target.kind === "registered_model") await this.#changeModel(target.id, changes);
    else await this.#changeVersion(target, changes);
  }

  #experiments(): Iterable<Experiment> | AsyncIterable<Experiment> {
    return this.#server.experiments ?? this.#server.calls.searchExperiments();
  }

  async #makeExperiment(entry: CatalogEntry): Promise<CatalogEntry | null> {
    const { calls } = this.#server;
    const name = entry.fields["name"] ?? "";
    const tags = Object.entries(tagsOfFields(entry.fields)).map(([key, value]) => [
      key,
      this.asKept("experiment", `${TAG_FIELD}${key}`, value),
    ]);
    try {
      this.fresh.add(await calls.createExperiment(name, Object.fromEntries(tags) as StringMap));
    } catch (error) {
      // Somebody was faster, or the answer to a first try was lost.
      if (!isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")) throw error;
    }
    const found = await calls.getExperimentByName(name);
    return found === null ? null : experimentEntry(found);
  }

  async #changeExperiment(id: string, changes: CatalogChanges): Promise<void> {
    const { name, lifecycle_stage: stage } = changes;
    const experiment_id = id;
    if (stage === "active") await this.#call("restoreExperiment", { experiment_id });
    if (typeof name === "string") await this.#call("updateExperiment", { experiment_id, new_name: name });
    for (const [key, value] of Object.entries(tagsOfFields(changes)))
      if (value === null)
        await this.#ifThere(() => this.#call("deleteExperimentTag", { experiment_id, key }));
      else {
        const kept = this.asKept("experiment", `${TAG_FIELD}${key}`, value);
        await this.#call("setExperimentTag", { experiment_id, key, value: kept });
      }
    if (stage === "deleted") await this.#call("deleteExperiment", { experiment_id });
  }

  async #makeModel({ id: name, fields }: CatalogEntry): Promise<CatalogEntry> {
    const body = {
      ...{ name, tags: serializeKeyValues(tagsOfFields(fields)) },
      description: fields["description"],
    };
    try {
      await this.#server.transport.call("createRegisteredModel", { body });
    } catch (error) {
      if (!isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")) throw error;
    }
    const found = await this.#server.transport.call("getRegisteredModel", { query: { name } });
    const versions = await this.#versionsOf(name);
    return registeredModelEntry(parseRegisteredModel(found.requiredNested("registered_model")), versions);
  }

  async #changeModel(name: string, changes: CatalogChanges): Promise<void> {
    const { description } = changes;
    if (description !== undefined)
      await this.#call("updateRegisteredModel", { name, description: description ?? "" });
    for (const [key, value] of Object.entries(tagsOfFields(changes)))
      if (value === null) await this.#ifThere(() => this.#call("deleteRegisteredModelTag", { name, key }));
      else await this.#call("setRegisteredModelTag", { name, key, value });
    for (const [alias, origin] of Object.entries(aliasesOfFields(changes)))
      if (origin === null) await this.#ifThere(() => this.#call("deleteAlias", { name, alias }));
      else await this.#call("setAlias", { name, alias, version: this.#numberOf(name, origin) });
  }

  async #changeVersion({ id: version, model: name }: CatalogEntry, changes: CatalogChanges): Promise<void> {
    const { description, stage } = changes;
    if (stage === DELETED_STAGE) return this.#call("deleteModelVersion", { name, version });
    if (description !== undefined)
      await this.#call("updateModelVersion", { name, version, description: description ?? "" });
    for (const [key, value] of Object.entries(tagsOfFields(changes)))
      if (value === null)
        await this.#ifThere(() => this.#call("deleteModelVersionTag", { name, version, key }));
      else await this.#call("setModelVersionTag", { name, version, key, value });
    if (typeof stage === "string") await this.#transition(name, version, stage);
  }

  async #transition(name: string, version: string, stage: string): Promise<void> {
    await this.#call("transitionStage", { name, version, stage, archive_existing_versions: false });
  }

  /** Null when it is not there, which `problem` is told. */
  async sourceOf(entry: CatalogEntry, problem: (sentence: string) => void): Promise<SourceThere | null> {
    const source = (await this.#server.sourceThere?.(entry)) ?? null;
    if (source === null)
      problem(`version ${entry.id} of '${entry.model}' is not there, because its source is not`);
    return source;
  }

  async #makeVersion(entry: CatalogEntry, problem: (sentence: string) => void): Promise<CatalogEntry | null> {
    const { model: name, fields, facts } = entry;
    const source = await this.sourceOf(entry, problem);
    if (source === null) return null;
    const origin = parseVersionOrigin(entry.origin)!;
    const own = { [VERSION_TAG]: String(origin.number), [VERSION_TIME_TAG]: String(origin.time) };
    const made = await this.#createVersion(entry, {
      ...{ name, ...source, description: fields["description"], run_link: facts.runLink ?? undefined },
      tags: serializeKeyValues({ ...tagsOfFields(fields), ...own }),
    });
    this.#note(made);
    const stage = fields["stage"] ?? "None";
    if (stage !== "None" && made.currentStage !== stage)
      await this.#transition(name, String(made.version), stage);
    return modelVersionEntry({ ...made, currentStage: stage }, made.source);
  }

  async #createVersion(
    { model: name, origin }: CatalogEntry,
    body: Parameters<Transport["call"]>[1]["body"] & object,
  ): Promise<ModelVersion> {
    try {
      const fields = await this.#server.transport.call("createModelVersion", { body, repeatable: false });
      return parseModelVersion(fields.requiredNested("model_version"));
    } catch (error) {
      if (!mayHaveBeenDone(error)) throw error;
      const found = (await this.#versionsOf(name)).find((each) => versionOrigin(each) === origin);
      if (found === undefined) throw error;
      return found;
    }
  }

  async *#models(): AsyncGenerator<ReturnType<typeof parseRegisteredModel>> {
    yield* this.#pages("searchRegisteredModels", "registered_models", parseRegisteredModel, {
      max_results: String(MODELS_A_PAGE),
    });
  }

  async *#versions(filter: Readonly<Record<string, string>> = {}): AsyncGenerator<ModelVersion> {
    yield* this.#pages("searchModelVersions", "model_versions", parseModelVersion, {
      ...{ ...filter, max_results: String(MAX_MODEL_VERSION_RESULTS) },
    });
  }

  async #versionsOf(name: string): Promise<readonly ModelVersion[]> {
    const found: ModelVersion[] = [];
    // A quote cannot be written in MLflow's filters.
    for await (const version of this.#versions(name.includes("'") ? {} : { filter: `name='${name}'` }))
      if (version.name === name) {
        found.push(version);
        this.#note(version);
      }
    return found;
  }

  #pages<Item>(
    route: RouteName,
    list: string,
    parseItem: (fields: Fields) => Item,
    query: Readonly<Record<string, string>>,
  ): AsyncGenerator<Item> {
    return allItems(routeLabel(route), async (pageToken) =>
      parsePage(
        await this.#server.transport.call(route, { query: { ...query, page_token: pageToken } }),
        list,
        parseItem,
      ),
    );
  }

  #note(version: ModelVersion): void {
    this.#numbers.set(JSON.stringify([version.name, versionOrigin(version)]), String(version.version));
  }

  #numberOf(name: string, origin: string): string {
    const number = this.#numbers.get(JSON.stringify([name, origin]));
    if (number !== undefined) return number;
    throw new RunstoneError(
      "RESOURCE_DOES_NOT_EXIST",
      `'${name}' has no version there that was made as ${origin}`,
    );
  }

  async #call(route: RouteName, body: Readonly<Record<string, string | boolean>>): Promise<void> {
    await this.#server.transport.call(route, { body });
  }

  async #ifThere(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
    }
  }
}

/** As {@link MlflowCatalogSide}, without writing. */
export class ForeseenVersions extends ForeseenSide {
  protected readonly server: MlflowCatalogSide;

  constructor(server: MlflowCatalogSide) {
    super(server);
    this.server = server;
  }

  override async make(
    entry: CatalogEntry,
    problem: (sentence: string) => void,
  ): Promise<CatalogEntry | null> {
    const isLacking = entry.kind === "model_version" && (await this.server.sourceOf(entry, problem)) === null;
    return isLacking ? null : super.make(entry, problem);
  }
}

/** Experiments are made by a transport that sends nothing: runs look for them there. */
export class ForeseenAtServer extends ForeseenVersions {
  override make(entry: CatalogEntry, problem: (sentence: string) => void): Promise<CatalogEntry | null> {
    return entry.kind === "experiment" ? this.server.make(entry, problem) : super.make(entry, problem);
  }
}
