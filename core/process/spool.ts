/**
 * Spool files: what a child prints goes straight into files that nobody else writes, and a wrapper follows them. A
 * wrapper that is stopped or killed neither blocks nor breaks the child, and what was printed stays for
 * `console-recovery.ts` to take up.
 *
 * They lie outside the store, on a local disk, in a directory of mode 0700 that only this user can read:
 * `<base>/runstone-<uid>/<run id>-<random>/` with `stdout`, `stderr` (0600), `spool.json` and the marks of what the run
 * has. So a full store never fails a `print` of the child, and what was not redacted never lies in a store. A spool is
 * removed when the run has all of it.
 */
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import { errnoOf, fileError, randomHex, readBytesIfExists, replaceFile } from "../fs/index.js";

export type StreamName = "stdout" | "stderr";
export const STREAMS: readonly StreamName[] = ["stdout", "stderr"];

/** What recovery needs to know; written before the child starts. */
export interface SpoolFacts {
  readonly runId: string;
  /** Absolute path of the store's root. */
  readonly root: string;
  readonly host: string;
  /** The working directory of the child. */
  readonly cwd: string;
  /** The `--capture` patterns. */
  readonly capture: readonly string[];
  /** The names of the logs among the artifacts, by stream. */
  readonly logs: Readonly<Record<StreamName, string>>;
  /** The child, when it has started: while it lives, more may come. */
  readonly child?: { readonly pid: number; readonly start: string | null };
}

export interface Spool {
  /** Absolute path of the directory. */
  readonly path: string;
  readonly facts: SpoolFacts;
}

const FACTS = "spool.json";
const FORMAT = 1;

/** Makes a spool below `base` (an existing directory of a local disk). Throws typed errors. */
export function createSpool(base: string, facts: SpoolFacts): Spool {
  const path = join(privateDirectory(base), `${facts.runId}-${randomHex(4)}`);
  attempt("make the spool", path, () => mkdirSync(path, { mode: 0o700 }));
  const spool = { path, facts };
  writeFacts(spool);
  return spool;
}

/** Opens the file of a stream for the child to append to. The caller closes it once the child has it. */
export function openSpoolFile(spool: Spool, stream: StreamName): number {
  const path = spoolFile(spool, stream);
  return attempt("create", path, () => openSync(path, "ax", 0o600));
}

export function spoolFile(spool: Spool, stream: StreamName): string {
  return join(spool.path, stream);
}

/** Adds the child that has started. */
export function noteChild(spool: Spool, child: NonNullable<SpoolFacts["child"]>): Spool {
  const noted = { path: spool.path, facts: { ...spool.facts, child } };
  writeFacts(noted);
  return noted;
}

/**
 * The spools of a run (of every run without one) that this user left below `base`. One that cannot be read hides no
 * other: `onUnreadable` is told; without it the error is thrown.
 */
export function findSpools(base: string, runId = "", onUnreadable = raise): readonly Spool[] {
  const home = join(base, homeName());
  const found: Spool[] = [];
  for (const name of names(home)) {
    if (!name.startsWith(runId === "" ? "" : `${runId}-`)) continue;
    try {
      const spool = readSpool(join(home, name));
      if (spool !== null) found.push(spool);
    } catch (error) {
      onUnreadable(error);
    }
  }
  return found;
}

function raise(error: unknown): void {
  throw error;
}

/** Removes a spool that the run has all of. A program that still holds a file of it open writes on into nothing. */
export function removeSpool(spool: Spool): void {
  attempt("remove", spool.path, () => rmSync(spool.path, { recursive: true, force: true }));
}

/** Writes a small JSON file of a spool; a reader sees the old or the new one. */
export function writeSpoolJson(spool: Spool, name: string, value: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  replaceFile(join(spool.path, name), bytes, { temporaryIn: spool.path, sync: false });
}

/** Reads one; null when there is none. Throws `DAMAGED` for one that is no JSON object. */
export function readSpoolJson(path: string): Readonly<Record<string, unknown>> | null {
  const bytes = readBytesIfExists(path);
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw new RunstoneError("DAMAGED", `${path} is no JSON`, { data: { path }, cause });
  }
  throw new RunstoneError("DAMAGED", `${path} is no JSON object`, { data: { path } });
}

function writeFacts(spool: Spool): void {
  writeSpoolJson(spool, FACTS, { format: FORMAT, ...spool.facts });
}

function readSpool(path: string): Spool | null {
  const facts = readSpoolJson(join(path, FACTS));
  if (facts === null) return null;
  if (facts.format !== FORMAT) {
    throw new RunstoneError("FORMAT_TOO_NEW", `${path} was written by a newer Runstone`, { data: { path } });
  }
  return { path, facts: facts as unknown as SpoolFacts };
}

function homeName(): string {
  return `runstone-${process.getuid?.() ?? "user"}`;
}

/** `<base>/runstone-<uid>`, if it is this user's alone; else (somebody else made it) a new directory of a random name. */
function privateDirectory(base: string): string {
  const path = join(base, homeName());
  return attempt("make the spool directory", path, () => {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    if (isOurs(path)) return path;
    const other = mkdtempSync(`${path}-`);
    chmodSync(other, 0o700);
    return other;
  });
}

function isOurs(path: string): boolean {
  const stat = lstatSync(path);
  const owner = process.getuid?.() ?? stat.uid;
  return stat.isDirectory() && stat.uid === owner && (stat.mode & 0o077) === 0;
}

function names(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw fileError(error, "list", path);
  }
}

function attempt<T>(action: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fileError(error, action, path);
  }
}

/** Closes our copy of a descriptor that the child has. */
export function closeDescriptor(fd: number): void {
  closeSync(fd);
}
