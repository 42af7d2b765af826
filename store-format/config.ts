import { RunstoneError } from "./errors.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";
import { serializeYamlMap, type YamlInput } from "./yaml/serialize.js";
import {
  isYamlMap,
  isYamlScalar,
  resolveYamlScalar,
  type YamlMap,
  type YamlValue,
  yamlString,
} from "./yaml/value.js";

/** The newest format of a workspace that this code writes. */
export const WORKSPACE_FORMAT = 1;

export const ARTIFACT_LOCATION_STYLES = ["auto", "relative", "absolute"] as const;
export type ArtifactLocationStyle = (typeof ARTIFACT_LOCATION_STYLES)[number];

export const DURABILITIES = ["default", "full", "fast"] as const;
export type Durability = (typeof DURABILITIES)[number];

/** Where the search index is kept: the user's cache, `.runstone/index`, or nowhere. */
export const INDEX_LOCATIONS = ["auto", "workspace", "none"] as const;
export type IndexLocation = (typeof INDEX_LOCATIONS)[number];

export interface ArtifactPolicy {
  /** Artifacts up to this size are committed to Git. */
  readonly gitMaxBytes: number;
  /** Sealed artifacts up to this size are copied into the objects where the file system cannot reflink. */
  readonly objectCopyMaxBytes: number;
  readonly hardLinks: boolean;
}

/** What a run records about itself; each part can be switched off. */
export interface CapturePolicy {
  readonly git: boolean;
  readonly patch: boolean;
  /** The work tree as a commit object, under a ref of the run. */
  readonly snapshot: boolean;
  /** A larger file stays out of a snapshot. */
  readonly snapshotMaxFileBytes: number;
  /** Further untracked files stay out. */
  readonly snapshotMaxFiles: number;
  /** Changed content beyond it stays out. */
  readonly snapshotMaxBytes: number;
  readonly environment: boolean;
  readonly packages: boolean;
  readonly systemMetrics: boolean;
  readonly console: boolean;
}

/** `.runstone/config.yaml`. */
export interface WorkspaceConfig {
  readonly format: number;
  /** Path of the store, relative to the workspace. */
  readonly store: string;
  readonly defaultExperiment: string;
  readonly artifactLocation: ArtifactLocationStyle;
  readonly durability: Durability;
  readonly index: IndexLocation;
  readonly artifacts: ArtifactPolicy;
  readonly capture: CapturePolicy;
  /** As found; the sync reads it. */
  readonly remotes: YamlMap;
  /** The whole file as found, so that keys of other versions survive a rewrite. */
  readonly source: YamlMap;
}

export const DEFAULT_CONFIG: WorkspaceConfig = {
  format: WORKSPACE_FORMAT,
  store: "mlruns",
  defaultExperiment: "Default",
  artifactLocation: "auto",
  durability: "default",
  index: "auto",
  artifacts: { gitMaxBytes: 1_048_576, objectCopyMaxBytes: 67_108_864, hardLinks: false },
  capture: {
    git: true,
    patch: true,
    snapshot: true,
    snapshotMaxFileBytes: 10_485_760,
    snapshotMaxFiles: 1000,
    snapshotMaxBytes: 104_857_600,
    environment: true,
    packages: true,
    systemMetrics: true,
    console: true,
  },
  remotes: new Map(),
  source: new Map(),
};

const WHAT = "workspace's config.yaml";

/**
 * Reads the settings; what is absent has its default, what is unknown is kept in `source`. A newer `format` is read as
 * far as it can be: call {@link assertWritableFormat} before writing. Throws DAMAGED naming the setting.
 */
export function parseConfig(bytes: Uint8Array, options: ParseOptions = {}): WorkspaceConfig {
  const fields = MetaFields.parse(bytes, WHAT, options);
  const settings = new Settings(fields.map, "", options);
  const format = settings.size("format", undefined);
  return {
    format,
    store: settings.text("store", DEFAULT_CONFIG.store),
    defaultExperiment: settings.text("default_experiment", DEFAULT_CONFIG.defaultExperiment),
    artifactLocation: settings.choice("artifact_location", ARTIFACT_LOCATION_STYLES),
    durability: settings.choice("durability", DURABILITIES),
    index: settings.choice("index", INDEX_LOCATIONS),
    artifacts: parseArtifactPolicy(settings.section("artifacts")),
    capture: parseCapturePolicy(settings.section("capture")),
    remotes: settings.section("remotes").map,
    source: fields.map,
  };
}

function parseArtifactPolicy(settings: Settings): ArtifactPolicy {
  const { gitMaxBytes, objectCopyMaxBytes, hardLinks } = DEFAULT_CONFIG.artifacts;
  return {
    gitMaxBytes: settings.size("git_max_bytes", gitMaxBytes),
    objectCopyMaxBytes: settings.size("object_copy_max_bytes", objectCopyMaxBytes),
    hardLinks: settings.boolean("hard_links", hardLinks),
  };
}

function parseCapturePolicy(settings: Settings): CapturePolicy {
  const defaults = DEFAULT_CONFIG.capture;
  return {
    git: settings.boolean("git", defaults.git),
    patch: settings.boolean("patch", defaults.patch),
    snapshot: settings.boolean("snapshot", defaults.snapshot),
    snapshotMaxFileBytes: settings.size("snapshot_max_file_bytes", defaults.snapshotMaxFileBytes),
    snapshotMaxFiles: settings.size("snapshot_max_files", defaults.snapshotMaxFiles),
    snapshotMaxBytes: settings.size("snapshot_max_bytes", defaults.snapshotMaxBytes),
    environment: settings.boolean("environment", defaults.environment),
    packages: settings.boolean("packages", defaults.packages),
    systemMetrics: settings.boolean("system_metrics", defaults.systemMetrics),
    console: settings.boolean("console", defaults.console),
  };
}

/** Settings of one section; `prefix` makes their names whole (`capture.git`). */
class Settings {
  readonly map: YamlMap;
  readonly #prefix: string;
  readonly #options: ParseOptions;

  constructor(map: YamlMap, prefix: string, options: ParseOptions) {
    this.map = map;
    this.#prefix = prefix;
    this.#options = options;
  }

  section(name: string): Settings {
    const value = this.map.get(name);
    if (isYamlMap(value)) return new Settings(value, `${this.#prefix}${name}.`, this.#options);
    if (this.#resolve(name) !== undefined) this.#refuse(name, "must be a map");
    return new Settings(new Map(), `${this.#prefix}${name}.`, this.#options);
  }

  text(name: string, byDefault: string): string {
    if (this.#resolve(name) === undefined) return byDefault;
    const text = yamlString(this.map.get(name));
    return text === undefined || text === "" ? this.#refuse(name, "must be a text") : text;
  }

  boolean(name: string, byDefault: boolean): boolean {
    const value = this.#resolve(name) ?? byDefault;
    return typeof value === "boolean" ? value : this.#refuse(name, "must be true or false");
  }

  size(name: string, byDefault: number | undefined): number {
    const value = this.#resolve(name) ?? byDefault;
    const isSize = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    return isSize ? value : this.#refuse(name, "must be a whole number");
  }

  /** The first choice is the default. */
  choice<Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.#resolve(name) ?? choices[0];
    return (
      choices.find((choice) => choice === value) ?? this.#refuse(name, `must be one of ${choices.join(", ")}`)
    );
  }

  /** `undefined` for absent and null. */
  #resolve(name: string): unknown {
    const value = this.map.get(name);
    return isYamlScalar(value) ? (resolveYamlScalar(value) ?? undefined) : value;
  }

  #refuse(name: string, reason: string): never {
    const { path } = this.#options;
    const field = this.#prefix + name;
    throw new RunstoneError("DAMAGED", `The ${WHAT} cannot be used: ${field} ${reason}`, {
      hint: `Correct ${field} in ${path ?? ".runstone/config.yaml"}.`,
      data: { reason: `${field} ${reason}`, field, offset: 0, ...(path === undefined ? {} : { path }) },
    });
  }
}

/** Throws FORMAT_TOO_NEW when a newer release wrote the workspace. */
export function assertWritableFormat(config: Pick<WorkspaceConfig, "format">): void {
  if (config.format <= WORKSPACE_FORMAT) return;
  throw new RunstoneError(
    "FORMAT_TOO_NEW",
    `This workspace has format ${config.format}; this release writes format ${WORKSPACE_FORMAT}`,
    {
      hint: "Upgrade runstone to write here. Reading works as far as this release understands the format.",
      data: { found: config.format, expected: WORKSPACE_FORMAT },
    },
  );
}

/** The text of the file: all settings, and every key of `source` that this release does not know. */
export function serializeConfig(config: WorkspaceConfig): string {
  const { artifacts, capture, source } = config;
  return serializeYamlMap(
    withMembers(source, {
      format: config.format,
      store: config.store,
      default_experiment: config.defaultExperiment,
      artifact_location: config.artifactLocation,
      durability: config.durability,
      index: config.index,
      artifacts: withMembers(source.get("artifacts"), {
        git_max_bytes: artifacts.gitMaxBytes,
        object_copy_max_bytes: artifacts.objectCopyMaxBytes,
        hard_links: artifacts.hardLinks,
      }),
      capture: withMembers(source.get("capture"), {
        git: capture.git,
        patch: capture.patch,
        snapshot: capture.snapshot,
        snapshot_max_file_bytes: capture.snapshotMaxFileBytes,
        snapshot_max_files: capture.snapshotMaxFiles,
        snapshot_max_bytes: capture.snapshotMaxBytes,
        environment: capture.environment,
        packages: capture.packages,
        system_metrics: capture.systemMetrics,
        console: capture.console,
      }),
      remotes: config.remotes,
    }),
  );
}

type Members = Map<string, YamlInput | YamlValue>;

function withMembers(
  found: YamlValue | undefined,
  members: Readonly<Record<string, YamlInput | YamlValue>>,
): Members {
  const result: Members = new Map(isYamlMap(found) ? found : []);
  for (const [key, value] of Object.entries(members)) result.set(key, value);
  return result;
}
