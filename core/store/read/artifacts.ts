/**
 * Artifacts, read side. They are looked for in the run's own directory first, whatever its URI says: a store that was
 * moved or cloned carries foreign URIs. Nothing outside the store and its workspace is ever read: a store that arrives
 * by clone may be hostile, and a URI or link in it must not make us read, or upload, a file of the user's. In the
 * workspace only a directory `.../<id>/artifacts` counts, as MLflow makes them: `.git` and `.env` lie there, too.
 */
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import {
  type ArtifactEntry,
  compareCodePoints,
  isContainedPath,
  RunstoneError,
} from "../../../store-format/index.js";
import {
  followedStatIfExists,
  listDirectory,
  OpenFile,
  realPathIfExists,
  statIfExists,
} from "../../fs/index.js";
import type { StorePaths } from "../layout.js";
import type { LoggedModelLocation, RunLocation } from "./located.js";
import { readLoggedModelMeta } from "./logged-models.js";
import { readRunMeta } from "./runs.js";

const ARTIFACTS = "artifacts";
/** MLflow's name for a file on its way in; hidden from its own listings, too. */
const UPLOADING = ".artifact.uploading.";

export interface ArtifactHomes extends StorePaths {
  /** Further directories that URIs of this store may lead into, by the user's own setting; absolute. */
  readonly artifactHomes?: readonly string[];
}

/**
 * The directory of a run's or logged model's artifacts; null when it has none here. Throws PERMISSION_DENIED when it
 * leads out of the store (a link), DAMAGED when meta.yaml is needed and damaged, typed I/O errors.
 */
export function resolveArtifactDirectory(
  paths: ArtifactHomes,
  location: RunLocation | LoggedModelLocation,
): string | null {
  const own = join(location.directory, ARTIFACTS);
  if (followedStatIfExists(own)?.kind === "directory") return mustBeInside(paths, own, location);
  const isModel = "modelId" in location;
  const uri = isModel ? readLoggedModelMeta(location).artifactLocation : readRunMeta(location).artifactUri;
  return localDirectories(paths, uri).find((directory) => mayRead(paths, directory, location)) ?? null;
}

/**
 * One level below `path` (default: the top), or everything (`recursive`), by path in code-point order. Links that lead
 * out are left out. A file has nothing below it. Throws RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE, I/O errors.
 */
export function listArtifacts(directory: string, path = "", recursive = false): ArtifactEntry[] {
  const top = path === "" ? directory : artifactPath(directory, path);
  if (followedStatIfExists(top)?.kind !== "directory") return [];
  const entries: ArtifactEntry[] = [];
  collect(directory, { at: top, path, recursive }, entries);
  return entries.sort((a, b) => compareCodePoints(a.path, b.path));
}

/** Absolute path of one artifact, file or directory, links resolved. Throws RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE. */
export function artifactPath(directory: string, path: string): string {
  if (!isContainedPath(path)) throw notAPath(path);
  const found = realPathIfExists(join(directory, ...path.split("/")));
  const top = realPathIfExists(directory);
  if (found === null || top === null || !isWithin(top, found)) throw noArtifact(path);
  return found;
}

/** One artifact file: where it is and how large. Throws as {@link artifactPath}; a directory is INVALID_PARAMETER_VALUE. */
export function artifactFile(
  directory: string,
  path: string,
): { readonly path: string; readonly size: number } {
  const found = artifactPath(directory, path);
  const stat = statIfExists(found);
  if (stat?.kind === "file") return { path: found, size: stat.size };
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `the artifact ${path} is no file`, {
    hint: "List the artifacts below it, or download the directory.",
    data: { path },
  });
}

/** Bytes `[start, end)` of an artifact file (default: all) in blocks, each valid only until the next one. */
export function* readArtifact(
  directory: string,
  path: string,
  range: { readonly start?: number; readonly end?: number } = {},
): Generator<Uint8Array, void, undefined> {
  const found = artifactFile(directory, path);
  const file = OpenFile.openIfExists(found.path);
  if (file === null) throw noArtifact(path);
  try {
    // What was opened is asked, not what was looked at before: a component may have become a link meanwhile.
    const opened = file.realPath();
    const top = realPathIfExists(directory);
    if (top === null || !isWithin(top, opened)) throw noArtifact(path);
    yield* file.blocks(range.start ?? 0, Math.min(range.end ?? file.size, file.size));
  } finally {
    file.close();
  }
}

interface Level {
  readonly at: string;
  readonly path: string;
  readonly recursive: boolean;
}

function collect(directory: string, level: Level, entries: ArtifactEntry[]): void {
  for (const entry of listDirectory(level.at) ?? []) {
    if (entry.name.startsWith(UPLOADING)) continue;
    const path = level.path === "" ? entry.name : `${level.path}/${entry.name}`;
    if (!isContainedPath(path)) continue;
    const at = join(level.at, entry.name);
    if (entry.isDirectory()) {
      entries.push({ path, isDir: true, size: null });
      if (level.recursive) collect(directory, { ...level, at, path }, entries);
    } else {
      const size = entry.isFile() ? statIfExists(at)?.size : sizeOfLinked(directory, at);
      if (size !== undefined) entries.push({ path, isDir: false, size });
    }
  }
}

/** Size of the regular file within `directory` that a link leads to; undefined for everything else. */
function sizeOfLinked(directory: string, link: string): number | undefined {
  const top = realPathIfExists(directory);
  const found = realPathIfExists(link);
  if (top === null || found === null || !isWithin(top, found)) return undefined;
  const stat = statIfExists(found);
  return stat?.kind === "file" ? stat.size : undefined;
}

/** Local directories that a URI may mean, existing ones only: relative ones seen from the workspace and from beside the root. */
function localDirectories(paths: StorePaths, uri: string): string[] {
  const path = localPath(uri);
  if (path === null) return [];
  const bases = isAbsolute(path) ? ["/"] : [paths.workspace ?? dirname(paths.root), dirname(paths.root)];
  const candidates = bases.flatMap((base) => [resolve(base, decodeOnce(path)), resolve(base, path)]);
  return [...new Set(candidates)].filter(
    (directory) => followedStatIfExists(directory)?.kind === "directory",
  );
}

/** The path of a `file:` URI or of a text without a scheme; null for everything else. */
function localPath(uri: string): string | null {
  if (uri === "" || /[\u0000?#]/.test(uri)) return null;
  const file = /^file:(?:\/\/(?:localhost)?(?=\/))?(.+)$/i.exec(uri)?.[1];
  if (file !== undefined) return file.startsWith("//") ? null : file;
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri) ? null : uri;
}

function decodeOnce(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}

function mustBeInside(
  paths: ArtifactHomes,
  directory: string,
  location: RunLocation | LoggedModelLocation,
): string {
  if (mayRead(paths, directory, location)) return directory;
  throw new RunstoneError("PERMISSION_DENIED", `${directory} is a link that leads out of the store`, {
    hint: "Move the artifacts into the run's directory.",
    data: { path: directory },
  });
}

function mayRead(
  paths: ArtifactHomes,
  directory: string,
  location: RunLocation | LoggedModelLocation,
): boolean {
  const real = realPathIfExists(directory);
  if (real === null) return false;
  const isBelow = (home: string): boolean => {
    const top = realPathIfExists(home);
    return top !== null && isWithin(top, real);
  };
  if ([paths.root, ...(paths.artifactHomes ?? [])].some(isBelow)) return true;
  const id = "modelId" in location ? location.modelId : location.runId;
  const isMade = real.endsWith(`${sep}${id}${sep}${ARTIFACTS}`);
  return isMade && paths.workspace !== null && isBelow(paths.workspace);
}

/** Whether `path` is `top` or lies below it; both are real paths. */
function isWithin(top: string, path: string): boolean {
  const below = relative(top, path);
  return below === "" || (below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below));
}

function notAPath(path: string): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${JSON.stringify(path.slice(0, 200))} is no artifact path`,
    {
      hint: "Give a path relative to the artifacts, such as plots/roc.png.",
      data: { path: path.slice(0, 4_096) },
    },
  );
}

function noArtifact(path: string): RunstoneError {
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no artifact ${JSON.stringify(path)}`, {
    hint: "List the artifacts to see what is there.",
    data: { path },
  });
}
