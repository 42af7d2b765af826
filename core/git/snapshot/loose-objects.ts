/**
 * Objects written as Git writes them one by one (gitformat-loose: `<type> <size>\0<bytes>`, deflated, in `objects/ab/c...`,
 * complete by rename). By our own hand, because the bytes that were looked through for secrets have to be the bytes that
 * are kept, and because nothing may enter the repository before.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflate, deflateSync } from "node:zlib";

export type ObjectType = "blob" | "tree" | "commit";
export type ObjectHash = "sha1" | "sha256";

const deflateAway = promisify(deflate);
/** Below it a thread costs more than it saves. */
const SMALL = 32 * 1024;
/** Git's own level for loose objects (`core.looseCompression`). */
const LEVEL = 1;

export class LooseObjects {
  readonly #directory: string;
  readonly #hash: ObjectHash;
  readonly #folders = new Set<string>();
  #mode: number | null = null;

  /** `directory`: the object directory that all work trees share. */
  constructor(directory: string, hash: ObjectHash) {
    this.#directory = directory;
    this.#hash = hash;
  }

  oidOf(type: ObjectType, body: Uint8Array): string {
    return createHash(this.#hash).update(headerOf(type, body)).update(body).digest("hex");
  }

  /** Keeps the object `oid`, whose bytes these are. One that is there is made young, so that no `git gc` takes it. */
  async write(oid: string, type: ObjectType, body: Uint8Array): Promise<void> {
    if (this.#freshen(oid)) return;
    const whole = Buffer.concat([headerOf(type, body), body]);
    const bytes =
      whole.length < SMALL
        ? deflateSync(whole, { level: LEVEL })
        : await deflateAway(whole, { level: LEVEL });
    this.#put(oid, bytes);
  }

  #pathOf(oid: string): string {
    return join(this.#directory, oid.slice(0, 2), oid.slice(2));
  }

  #freshen(oid: string): boolean {
    const now = new Date();
    try {
      utimesSync(this.#pathOf(oid), now, now);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      // Somebody else's file: it is there all the same.
      if ((error as NodeJS.ErrnoException).code === "EPERM") return true;
      throw error;
    }
  }

  /** At once: to hand each small step to a thread takes longer than the step, and the run waits. */
  #put(oid: string, bytes: Uint8Array): void {
    const folder = join(this.#directory, oid.slice(0, 2));
    this.#makeFolder(folder);
    // Names that `git prune` takes away when a killed process left them.
    const temporary = join(folder, `tmp_obj_${randomBytes(6).toString("hex")}`);
    try {
      writeFileSync(temporary, bytes, { flag: "wx", mode: 0o444 });
      if (this.#isShared()) chmodSync(temporary, this.#directoryMode() & 0o444);
      renameSync(temporary, this.#pathOf(oid));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  #makeFolder(folder: string): void {
    if (this.#folders.has(folder)) return;
    this.#folders.add(folder);
    try {
      mkdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
      throw error;
    }
    if (this.#isShared()) chmodSync(folder, this.#directoryMode() & 0o7777);
  }

  /** `core.sharedRepository`: what Git made shows in the object directory, which a group may write. */
  #isShared(): boolean {
    return process.platform !== "win32" && (this.#directoryMode() & 0o020) !== 0;
  }

  #directoryMode(): number {
    this.#mode ??= lstatSync(this.#directory).mode;
    return this.#mode;
  }
}

function headerOf(type: ObjectType, body: Uint8Array): Buffer {
  return Buffer.from(`${type} ${body.length}\0`, "latin1");
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}
