/** The text of `artifact_location` and `artifact_uri`: where MLflow looks for artifacts. Pure. */
import { isAbsolute, relative } from "node:path";
import type { StorePaths } from "./layout.js";

/** How a location in the store is written: so that a clone finds it, or so that every directory finds it. */
export type LocationPolicy = "relative" | "absolute";

/**
 * The location of `<root>/<segments>`. `relative` gives `./mlruns/<id>`, seen from the workspace, as MLflow 1.x wrote
 * it; where the store is not inside a workspace, and with `absolute`, it is a `file:///` URI encoded as MLflow does.
 */
export function artifactLocation(
  paths: StorePaths,
  policy: LocationPolicy,
  ...segments: readonly string[]
): string {
  const below = policy === "relative" ? rootSeenFromWorkspace(paths) : null;
  const start =
    below === null ? fileUri(paths.root) : ["." as string, ...below.map(encodeRelative)].join("/");
  return appendToLocation(start, ...segments);
}

/** A location below another one. MLflow appends to the path of a URI and keeps its query. */
export function appendToLocation(location: string, ...segments: readonly string[]): string {
  const { path, suffix } = splitSuffix(location);
  const start = path.endsWith("/") ? path.slice(0, -1) : path;
  return `${[start, ...segments].join("/")}${suffix}`;
}

/** Where the artifacts of a run lie, given its experiment's `artifact_location`. */
export function runArtifactLocation(experimentLocation: string, runId: string): string {
  return appendToLocation(experimentLocation, runId, "artifacts");
}

/** Where the artifacts of a logged model lie, given its experiment's `artifact_location`. */
export function loggedModelArtifactLocation(experimentLocation: string, modelId: string): string {
  return appendToLocation(experimentLocation, "models", modelId, "artifacts");
}

function rootSeenFromWorkspace({ root, workspace }: StorePaths): readonly string[] | null {
  if (workspace === null) return null;
  const below = relative(workspace, root);
  const names = below.split(/[\\/]/u).filter((name) => name !== "");
  return isAbsolute(below) || names[0] === ".." ? null : names;
}

/** MLflow percent-decodes locations without a scheme, too; a reader of URIs would cut at `?` and `#`. */
function encodeRelative(name: string): string {
  return name.replace(/[%?#]/gu, encodeURIComponent);
}

/** `file:///home/a%20b/%C3%A9`: what `pathlib` and MLflow write for an absolute path. */
function fileUri(path: string): string {
  const windows = /^[A-Za-z]:[\\/]/u.test(path);
  const [drive, rest] = windows ? [`/${path.slice(0, 2)}`, path.slice(2).replaceAll("\\", "/")] : ["", path];
  return `file://${drive}${rest.split("/").map(encodeLikePython).join("/")}`;
}

/** Python's `urllib.parse.quote`: everything but letters, digits and `_.-~`. */
function encodeLikePython(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/gu,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function splitSuffix(location: string): { path: string; suffix: string } {
  const hasScheme = /^[A-Za-z][A-Za-z0-9+.-]*:/u.test(location);
  const at = hasScheme ? location.search(/[?#]/u) : -1;
  return at < 0
    ? { path: location, suffix: "" }
    : { path: location.slice(0, at), suffix: location.slice(at) };
}
