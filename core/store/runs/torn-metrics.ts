/** Torn tails: an unterminated last line is no point. It is kept in `torn/` for the curious and cut off before anything is appended. */
import { join } from "node:path";
import { keyToPath } from "../../../store-format/index.js";
import {
  ensureDirectory,
  type KeepTorn,
  LineAppender,
  randomHex,
  replaceFile,
  statIfExists,
  wholeLinesLength,
} from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { LINKS, TORN, WRITERS } from "../layout.js";
import { type RunLocation, readKeys, THROW_UNREADABLE } from "../read/index.js";
import { inside } from "../read/located.js";
import { writersOf } from "../read/metric-points.js";

/** Keeps the torn tail of `name` (relative to the run) and says so. */
export function keepTornTail(context: StoreContext, location: RunLocation, name: string): KeepTorn {
  return (offset, tail) => {
    const { directory } = location;
    ensureDirectory(join(directory, TORN));
    const kept = join(directory, TORN, `${randomHex(6)}-${offset}`);
    replaceFile(kept, tail, { temporaryIn: directory, sync: true });
    context.warn(`${location.path}/${name}: cut a torn line of ${tail.length} bytes at ${offset}`);
  };
}

/** Files of a run nobody writes into whose last line is torn, those of its slots too; relative to the run. */
export function tornFiles(location: RunLocation): string[] {
  return appendedFiles(location).filter((name) => isTorn(join(location.directory, name)));
}

/** Cuts the torn tail of one of {@link tornFiles}. */
export function cutTornFile(context: StoreContext, location: RunLocation, name: string): void {
  LineAppender.open(join(location.directory, name), {
    keepTorn: keepTornTail(context, location, name),
    temporaryIn: location.directory,
  }).close();
}

/** Every file that a writer of the run appends to, relative to the run. */
function appendedFiles(location: RunLocation): string[] {
  const slots = writersOf(location, THROW_UNREADABLE).slots.map((slot) => `${WRITERS}/${slot}/`);
  return ["", ...slots].flatMap((prefix) => {
    const keys = readKeys(inside(location, `${prefix}metrics`), THROW_UNREADABLE);
    return [...keys.map((key) => `${prefix}metrics/${keyToPath(key)}`), `${prefix}${LINKS}`];
  });
}

function isTorn(path: string): boolean {
  const found = statIfExists(path);
  return found?.kind === "file" && wholeLinesLength(path) < found.size;
}
