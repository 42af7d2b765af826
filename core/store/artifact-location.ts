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

/** An experiment, as far as locations go. */
export interface ExperimentPlace {
  readonly experimentId: string;
  /** As its meta.yaml says. */
  readonly artifactLocation: string;
}

/**
 * Where things of an experiment lie (`<run id>/artifacts`, `models/<model id>/artifacts`). A location that somebody
 * chose is kept; the one it got by default is made anew, because the store may have been moved since.
 */
export function locationInExperiment(
  paths: StorePaths,
  policy: LocationPolicy,
  experiment: ExperimentPlace,
  ...segments: readonly string[]
): string {
  const { experimentId, artifactLocation: chosen } = experiment;
  if (isDefault(experiment)) return artifactLocation(paths, policy, experimentId, ...segments);
  return appendToLocation(chosen, ...segments);
}

/** Nothing, or a local path that ends in the experiment's id. */
function isDefault({ experimentId, artifactLocation: location }: ExperimentPlace): boolean {
  if (location === "") return true;
  const isLocal = !hasScheme(location) || /^file:/iu.test(location) || /^[A-Za-z]:[\\/]/u.test(location);
  return isLocal && location.split(/[\\/]/u).at(-1) === experimentId;
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
  const at = hasScheme(location) ? location.search(/[?#]/u) : -1;
  return at < 0
    ? { path: location, suffix: "" }
    : { path: location.slice(0, at), suffix: location.slice(at) };
}

function hasScheme(location: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:/u.test(location);
}
