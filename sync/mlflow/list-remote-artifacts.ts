/** The artifacts of a run there, listed through the server's proxy. What it says is taken for hostile. */
import {
  isContainedPath,
  MAX_ARTIFACT_PATH_BYTES,
  RunstoneError,
  utf8Length,
} from "../../store-format/index.js";
import type { MlflowCalls } from "./calls.js";
import { endless } from "./pages.js";

export interface RemoteArtifact {
  /** Relative to the run's artifacts. */
  readonly path: string;
  readonly size: number;
}

/** Of one run; more is no run, but a server that does not stop. */
const MOST_ENTRIES = 1_000_000;

/** All files below `place`, by path. Throws REMOTE_FAILED for a listing that leads out of it, or does not end. */
export async function listRemoteArtifacts(calls: MlflowCalls, place: string): Promise<RemoteArtifact[]> {
  const files = new Map<string, RemoteArtifact>();
  const directories = [""];
  let entries = 0;
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    const listed = await calls.listArtifacts(joined(place, directory));
    entries += listed.length;
    if (entries > MOST_ENTRIES) throw endless("GET mlflow-artifacts/artifacts");
    for (const { path, isDir, size } of listed) {
      const full = pathOf(directory, path);
      if (isDir) directories.push(full);
      else files.set(full, { path: full, size: size ?? 0 });
    }
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Servers tell base names; one that tells paths from the top of what is listed is understood. */
function pathOf(directory: string, named: string): string {
  const isFull = directory !== "" && named.startsWith(`${directory}/`);
  const name = isFull ? named.slice(directory.length + 1) : named;
  const path = joined(directory, name);
  if (name === "" || name.includes("/") || !isContainedPath(path)) throw leadsOut(named);
  if (utf8Length(path) > MAX_ARTIFACT_PATH_BYTES) throw endless("GET mlflow-artifacts/artifacts");
  return path;
}

export function joined(directory: string, path: string): string {
  if (directory === "") return path;
  return path === "" ? directory : `${directory}/${path}`;
}

function leadsOut(name: string): RunstoneError {
  const shown = JSON.stringify(name.slice(0, 200));
  return new RunstoneError("REMOTE_FAILED", `the server names an artifact ${shown} that can lie nowhere`, {
    hint: "Nothing of that run was written. Rename the artifact there.",
    data: { name: name.slice(0, 4_096) },
  });
}
