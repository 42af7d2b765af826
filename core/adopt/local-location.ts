/** Locations of artifacts that some machine's default gave them, and whether they lead anywhere here. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { followedStatIfExists, listDirectory, realPathIfExists } from "../fs/index.js";

/** A path or `file:` URI, of any system. */
export function isLocalLocation(location: string): boolean {
  return !/^[A-Za-z][A-Za-z0-9+.-]+:/u.test(location) || /^file:/iu.test(location);
}

/** Whether a local location ends in these components, whatever lies before them. */
export function endsIn(location: string, ...names: readonly string[]): boolean {
  const parts = location.replace(/[\\/]+$/u, "").split(/[\\/]+/u);
  return (
    names.length <= parts.length && names.every((name, i) => parts[parts.length - names.length + i] === name)
  );
}

/** Whether a local location is another directory of this machine, and something lies in it. */
export function holdsFilesElsewhere(location: string, own: string): boolean {
  const path = pathOnThisMachine(location);
  if (path === null || followedStatIfExists(path)?.kind !== "directory") return false;
  const real = realPathIfExists(path);
  if (real === null || real === realPathIfExists(own)) return false;
  return (listDirectory(real) ?? []).length > 0;
}

/** Null: of another system, of another host, or relative to a directory that is not known. */
function pathOnThisMachine(location: string): string | null {
  if (process.platform !== "win32" && location.startsWith("/") && !location.startsWith("//"))
    return join(location);
  if (!/^file:\/\/\//iu.test(location)) return null;
  try {
    return fileURLToPath(location);
  } catch {
    // No path of this system: a drive letter, an encoded slash.
    return null;
  }
}
