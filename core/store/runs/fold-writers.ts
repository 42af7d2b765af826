/**
 * Folding the points of further writers into metrics/, exactly once whatever happens (SPEC.md, Writers). `fold.jsonl`
 * first keeps new writers out, then fixes the lengths from which the slots' lines are appended; one rename of
 * `writers` commits.
 */
import { join } from "node:path";
import { encodeText, type Fold, keyToPath, parseFold, serializeFold } from "../../../store-format/index.js";
import {
  appendFiles,
  discardTree,
  listDirectory,
  readBytesIfExists,
  removeFile,
  renameAside,
  replaceFile,
  wholeLinesLength,
} from "../../fs/index.js";
import { FOLD, liveWriters } from "../../leases/index.js";
import { LINKS, WRITERS } from "../layout.js";
import { IGNORE_DAMAGE, readKeys } from "../read/index.js";

/** Whether a process that is alive (or not proven dead) still writes into the run. */
export function hasLiveWriters(directory: string): boolean {
  return liveWriters(directory).length > 0;
}

/**
 * Folds all slots and removes `writers/`. Returns false, with nothing changed, while somebody writes. A repeat after a
 * crash finishes the work.
 */
export function foldWriters(directory: string): boolean {
  const writers = join(directory, WRITERS);
  const slots = slotDirectories(writers);
  if (slots === null) return true;
  if (hasLiveWriters(directory)) return false;
  if (slots.length > 0 && !appendSlots(directory, writers, slots)) return false;
  discardTree(renameAside(writers));
  return true;
}

function slotDirectories(writers: string): string[] | null {
  const entries = listDirectory(writers);
  if (entries === null) return null;
  const numbers = entries.filter((entry) => entry.isDirectory() && /^[1-9][0-9]*$/.test(entry.name));
  return numbers
    .map((entry) => Number(entry.name))
    .sort((a, b) => a - b)
    .map((n) => join(writers, String(n)));
}

function appendSlots(directory: string, writers: string, slots: readonly string[]): boolean {
  const fold = readFold(writers) ?? planFold(directory, writers, slots);
  if (fold === null) return false;
  for (const { key, length } of fold.metrics) {
    const sources = slots.map((slot) => join(slot, "metrics", keyToPath(key)));
    appendFiles(join(directory, "metrics", keyToPath(key)), length, sources);
  }
  const links = slots.map((slot) => join(slot, LINKS));
  appendFiles(join(directory, LINKS), fold.links, links);
  return true;
}

function keysOf(slot: string): string[] {
  return readKeys({ directory: join(slot, "metrics"), path: "." }, IGNORE_DAMAGE);
}

/** The plan of an earlier try, if there is one: its lengths are those of before any append. */
function readFold(writers: string): Fold | null {
  const bytes = readBytesIfExists(join(writers, FOLD));
  return bytes === null ? null : parseFold(bytes);
}

/** Declares the intent, looks for writers again (a new one sees the intent, or we see it), then fixes the lengths. */
function planFold(directory: string, writers: string, slots: readonly string[]): Fold | null {
  const path = join(writers, FOLD);
  const place = { temporaryIn: directory, sync: true };
  replaceFile(path, encodeText(serializeFold(null)), place);
  if (hasLiveWriters(directory)) {
    removeFile(path);
    return null;
  }
  const keys = new Set(slots.flatMap(keysOf));
  const fold: Fold = {
    metrics: [...keys].map((key) => ({
      key,
      length: wholeLinesLength(join(directory, "metrics", keyToPath(key))),
    })),
    links: wholeLinesLength(join(directory, LINKS)),
  };
  replaceFile(path, encodeText(serializeFold(fold)), place);
  return fold;
}
