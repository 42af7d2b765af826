/** Making a whole tree durable: many fsyncs at once share the work of the disk. */
import { join } from "node:path";
import { fileError, guarded } from "./failures.js";
import * as ops from "./operations.js";
import { listDirectory } from "./read.js";
import { closeQuietly } from "./write-whole.js";

/** Descriptors open at a time, however many trees are made durable beside each other. */
const AT_ONCE = 64;
let open = 0;
const waiting: (() => void)[] = [];

/** Waits for a descriptor that may be opened; {@link giveSlot} gives it back. */
async function takeSlot(): Promise<void> {
  if (open >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else open += 1;
}

/** Who waits longest is next, with this slot. */
function giveSlot(): void {
  const next = waiting.shift();
  if (next === undefined) open -= 1;
  else next();
}

/** Makes every file and directory of a tree durable that nobody else writes to; links are passed over. Throws typed errors. */
export async function syncTree(directory: string): Promise<void> {
  const entries = [...entriesOf(directory)];
  for (let at = 0; at < entries.length; at += AT_ONCE)
    await settleAll(entries.slice(at, at + AT_ONCE).map((entry) => syncEntry(entry)));
}

/** Makes the entries of one directory durable, in the background. */
export async function syncDirectoryLater(path: string): Promise<void> {
  await syncEntry({ path, isDirectory: true });
}

/** Makes a file's bytes durable, in the background. */
export async function syncFileLater(path: string): Promise<void> {
  await syncEntry({ path, isDirectory: false });
}

interface Entry {
  readonly path: string;
  readonly isDirectory: boolean;
}

function* entriesOf(directory: string): Generator<Entry> {
  for (const entry of listDirectory(directory) ?? []) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* entriesOf(path);
    else if (entry.isFile()) yield { path, isDirectory: false };
  }
  yield { path: directory, isDirectory: true };
}

/** All of them end before the first failure is told: no descriptor outlives the call. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function syncEntry({ path, isDirectory }: Entry): Promise<void> {
  // Windows cannot make the entries of a directory durable.
  if (isDirectory && process.platform === "win32") return;
  await takeSlot();
  try {
    await syncOpened({ path, isDirectory });
  } finally {
    giveSlot();
  }
}

async function syncOpened({ path, isDirectory }: Entry): Promise<void> {
  const fd = guarded("open", path, () => ops.open(path, isDirectory ? "r" : ops.READ_NO_FOLLOW));
  try {
    await ops.fsyncLater(fd, path, isDirectory ? "fsyncdir" : "fsync");
  } catch (error) {
    if (!isDirectory || !ops.cannotSyncDirectories(error)) throw fileError(error, "fsync", path);
  } finally {
    closeQuietly(fd, path);
  }
}
