/** Torn tails: an unterminated last line is no point. It is kept in `torn/` for the curious and cut off before anything is appended. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { keyToPath } from "../../../store-format/index.js";
import {
  ensureDirectory,
  type KeepTorn,
  LineAppender,
  replaceFile,
  statIfExists,
  wholeLinesLength,
} from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { LINKS, TORN } from "../layout.js";
import { IGNORE_DAMAGE, type RunLocation, readMetricKeys } from "../read/index.js";

/** Keeps the torn tail of `name` (relative to the run) and says so. */
export function keepTornTail(context: StoreContext, location: RunLocation, name: string): KeepTorn {
  return (offset, tail) => {
    const { directory } = location;
    ensureDirectory(join(directory, TORN));
    const kept = join(directory, TORN, `${randomBytes(6).toString("hex")}-${offset}`);
    replaceFile(kept, tail, { temporaryIn: directory, sync: true });
    context.warn(`${location.path}/${name}: cut a torn line of ${tail.length} bytes at ${offset}`);
  };
}

/** Cuts the torn tails of a run nobody writes into; returns the paths, relative to the root. */
export function cutTornMetrics(context: StoreContext, location: RunLocation): string[] {
  const names = readMetricKeys(location, IGNORE_DAMAGE).map((key) => `metrics/${keyToPath(key)}`);
  const torn = [...names, LINKS].filter((name) => isTorn(join(location.directory, name)));
  for (const name of torn)
    LineAppender.open(join(location.directory, name), {
      keepTorn: keepTornTail(context, location, name),
      temporaryIn: location.directory,
    }).close();
  return torn.map((name) => `${location.path}/${name}`);
}

function isTorn(path: string): boolean {
  const found = statIfExists(path);
  return found?.kind === "file" && wholeLinesLength(path) < found.size;
}
