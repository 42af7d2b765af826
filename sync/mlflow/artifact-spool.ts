/**
 * Bytes of artifacts on their way in. A server tells no hashes, so the bytes come first: small ones into memory, the others
 * into files beside the remote's state, where only the holder of its claim writes; what a crash leaves there, the next pull removes.
 */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { listDirectory, NewFile, removeFile, removeIfEmpty } from "../../core/fs/index.js";
import type { ArtifactBytes, ArtifactHead } from "../../core/transfer/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { MlflowCalls } from "./calls.js";

/** Bytes of one run that are kept in memory at once. */
const MEMORY_OF_A_RUN = 1_048_576;

export interface DownloadedArtifact {
  readonly size: number;
  readonly sha256: string;
  readonly bytes: ArtifactBytes;
}

/** Where artifacts of one run come from. */
export interface Spool {
  /**
   * `path`: below the proxy's root; `size`: what the listing says; `own`: what is here under its name. Throws REMOTE_FAILED
   * for other than so many bytes, and what the server says.
   */
  download(path: string, size: number, own?: ArtifactHead): Promise<DownloadedArtifact>;
  /** As `download`, of what is read for its content. */
  read(path: string, size: number): Promise<DownloadedArtifact>;
  clear(): void;
}

/** Of one pull. */
export function spoolDirectory(stateDirectory: string): string {
  return join(stateDirectory, "incoming");
}

/** What an earlier pull left. */
export function clearSpool(stateDirectory: string): void {
  const directory = spoolDirectory(stateDirectory);
  for (const { name } of listDirectory(directory) ?? []) removeFile(join(directory, name));
  removeIfEmpty(directory);
}

/** Of one run. */
export class ArtifactSpool implements Spool {
  readonly #calls: MlflowCalls;
  readonly #directory: string;
  readonly #files: string[] = [];
  #inMemory = 0;

  constructor(calls: MlflowCalls, stateDirectory: string) {
    this.#calls = calls;
    this.#directory = spoolDirectory(stateDirectory);
  }

  read(path: string, size: number): Promise<DownloadedArtifact> {
    return this.download(path, size);
  }

  async download(path: string, size: number): Promise<DownloadedArtifact> {
    const isSmall = this.#inMemory + size <= MEMORY_OF_A_RUN;
    if (isSmall) this.#inMemory += size;
    return isSmall ? this.#intoMemory(path, size) : this.#intoFile(path, size);
  }

  clear(): void {
    for (const path of this.#files.splice(0)) removeFile(path);
    removeIfEmpty(this.#directory);
  }

  async #intoMemory(path: string, size: number): Promise<DownloadedArtifact> {
    const blocks: Uint8Array[] = [];
    const sha256 = await this.#receive(path, size, (block) => void blocks.push(block.slice()));
    return { size, sha256, bytes: blocks };
  }

  async #intoFile(path: string, size: number): Promise<DownloadedArtifact> {
    const target = join(this.#directory, `${randomBytes(12).toString("hex")}.part`);
    this.#files.push(target);
    const file = NewFile.create(target);
    try {
      const sha256 = await this.#receive(path, size, (block) => file.write(block));
      file.close();
      return { size, sha256, bytes: { file: target } };
    } catch (error) {
      file.closeQuietly();
      throw error;
    }
  }

  async #receive(path: string, size: number, keep: (block: Uint8Array) => void): Promise<string> {
    const hash = createHash("sha256");
    let received = 0;
    for await (const block of this.#calls.download(path)) {
      received += block.length;
      if (received > size) throw otherSize(path, size, "more");
      hash.update(block);
      keep(block);
    }
    if (received < size) throw otherSize(path, size, String(received));
    return hash.digest("hex");
  }
}

function otherSize(path: string, size: number, found: string): RunstoneError {
  return new RunstoneError(
    "REMOTE_FAILED",
    `the artifact ${JSON.stringify(path)} has ${size} bytes by the server's listing, but ${found} came`,
    { hint: "It may be written there just now: pull again.", data: { path, size } },
  );
}
