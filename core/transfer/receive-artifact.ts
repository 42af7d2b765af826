/**
 * The bytes of one artifact on their way in. They are hashed while they are written and appear only when they are those
 * that the document promised. A large one is gathered in `incoming/<sha256>.part`, which stays when the transfer is broken
 * off: the next one asks for the rest only.
 */
import { createHash, type Hash } from "node:crypto";
import { dirname, join } from "node:path";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import {
  assertNoLinkBetween,
  copyHashed,
  ensureDirectory,
  type HashedFile,
  linkOrMove,
  NewFile,
  objectPath,
  readBlocks,
  readOwnBlocks,
  removeFile,
  removeIfEmpty,
  statIfExists,
} from "../fs/index.js";
import { processOwner, takeExclusive } from "../leases/index.js";
import { incomingPath, objectsPath, type StorePaths } from "../store/layout.js";
import type { ArtifactHead } from "./run-document.js";

/** From this size on (bytes) a transfer that is broken off is gone on with. */
export const RESUMED_FROM_BYTES = 8 * 1_048_576;

/** A file of this machine, or bytes as they come. */
export type ArtifactBytes = { readonly file: string } | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Gives the bytes of an artifact from `start` on (0 unless a part of it is here already); null when they are not to be had
 * or not wanted: then the artifact is recorded as absent.
 */
export type ArtifactSource = (
  head: ArtifactHead,
  start: number,
) => ArtifactBytes | null | Promise<ArtifactBytes | null>;

/**
 * Writes the artifact to `target`, which must not be there; false when there are no bytes for it. Throws DAMAGED for other
 * bytes than those promised, REMOTE_FAILED for fewer, typed I/O errors, and what the source throws.
 */
export async function receiveArtifact(
  paths: StorePaths,
  head: ArtifactHead,
  { source, target, resumedFromBytes = RESUMED_FROM_BYTES }: Way & { readonly resumedFromBytes?: number },
): Promise<boolean> {
  ensureDirectory(dirname(target));
  if (copyOwnObject(paths, head, target)) return true;
  if (head.size < resumedFromBytes) return receiveWhole(head, { source, target });
  const part = join(incomingPath(paths), `${head.sha256}.part`);
  assertNoLinkBetween(paths.workspace ?? paths.root, part);
  const release = claimPart(part);
  // Somebody else gathers the same bytes: ours go straight to their place.
  if (release === null) return receiveWhole(head, { source, target });
  try {
    return await receivePart(head, { source, target, part });
  } finally {
    release();
    removeIfEmpty(dirname(part));
  }
}

/** The workspace may have the bytes as an object; one that is damaged is passed over. */
function copyOwnObject(paths: StorePaths, head: ArtifactHead, target: string): boolean {
  const objects = objectsPath(paths);
  const object = objects === null ? null : objectPath(objects, head.sha256);
  if (object === null || statIfExists(object)?.size !== head.size) return false;
  if (copyHashed(object, target).sha256 === head.sha256) return true;
  removeFile(target);
  return false;
}

function claimPart(part: string): (() => void) | null {
  ensureDirectory(dirname(part), true);
  try {
    return takeExclusive(`${part}.claim`, processOwner(""), {
      what: "the receiving of this artifact",
      hintSilent: "",
    });
  } catch (error) {
    if (isRunstoneError(error, "LEASE_HELD")) return null;
    throw error;
  }
}

interface Way {
  readonly source: ArtifactSource;
  readonly target: string;
}

async function receiveWhole(head: ArtifactHead, { source, target }: Way): Promise<boolean> {
  const bytes = await source(head, 0);
  if (bytes === null) return false;
  try {
    if ("file" in bytes) checkHash(head, copyHashed(bytes.file, target));
    else {
      const gathered = new Gathered(head);
      await gather(NewFile.create(target), gathered, bytes);
      gathered.check();
    }
  } catch (error) {
    removeFile(target);
    throw error;
  }
  return true;
}

async function receivePart(head: ArtifactHead, way: Way & { readonly part: string }): Promise<boolean> {
  const { target, part } = way;
  try {
    if (!(await completePart(head, way))) return false;
  } catch (error) {
    // Other bytes than promised: not even the beginning can be trusted.
    if (isRunstoneError(error, "DAMAGED")) removeFile(part);
    throw error;
  }
  // The part stays until what it became is published: see `dropParts`.
  linkOrMove(part, target);
  return true;
}

async function completePart(
  head: ArtifactHead,
  { source, part }: Way & { readonly part: string },
): Promise<boolean> {
  const gathered = new Gathered(head);
  if ((statIfExists(part)?.size ?? 0) > head.size) removeFile(part);
  if (statIfExists(part) !== null) for (const block of readOwnBlocks(part)) gathered.add(block);
  if (gathered.size < head.size) {
    const bytes = await source(head, gathered.size);
    if (bytes === null) return false;
    await gather(
      NewFile.extend(part),
      gathered,
      "file" in bytes ? readBlocks(bytes.file, gathered.size) : bytes,
    );
  }
  gathered.check();
  return true;
}

/** Call when the artifacts are published: their parts have done their work. */
export function dropParts(paths: StorePaths, artifacts: readonly ArtifactHead[]): void {
  const incoming = incomingPath(paths);
  if (statIfExists(incoming)?.kind !== "directory") return;
  for (const { sha256 } of artifacts) dropPart(join(incoming, `${sha256}.part`));
  removeIfEmpty(incoming);
}

function dropPart(part: string): void {
  const release = statIfExists(part) === null ? null : claimPart(part);
  if (release === null) return;
  try {
    removeFile(part);
  } finally {
    release();
  }
}

class Gathered {
  readonly #head: ArtifactHead;
  readonly #hash: Hash = createHash("sha256");
  size = 0;

  constructor(head: ArtifactHead) {
    this.#head = head;
  }

  add(block: Uint8Array): void {
    this.size += block.length;
    if (this.size > this.#head.size) throw differs(this.#head, `has more than ${this.#head.size} bytes`);
    this.#hash.update(block);
  }

  check(): void {
    if (this.size < this.#head.size) throw endedEarly(this.#head, this.size);
    checkHash(this.#head, { size: this.size, sha256: this.#hash.digest("hex") });
  }
}

async function gather(
  file: NewFile,
  gathered: Gathered,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  try {
    for await (const block of bytes) {
      gathered.add(block);
      file.write(block);
    }
  } catch (error) {
    file.closeQuietly();
    throw error;
  }
  file.close();
}

function checkHash(head: ArtifactHead, found: HashedFile): void {
  if (found.size !== head.size) throw differs(head, `has ${found.size} bytes, not ${head.size}`);
  if (found.sha256 !== head.sha256) throw differs(head, `has the hash ${found.sha256}, not ${head.sha256}`);
}

function differs({ path, sha256 }: ArtifactHead, how: string): RunstoneError {
  return new RunstoneError("DAMAGED", `what came as the artifact ${JSON.stringify(path)} ${how}`, {
    hint: "Nothing of it was kept. Check the run where it comes from: runstone fsck --verify",
    data: { path, sha256 },
  });
}

function endedEarly({ path, size }: ArtifactHead, found: number): RunstoneError {
  return new RunstoneError(
    "REMOTE_FAILED",
    `the artifact ${JSON.stringify(path)} ended after ${found} of ${size} bytes`,
    { hint: "Repeat: what came is kept, and the rest is asked for.", data: { path, found, size } },
  );
}
