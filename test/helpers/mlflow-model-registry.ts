/** The model registry of an MLflow server, in memory: what a SQL store does. */
import { absent, type Body, invalid, keyValues, mapOf, Refused } from "./mlflow-model-values.js";

export interface RegisteredInModel {
  readonly name: string;
  description: string;
  readonly time: number;
  readonly tags: Map<string, string>;
  readonly aliases: Map<string, string>;
  /** By number; deleted ones, too: a number is given once. */
  readonly versions: Map<string, VersionInModel>;
}

interface VersionInModel {
  readonly version: string;
  readonly facts: Body;
  description: string;
  stage: string;
  readonly tags: Map<string, string>;
}

const DELETED = "Deleted_Internal";
const STAGES = ["None", "Staging", "Production", "Archived"];

export class MlflowModelRegistry {
  readonly #models: () => Map<string, RegisteredInModel>;
  readonly #now: () => number;

  constructor(models: () => Map<string, RegisteredInModel>, now: () => number) {
    this.#models = models;
    this.#now = now;
  }

  /** Undefined: none of the registry's endpoints. */
  answer(endpoint: string, query: URLSearchParams, body: () => Body): Body | undefined {
    const [method = "", path = ""] = endpoint.split(" ");
    if (!path.startsWith("registered-models/") && !path.startsWith("model-versions/")) return undefined;
    const given = method === "GET" ? Object.fromEntries(query) : body();
    return path.startsWith("registered-models/")
      ? this.#ofModels(`${method} ${path.slice("registered-models/".length)}`, given)
      : this.#ofVersions(`${method} ${path.slice("model-versions/".length)}`, given);
  }

  #ofModels(endpoint: string, given: Body): Body {
    const { name, key, value, alias, version } = given;
    switch (endpoint) {
      case "POST create":
        return this.#createModel(given);
      case "GET get":
        return { registered_model: modelMessage(this.#model(name)) };
      case "GET search":
        return { registered_models: [...this.#models().values()].map(modelMessage) };
      case "PATCH update":
        this.#model(name).description = String(given.description ?? "");
        return {};
      case "DELETE delete":
        this.#models().delete(this.#model(name).name);
        return {};
      case "POST set-tag":
        this.#model(name).tags.set(String(key), String(value));
        return {};
      case "DELETE delete-tag":
        this.#model(name).tags.delete(String(key));
        return {};
      case "POST alias":
        this.#model(name).aliases.set(String(alias), this.#version(name, version).version);
        return {};
      case "DELETE alias":
        this.#model(name).aliases.delete(String(alias));
        return {};
      default:
        throw new Refused(404, "ENDPOINT_NOT_FOUND", `no endpoint ${endpoint}`);
    }
  }

  #ofVersions(endpoint: string, given: Body): Body {
    const { name, version, key, value } = given;
    switch (endpoint) {
      case "POST create":
        return this.#createVersion(given);
      case "GET get":
        return { model_version: versionMessage(this.#model(name), this.#version(name, version)) };
      case "GET search":
        return this.#searchVersions(String(given.filter ?? ""));
      case "PATCH update":
        this.#version(name, version).description = String(given.description ?? "");
        return {};
      case "POST transition-stage":
        return this.#transition(given);
      case "DELETE delete":
        return this.#deleteVersion(given);
      case "POST set-tag":
        this.#version(name, version).tags.set(String(key), String(value));
        return {};
      case "DELETE delete-tag":
        this.#version(name, version).tags.delete(String(key));
        return {};
      default:
        throw new Refused(404, "ENDPOINT_NOT_FOUND", `no endpoint ${endpoint}`);
    }
  }

  #createModel({ name, description, tags }: Body): Body {
    if (typeof name !== "string" || name === "") throw invalid("Registered model name cannot be empty.");
    if (this.#models().has(name))
      throw new Refused(400, "RESOURCE_ALREADY_EXISTS", `Registered Model (name=${name}) already exists.`);
    const made = {
      ...{ name, description: String(description ?? ""), time: this.#now(), tags: mapOf(tags) },
      ...{ aliases: new Map<string, string>(), versions: new Map<string, VersionInModel>() },
    };
    this.#models().set(name, made);
    return { registered_model: modelMessage(made) };
  }

  #createVersion({ name, source, run_id, run_link, model_id, description, tags }: Body): Body {
    const model = this.#model(name);
    if (typeof source !== "string" || /^(\/|file:|\.)/.test(source))
      throw invalid(`Invalid model version source: '${String(source)}'.`);
    const made: VersionInModel = {
      version: String(model.versions.size + 1),
      facts: { source, run_id, run_link, model_id, creation_timestamp: this.#now(), status: "READY" },
      ...{ description: String(description ?? ""), stage: "None", tags: mapOf(tags) },
    };
    model.versions.set(made.version, made);
    return { model_version: versionMessage(model, made) };
  }

  #searchVersions(filter: string): Body {
    const name = /^name ?= ?'([^']*)'$/.exec(filter)?.[1];
    if (filter !== "" && name === undefined) throw invalid(`Invalid filter ${filter}`);
    const models = [...this.#models().values()].filter((model) => name === undefined || model.name === name);
    const found = models.flatMap((model) =>
      [...model.versions.values()]
        .filter(({ stage }) => stage !== DELETED)
        .map((version) => versionMessage(model, version)),
    );
    return { model_versions: found };
  }

  #transition({ name, version, stage }: Body): Body {
    if (!STAGES.includes(String(stage))) throw invalid(`Invalid Model Version stage: ${String(stage)}.`);
    const found = this.#version(name, version);
    found.stage = String(stage);
    return { model_version: versionMessage(this.#model(name), found) };
  }

  #deleteVersion({ name, version }: Body): Body {
    const found = this.#version(name, version);
    found.stage = DELETED;
    found.tags.clear();
    const { aliases } = this.#model(name);
    for (const [alias, number] of aliases) if (number === found.version) aliases.delete(alias);
    return {};
  }

  #model(name: unknown): RegisteredInModel {
    const found = this.#models().get(String(name));
    if (found === undefined) throw absent(`Registered Model with name=${String(name)} not found`);
    return found;
  }

  #version(name: unknown, version: unknown): VersionInModel {
    const found = this.#model(name).versions.get(String(version));
    if (found === undefined || found.stage === DELETED)
      throw absent(`Model Version (name=${String(name)}, version=${String(version)}) not found`);
    return found;
  }
}

function modelMessage({ name, description, time, tags, aliases }: RegisteredInModel): Body {
  return {
    ...{ name, description, creation_timestamp: time, last_updated_timestamp: time, tags: keyValues(tags) },
    aliases: [...aliases].map(([alias, version]) => ({ alias, version })),
  };
}

function versionMessage(
  { name }: RegisteredInModel,
  { version, facts, description, stage, tags }: VersionInModel,
): Body {
  return { ...facts, name, version, description, current_stage: stage, tags: keyValues(tags) };
}
