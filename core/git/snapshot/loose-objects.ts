/**
 * Objects written as Git writes them one by one (gitformat-loose: `<type> <size>\0<bytes>`, deflated, in `objects/ab/c...`,
 * complete by rename). By our own hand, because the bytes that were looked through for secrets have to be the bytes that
 * are kept, and because nothing may enter the repository before.
 */
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, rename, rm, utimes } from "node:fs/promises";
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
  readonly #folders = new Map<string, Promise<void>>();
  #mode: Promise<number> | null = null;

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
    if (await this.#freshen(oid)) return;
    const whole = Buffer.concat([headerOf(type, body), body]);
    const bytes =
      whole.length < SMALL
        ? deflateSync(whole, { level: LEVEL })
        : await deflateAway(whole, { level: LEVEL });
    await this.#put(oid, bytes);
  }

  #pathOf(oid: string): string {
    return join(this.#directory, oid.slice(0, 2), oid.slice(2));
  }

  async #freshen(oid: string): Promise<boolean> {
    const now = new Date();
    try {
      await utimes(this.#pathOf(oid), now, now);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      // Somebody else's file: it is there all the same.
      if ((error as NodeJS.ErrnoException).code === "EPERM") return true;
      throw error;
    }
  }

  async #put(oid: string, bytes: Uint8Array): Promise<void> {
    const folder = join(this.#directory, oid.slice(0, 2));
    await this.#makeFolder(folder);
    // Names that `git prune` takes away when a killed process left them.
    const temporary = join(folder, `tmp_obj_${randomBytes(6).toString("hex")}`);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const file = await open(temporary, flags, 0o444);
    try {
      try {
        await file.writeFile(bytes);
        if (await this.#isShared()) await file.chmod((await this.#directoryMode()) & 0o444);
      } finally {
        await file.close();
      }
      await rename(temporary, this.#pathOf(oid));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  #makeFolder(folder: string): Promise<void> {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const made = this.#make(folder);
    this.#folders.set(folder, made);
    return made;
  }

  async #make(folder: string): Promise<void> {
    try {
      await mkdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
      throw error;
    }
    if (await this.#isShared()) await chmod(folder, (await this.#directoryMode()) & 0o7777);
  }

  /** `core.sharedRepository`: what Git made shows in the object directory, which a group may write. */
  async #isShared(): Promise<boolean> {
    return process.platform !== "win32" && ((await this.#directoryMode()) & 0o020) !== 0;
  }

  #directoryMode(): Promise<number> {
    this.#mode ??= lstat(this.#directory).then(({ mode }) => mode);
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
