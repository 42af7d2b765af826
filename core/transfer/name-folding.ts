/** File systems that take two spellings of a name for one (macOS, Windows, mounted sticks). */
import { basename, dirname, join } from "node:path";
import { listDirectory, statIfExists, writeNewFile } from "../fs/index.js";

/** Small letters, and a letter in one piece (NFC). */
const PROBE = "folds-\u00e9";

/** Whether the file system of a directory folds case or Unicode form; tried once, when it is asked for, by a file there. */
export function nameFolding(directory: string): () => boolean {
  let folds: boolean | undefined;
  return () => {
    folds ??= tryFolding(directory);
    return folds;
  };
}

function tryFolding(directory: string): boolean {
  writeNewFile(join(directory, PROBE), new Uint8Array(0), false);
  return [PROBE.toUpperCase(), PROBE.normalize("NFD")].some(
    (name) => statIfExists(join(directory, name)) !== null,
  );
}

/** Whether a path that exists is spelled as its directory lists it. */
export function isListedAs(path: string): boolean {
  return (listDirectory(dirname(path)) ?? []).some(({ name }) => name === basename(path));
}
