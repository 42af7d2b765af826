/** The places where a run's points lie: `metrics/`, and the slots of further concurrent writers until they are folded. */
import { join } from "node:path";
import { type Fold, isRunstoneError, parseFold } from "../../../store-format/index.js";
import { listDirectory, readBytesIfExists, statIfExists } from "../../fs/index.js";
import { FOLD } from "../../leases/index.js";
import { WRITERS } from "../layout.js";
import type { Located } from "./located.js";

/** One state of `writers/`: readers that see two different ones read again. */
export interface Writers {
  /** Equal for two looks at the same state. */
  readonly identity: string;
  /** Directories `writers/<n>`, n >= 1, in the order of n. */
  readonly slots: readonly string[];
  /** While it is there, `metrics/` counts only up to the lengths it gives. */
  readonly fold: Fold | null;
  /** `fold.jsonl` is there and cannot be read: points may be met twice until the fold is repaired. */
  readonly foldDamaged: boolean;
}

const NONE: Writers = { identity: "", slots: [], fold: null, foldDamaged: false };

/** Throws typed errors of the file system. */
export function readWriters(owner: Located): Writers {
  const directory = join(owner.directory, WRITERS);
  const before = identityOf(directory);
  if (before === "") return NONE;
  return { identity: before, slots: slotsOf(directory), ...readFold(directory) };
}

/** Whether `writers/` is still what it was. */
export function isUnchanged(owner: Located, writers: Writers): boolean {
  return identityOf(join(owner.directory, WRITERS)) === writers.identity;
}

function identityOf(directory: string): string {
  const found = statIfExists(directory);
  if (found?.kind !== "directory") return "";
  const fold = statIfExists(join(directory, FOLD));
  return `${found.inode} ${fold === null ? "-" : fold.inode}`;
}

function slotsOf(directory: string): string[] {
  const numbers = (listDirectory(directory) ?? [])
    .filter((entry) => entry.isDirectory() && /^[1-9][0-9]{0,8}$/.test(entry.name))
    .map((entry) => Number(entry.name));
  return numbers.sort((a, b) => a - b).map(String);
}

function readFold(directory: string): Pick<Writers, "fold" | "foldDamaged"> {
  const bytes = readBytesIfExists(join(directory, FOLD));
  if (bytes === null) return { fold: null, foldDamaged: false };
  try {
    return { fold: parseFold(bytes), foldDamaged: false };
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return { fold: null, foldDamaged: true };
  }
}
