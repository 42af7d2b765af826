/** Things found in a store: where they lie, and how damage in them is named. */
import { join, sep } from "node:path";
import type { Place } from "../../../store-format/index.js";
import { TRASH } from "../layout.js";

/** {@link Located.path} of the root. */
export const ROOT_PATH = ".";

/** A directory of the store. */
export interface Located {
  /** Absolute path. */
  readonly directory: string;
  /** Path relative to the root, `/` between components; `.` for the root. */
  readonly path: string;
  readonly experimentId?: string;
  readonly runId?: string;
}

export interface ExperimentLocation extends Located {
  /** The name of the directory, whatever meta.yaml says. */
  readonly experimentId: string;
  readonly place: Place;
  /** True when the directory has no readable meta.yaml of an experiment. */
  readonly orphan: boolean;
}

export interface RunLocation extends Located {
  /** The name of the directory, whatever meta.yaml says. */
  readonly runId: string;
  readonly experimentId: string;
  readonly place: Place;
  /** True when the experiment has no readable meta.yaml. */
  readonly orphan: boolean;
}

export interface LoggedModelLocation extends Located {
  readonly modelId: string;
  readonly experimentId: string;
  readonly place: Place;
}

/** A directory below another one; it belongs to the same run or experiment. */
export function inside(owner: Located, name: string): Located {
  return { ...owner, directory: `${owner.directory}${sep}${name}`, path: joinPath(owner.path, name) };
}

/** Path of a file in a directory: `name` below it, `/` between components. Plain text, as nothing is to be normalised. */
export function fileIn(owner: Located, name: string): string {
  return `${owner.directory}/${name}`;
}

export function joinPath(path: string, name: string): string {
  return path === ROOT_PATH ? name : `${path}/${name}`;
}

/** The root or `.trash`. */
export function placeLocation(root: string, place: Place): Located {
  return place === "root"
    ? { directory: root, path: ROOT_PATH }
    : { directory: join(root, TRASH), path: TRASH };
}

/**
 * Whether a text may be the name of a directory that is looked for: one component, no control character, not hidden.
 * Wider than the pattern of ids, because a copy called `1 (2)` can still be read; never a way out of a directory.
 */
export function isSafeName(name: string): boolean {
  return (
    /^[^./\\\u0000-\u001f\u007f][^/\\\u0000-\u001f\u007f]*$/.test(name) && Buffer.byteLength(name) <= 255
  );
}
