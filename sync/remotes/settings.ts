/** `remotes:` of `config.yaml`: name -> settings. The file comes with a clone: nothing in it is trusted, no secret is read from it. */
import {
  isRemoteName,
  isYamlMap,
  isYamlScalar,
  RunstoneError,
  resolveYamlScalar,
  type StringMap,
  type YamlMap,
  type YamlValue,
  yamlString,
} from "../../store-format/index.js";
import { parseRemoteAddress, REMOTE_KINDS, type RemoteAddress } from "./address.js";

export const RECEIPT_POLICIES = ["local", "committed"] as const;
/** `committed`: a copy of each receipt lies in the run's directory, for Git. */
export type ReceiptPolicy = (typeof RECEIPT_POLICIES)[number];

export const ARTIFACT_POLICIES = ["all", "on_demand", "none"] as const;
/** `on_demand`: pushed, and pulled when they are asked for. `none`: neither. */
export type RemoteArtifactPolicy = (typeof ARTIFACT_POLICIES)[number];

export interface RemoteSettings {
  readonly name: string;
  readonly address: RemoteAddress;
  /** Names of experiments there: of those in `map`, else the prefix and the name here. */
  readonly experiments: { readonly map: StringMap; readonly prefix: string };
  readonly receipts: ReceiptPolicy;
  readonly artifacts: RemoteArtifactPolicy;
  /** Runs at the same time; null: the engine's choice. */
  readonly jobs: number | null;
  /** What stands there and is not heeded: one sentence each. */
  readonly ignored: readonly string[];
}

/** More than so many transfers at a time harm every server. */
export const MAX_JOBS = 64;

export interface ParseRemoteOptions {
  /** Path of the config, for messages. */
  readonly path: string;
}

/** Throws DAMAGED naming the setting. */
export function parseRemoteSettings(
  name: string,
  value: YamlValue | undefined,
  options: ParseRemoteOptions,
): RemoteSettings {
  const settings = new Settings(name, value, options);
  return {
    name,
    address: settings.address(),
    experiments: settings.experiments(),
    receipts: settings.choice("receipts", RECEIPT_POLICIES),
    artifacts: settings.choice("artifacts", ARTIFACT_POLICIES),
    jobs: settings.jobs(),
    ignored: ignoredIn(name, settings.map),
  };
}

const SECRETS = ["token", "password", "username", "user", "credentials", "headers", "authorization"];

function ignoredIn(name: string, map: YamlMap): readonly string[] {
  const notes: string[] = [];
  if (map.has("credential_command"))
    notes.push(
      `credential_command of the remote ${name} is not heeded: a config that comes with a clone starts no program. Yours: runstone login ${name} --command -- PROGRAM`,
    );
  for (const key of ["insecure_tls", "plain_http"])
    if (map.has(key))
      notes.push(
        `${key} of the remote ${name} is not heeded: only you can allow it, with runstone remote set ${name} --${key.replace("_", "-")} yes`,
      );
  for (const key of SECRETS)
    if (map.has(key))
      notes.push(
        `${key} of the remote ${name} is not heeded: everybody who has the repository can read it. Remove it, and use runstone login ${name}`,
      );
  return notes;
}

class Settings {
  readonly map: YamlMap;
  readonly #name: string;
  readonly #options: ParseRemoteOptions;

  constructor(name: string, value: YamlValue | undefined, options: ParseRemoteOptions) {
    this.#name = name;
    this.#options = options;
    if (!isRemoteName(name)) throw this.#refusal("", "is no name that a remote can have");
    if (!isYamlMap(value)) throw this.#refusal("", "is no map");
    this.map = value;
  }

  address(): RemoteAddress {
    const text = this.#text("url");
    if (text === undefined) throw this.#refusal(".url", "is missing");
    const address = this.#parseAddress(text);
    const kind = this.#text("kind") ?? address.kind;
    if (!REMOTE_KINDS.some((known) => known === kind))
      throw this.#refusal(".kind", `must be one of ${REMOTE_KINDS.join(", ")}`);
    if (kind !== address.kind) throw this.#refusal(".kind", `is not that of its url, ${address.kind}`);
    return address;
  }

  #parseAddress(text: string): RemoteAddress {
    try {
      return parseRemoteAddress(text);
    } catch (error) {
      if (!(error instanceof RunstoneError)) throw error;
      throw this.#refusal(".url", `is refused: ${error.message}`, error.hint);
    }
  }

  experiments(): RemoteSettings["experiments"] {
    const section = this.map.get("experiments");
    if (section === undefined) return { map: {}, prefix: "" };
    if (!isYamlMap(section)) throw this.#refusal(".experiments", "is no map");
    const prefix = section.get("prefix");
    const text = prefix === undefined ? "" : yamlString(prefix);
    if (text === undefined) throw this.#refusal(".experiments.prefix", "is no text");
    return { map: this.#experimentMap(section.get("map")), prefix: text };
  }

  #experimentMap(section: YamlValue | undefined): StringMap {
    if (section === undefined) return {};
    if (!isYamlMap(section)) throw this.#refusal(".experiments.map", "is no map");
    const map: Record<string, string> = Object.create(null);
    for (const [local, value] of section) {
      const remote = yamlString(value);
      if (remote === undefined || remote === "")
        throw this.#refusal(".experiments.map", "has a name that is no text");
      map[local] = remote;
    }
    return map;
  }

  jobs(): number | null {
    const value = this.map.get("jobs");
    if (value === undefined) return null;
    const jobs = isYamlScalar(value) ? resolveYamlScalar(value) : undefined;
    if (typeof jobs === "number" && Number.isInteger(jobs) && jobs >= 1 && jobs <= MAX_JOBS) return jobs;
    throw this.#refusal(".jobs", `must be a whole number from 1 to ${MAX_JOBS}`);
  }

  /** The first choice is the default. */
  choice<Choice extends string>(key: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.#text(key) ?? choices[0];
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.#refusal(`.${key}`, `must be one of ${choices.join(", ")}`);
    return found;
  }

  #text(key: string): string | undefined {
    const value = this.map.get(key);
    if (value === undefined) return undefined;
    const text = yamlString(value);
    if (text === undefined) throw this.#refusal(`.${key}`, "is no text");
    return text;
  }

  #refusal(key: string, reason: string, hint?: string): RunstoneError {
    const { path } = this.#options;
    const field = `remotes.${this.#name}${key}`;
    return new RunstoneError("DAMAGED", `${path}: ${field} ${reason}`, {
      hint: hint ?? `Correct ${field} in ${path}.`,
      data: { reason: `${field} ${reason}`, field, offset: 0, path },
    });
  }
}
