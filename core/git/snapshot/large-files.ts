/** Files of Git LFS: the pointer as its clean filter makes it (git-lfs-spec), without starting it. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "../repository.js";
import type { WorkFiles } from "./work-files.js";

export interface Pointer {
  readonly oid: string;
  readonly size: number;
}

/** A larger file is not hashed while a run waits. */
export const MAX_HASHED_BYTES = 1024 * 1024 * 1024;
/** The specification's own limit for a pointer. */
export const MAX_POINTER_BYTES = 1024;

export function parsePointer(bytes: Buffer): Pointer | null {
  if (bytes.length >= MAX_POINTER_BYTES) return null;
  const text = bytes.toString("latin1");
  const match =
    /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-.*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n$/.exec(
      text,
    );
  return match === null ? null : { oid: match[1] ?? "", size: Number(match[2]) };
}

export function serializePointer({ oid, size }: Pointer): Buffer {
  return Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`);
}

export async function pointerOf(files: WorkFiles, path: string): Promise<Pointer> {
  const hash = createHash("sha256");
  let size = 0;
  await files.stream(path, (piece) => {
    hash.update(piece);
    size += piece.length;
  });
  return { oid: hash.digest("hex"), size };
}

/** Git LFS keeps what was committed or fetched here. */
export function isStoredHere(repository: Repository, { oid }: Pointer): boolean {
  return existsSync(join(repository.commonDir, "lfs/objects", oid.slice(0, 2), oid.slice(2, 4), oid));
}
