/**
 * A file system that folds names, as those of macOS and Windows do: a path finds an entry that differs from it in case
 * or Unicode form, and a directory lists the spelling that was there first. For one operation at a time the entry that
 * is meant gets the spelling that is asked for.
 */
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { intercept, type Operation } from "../../core/fs/index.js";

interface Respelled {
  readonly real: string;
  readonly asked: string;
}

/** Folds below `top` until {@link intercept} is given something else. */
export function foldNames(top: string): void {
  let respelled: Respelled[] = [];
  const restore = (): void => {
    for (const { real, asked } of respelled.reverse()) renameSync(asked, real);
    respelled = [];
  };
  intercept({
    before(operation) {
      // The last operation may have failed.
      restore();
      for (const path of pathsOf(operation)) respelled.push(...respell(top, path));
      return undefined;
    },
    after: restore,
  });
}

function pathsOf({ path, to }: Operation): readonly string[] {
  return to === undefined ? [path] : [path, to];
}

function respell(top: string, path: string): Respelled[] {
  const done: Respelled[] = [];
  if (!path.startsWith(`${top}/`)) return done;
  let at = top;
  for (const part of path.slice(top.length + 1).split("/")) {
    const names = namesIn(at);
    const twin = names.includes(part) ? undefined : names.find((name) => fold(name) === fold(part));
    const asked = join(at, part);
    if (twin !== undefined) {
      const real = join(at, twin);
      renameSync(real, asked);
      done.push({ real, asked });
    }
    at = asked;
  }
  return done;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Not there, or a file: then nothing below it is either.
    return [];
  }
}

function fold(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
