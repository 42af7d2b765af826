/**
 * Folding the points of further writers into metrics/, exactly once whatever happens (SPEC.md, Writers). `fold.jsonl`
 * first keeps new writers out, then fixes the lengths from which the slots' lines are appended; one rename of
 * `writers` commits.
 */
import { join } from "node:path";
import { encodeText, type Fold, keyToPath, parseFold, serializeFold } from "../../../store-format/index.js";
import {
  appendFiles,
  assertNoLinkBetween,
  discardTree,
  listDirectory,
  readBytesIfExists,
  removeFile,
  renameAside,
  replaceFile,
  statIfExists,
  wholeLinesLength,
} from "../../fs/index.js";
import { FOLD, liveWriters } from "../../leases/index.js";
import { LINKS, WRITERS } from "../layout.js";
import { readKeys, THROW_UNREADABLE } from "../read/index.js";

/** Whether a process that is alive (or not proven dead) still writes into the run. */
export function hasLiveWriters(directory: string): boolean {
  return isHeld(directory, {});
}

export interface FoldOptions {
  /** The user says that owners of whom there is no sign (on another host, say) are gone. */
  readonly silentAreGone?: boolean;
}

function isHeld(directory: string, options: FoldOptions): boolean {
  return liveWriters(directory).some(({ state }) => state === "alive" || options.silentAreGone !== true);
}

/**
 * Folds all slots and removes `writers/`. Returns false, with nothing changed, while somebody writes. A repeat after a
 * crash finishes the work.
 */
export function foldWriters(directory: string, options: FoldOptions = {}): boolean {
  const writers = join(directory, WRITERS);
  if (statIfExists(writers) === null) return true;
  if (isHeld(directory, options)) return false;
  const fold = readFold(writers);
  if (fold === null && !declareIntent(directory, options)) return false;
  // Only now, with nobody getting in any more, is the list of slots final.
  const slots = slotDirectories(writers);
  if (slots.length > 0) appendSlots(directory, slots, fold ?? planFold(directory, writers, slots));
  discardTree(renameAside(writers));
  return true;
}

function slotDirectories(writers: string): string[] {
  return (listDirectory(writers) ?? [])
    .filter((entry) => entry.isDirectory() && /^[1-9][0-9]*$/.test(entry.name))
    .map((entry) => Number(entry.name))
    .sort((a, b) => a - b)
    .map((n) => join(writers, String(n)));
}

function appendSlots(directory: string, slots: readonly string[], fold: Fold): void {
  for (const { key, length } of fold.metrics) {
    const target = join(directory, "metrics", keyToPath(key));
    const sources = slots.map((slot) => join(slot, "metrics", keyToPath(key)));
    for (const path of [target, ...sources]) assertNoLinkBetween(directory, path);
    appendFiles(target, length, sources);
  }
  const links = slots.map((slot) => join(slot, LINKS));
  appendFiles(join(directory, LINKS), fold.links, links);
}

function keysOf(slot: string): string[] {
  return readKeys({ directory: join(slot, "metrics"), path: "metrics" }, THROW_UNREADABLE);
}

/** The plan of an earlier try, if there is one: its lengths are those of before any append. */
function readFold(writers: string): Fold | null {
  const bytes = readBytesIfExists(join(writers, FOLD));
  return bytes === null ? null : parseFold(bytes);
}

/** Keeps new writers out: one that claims from now on sees the intent, one that claimed before is seen here. */
function declareIntent(directory: string, options: FoldOptions): boolean {
  const path = join(directory, WRITERS, FOLD);
  replaceFile(path, encodeText(serializeFold(null)), { temporaryIn: directory, sync: false });
  if (!isHeld(directory, options)) return true;
  removeFile(path);
  return false;
}

/** Fixes the lengths from which the slots' lines are appended. */
function planFold(directory: string, writers: string, slots: readonly string[]): Fold {
  const keys = new Set(slots.flatMap(keysOf));
  const fold: Fold = {
    metrics: [...keys].map((key) => ({
      key,
      length: wholeLinesLength(join(directory, "metrics", keyToPath(key))),
    })),
    links: wholeLinesLength(join(directory, LINKS)),
  };
  replaceFile(join(writers, FOLD), encodeText(serializeFold(fold)), { temporaryIn: directory, sync: true });
  return fold;
}
