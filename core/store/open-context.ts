/** What is known of a store before anything in it is read: where it is, its workspace, the settings. Reads only. */
import { resolve } from "node:path";
import {
  assertWritableFormat,
  DEFAULT_CONFIG,
  isRunstoneError,
  parseConfig,
  RunstoneError,
  type WorkspaceConfig,
} from "../../store-format/index.js";
import { followedStatIfExists, listDirectory, readBytesIfExists } from "../fs/index.js";
import { configPath, findGitTop, findWorkspace, workspaceOf } from "../workspace/find-workspace.js";
import type { Durability, StoreContext } from "./context.js";
import { namedStore } from "./named-store.js";
import type { OnDamage } from "./read/damages.js";
import { parseGeneralYaml } from "./read/general-yaml.js";
import { assertInWorkspace } from "./writable.js";

export interface OpenOptions {
  /** The `mlruns` directory, or a project with one in it (see `namedStore`). Default: the store of the workspace of `cwd`, else `mlruns` in it, as MLflow and the library use. */
  readonly path?: string;
  /** Where the search for a workspace starts and relative paths count from. */
  readonly cwd: string;
  /** Default: the config's, else `default`. */
  readonly durability?: Durability;
  /** Where the user's cache keeps indexes, absolute. Default: the index is kept in memory only. */
  readonly indexDirectory?: string | null;
  readonly now?: () => number;
  readonly warn?: (message: string) => void;
  readonly onDamage?: OnDamage;
}

/**
 * What operations on the store need to know. Throws NOT_A_STORE (no such directory, or a file), NO_WORKSPACE, DAMAGED (its
 * config), PERMISSION_DENIED.
 */
export function openContext(options: OpenOptions): StoreContext {
  const { root, workspace, isByConfig } = locateStore(options);
  const config = readConfig(workspace);
  return {
    root,
    workspace,
    durability: options.durability ?? config.durability,
    locations: locationPolicy(config, workspace),
    artifactPolicy: {
      gitMaxBytes: config.artifacts.gitMaxBytes,
      objectCopyMaxBytes: config.artifacts.objectCopyMaxBytes,
      // Root writes through the read-only mode that protects a shared file from edits in place.
      hardLinks: config.artifacts.hardLinks && process.getuid?.() !== 0,
    },
    index: { location: config.index, directory: options.indexDirectory ?? null },
    ...refusalOf(() => {
      assertWritableFormat(config);
      // A config may come with a clone; what the user names is the user's word.
      if (isByConfig && workspace !== null) assertInWorkspace(root, workspace);
    }),
    now: options.now ?? Date.now,
    warn: options.warn ?? (() => undefined),
  };
}

/** The config of a workspace; the defaults outside one. Throws DAMAGED for a config that cannot be read. */
export function readConfig(workspace: string | null): WorkspaceConfig {
  const bytes = workspace === null ? null : readBytesIfExists(configPath(workspace));
  if (bytes === null || workspace === null) return DEFAULT_CONFIG;
  return parseConfig(bytes, { general: parseGeneralYaml, path: configPath(workspace) });
}

/** Absolute path of the store that a workspace's config names. */
export function storeRoot(workspace: string): string {
  return resolve(workspace, readConfig(workspace).store);
}

interface Located {
  readonly root: string;
  readonly workspace: string | null;
  /** A config says where the store is. */
  readonly isByConfig: boolean;
}

function locateStore(options: OpenOptions): Located {
  if (options.path !== undefined) return locateNamed(resolve(options.cwd, options.path));
  const workspace = findWorkspace(options.cwd);
  const beside = resolve(options.cwd, "mlruns");
  if (workspace === null && followedStatIfExists(beside)?.kind === "directory") {
    assertDirectory(beside);
    return { root: beside, workspace: null, isByConfig: false };
  }
  if (workspace === null)
    throw new RunstoneError("NO_WORKSPACE", `no workspace in ${options.cwd} or above`, {
      hint: "Make one with `runstone init`, or name a store with --store DIR.",
      data: { cwd: options.cwd },
    });
  return locateIn(workspace);
}

function locateNamed(path: string): Located {
  assertDirectory(path);
  const named = namedStore(path);
  if (named.kind === "workspace") return locateIn(named.workspace);
  const { root } = named;
  if (root !== path) assertDirectory(root);
  return { root, workspace: workspaceOf(root, storeRoot), isByConfig: false };
}

function locateIn(workspace: string): Located {
  const root = storeRoot(workspace);
  assertDirectory(root);
  return { root, workspace, isByConfig: true };
}

function assertDirectory(root: string): void {
  const found = followedStatIfExists(root);
  if (found?.kind === "directory") {
    listDirectory(root);
    return;
  }
  const what = found === null ? "does not exist" : "is no directory";
  throw new RunstoneError("NOT_A_STORE", `${root} ${what}`, {
    hint: "Give an mlruns directory, or the project that it lies in, or make a workspace with `runstone init`.",
    data: { path: root },
  });
}

function locationPolicy(config: WorkspaceConfig, workspace: string | null): StoreContext["locations"] {
  if (config.artifactLocation !== "auto") return config.artifactLocation;
  return workspace !== null && findGitTop(workspace) !== null ? "relative" : "absolute";
}

function refusalOf(check: () => void): { readonly refusal?: RunstoneError } {
  try {
    check();
    return {};
  } catch (error) {
    if (isRunstoneError(error)) return { refusal: error };
    throw error;
  }
}
