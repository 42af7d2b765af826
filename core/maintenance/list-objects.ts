import { join } from "node:path";
import { type FileStat, listDirectory, statIfExists } from "../fs/index.js";

export interface ListedObject {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Absolute. */
  readonly path: string;
  readonly found: FileStat;
}

/** The objects below `directory` (`ab/cdef...`), in order of their names; none when it is absent. Links do not count. */
export function* listObjects(directory: string): Generator<ListedObject> {
  for (const head of namesIn(directory, /^[0-9a-f]{2}$/))
    for (const tail of namesIn(join(directory, head), /^[0-9a-f]{62}$/)) {
      const path = join(directory, head, tail);
      const found = statIfExists(path);
      if (found?.kind === "file") yield { sha256: `${head}${tail}`, path, found };
    }
}

/** Names of that form in a directory, those of links left out; none when it is absent. */
export function namesIn(directory: string, form: RegExp): string[] {
  const entries = (listDirectory(directory) ?? []).filter((entry) => !entry.isSymbolicLink());
  return entries.map((entry) => entry.name).filter((name) => form.test(name));
}
