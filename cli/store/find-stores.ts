/** The stores that a listing is about. */
import { statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { isGlob } from "../parse/glob.js";

export interface NamedStore {
  /** As `--store` takes it. */
  readonly path: string;
  /** What people call it. */
  readonly label: string;
}

/**
 * Each `--store`, those with `*` or `?` as the directories they match (or the `mlruns` in them), in the order of their names; none comes twice.
 * Empty when none is given: the workspace decides. Throws RESOURCE_DOES_NOT_EXIST for a pattern without a match.
 */
export async function findStores({ stores, cwd }: CommandContext): Promise<readonly NamedStore[]> {
  const found = new Map<string, string>();
  for (const word of stores)
    for (const path of await pathsOf(word, cwd))
      if (!found.has(resolve(cwd, path))) found.set(resolve(cwd, path), path);
  return labelled([...found.values()], cwd);
}

async function pathsOf(word: string, cwd: string): Promise<readonly string[]> {
  if (!isGlob(word) || isDirectory(resolve(cwd, word))) return [word];
  const { globDirectories } = await import("./glob-directories.js");
  const paths = await globDirectories(word, cwd);
  if (paths.length > 0) return paths.map((path) => storeIn(path, cwd));
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `no directory matches ${word}`, {
    data: { store: word },
  });
}

/** A pattern finds projects as well as stores: a directory with an `mlruns` in it stands for that. */
function storeIn(path: string, cwd: string): string {
  const inside = join(path, "mlruns");
  return isDirectory(resolve(cwd, inside)) ? inside : path;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What all paths end with says nothing. */
function labelled(paths: readonly string[], cwd: string): readonly NamedStore[] {
  const plain = paths.map((path) => (relative(cwd, resolve(cwd, path)) || ".").replaceAll("\\", "/"));
  const short = plain.map((path) => path.replace(/\/mlruns$/, ""));
  const labels = new Set(short).size === short.length ? short : plain;
  return paths.map((path, index) => ({ path, label: labels[index]! }));
}
