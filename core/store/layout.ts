/** Where everything lies in a store (SPEC.md, Directory layout). Paths only, no I/O. */
import { join } from "node:path";
import { BUILDING_SITE } from "../fs/index.js";

/** Directories of an experiment that are never runs. */
export const RESERVED_IN_EXPERIMENT: ReadonlySet<string> = new Set(["tags", "datasets", "traces", "models"]);

export const TRASH = ".trash";
export const REGISTRY = "models";
export const META = "meta.yaml";
export const MANIFEST = "manifest.yaml";
export const LEASE = "lease.yaml";
/** Points of further concurrent writers: `writers/<n>/`; `writers/0` is the claim on `metrics/` itself. */
export const WRITERS = "writers";
/** Dataset and model links of points: `links.jsonl` beside `metrics/`. */
export const LINKS = "links.jsonl";
/** Tails cut off torn metric files, kept for the curious. */
export const TORN = "torn";

/** A store's root with, when it lies in a workspace, that workspace. */
export interface StorePaths {
  /** Absolute path of the `mlruns` root. */
  readonly root: string;
  /** Absolute path of the directory that holds `.runstone/`, or null. */
  readonly workspace: string | null;
}

export function trashPath(root: string): string {
  return join(root, TRASH);
}

export function registryPath(root: string): string {
  return join(root, REGISTRY);
}

/** `.runstone/objects` of the workspace, or null outside one. */
export function objectsPath(paths: StorePaths): string | null {
  return paths.workspace === null ? null : join(paths.workspace, ".runstone", "objects");
}

/**
 * Where partial artifacts wait to be gone on with: `.runstone/incoming` of the workspace, or in the building site of a store
 * outside one.
 */
export function incomingPath(paths: StorePaths): string {
  if (paths.workspace !== null) return join(paths.workspace, ".runstone", "incoming");
  return join(paths.root, BUILDING_SITE, "incoming");
}
