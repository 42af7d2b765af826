/** Disks that are small or read-only: mounts of this machine, which need root. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a tmpfs hands out at a time. */
export const PAGE = 4096;

function mount(...args: readonly string[]): boolean {
  return process.platform === "linux" && spawnSync("mount", args).status === 0;
}

/** Why nothing can be mounted here, said once; under CI=true that is a failure. */
export function whyNoMounts(): string | false {
  const place = mkdtempSync(join(tmpdir(), "runstone-mount-"));
  const able = mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", place);
  if (able) spawnSync("umount", [place]);
  rmSync(place, { recursive: true, force: true });
  if (able) return false;
  const reason = "DISK TESTS SKIPPED: a small tmpfs cannot be mounted here (they need Linux and root)";
  console.error(reason);
  assert.notEqual(process.env.CI, "true", reason);
  return reason;
}

export interface DiskSize {
  /** As tmpfs takes it, `"1m"`. */
  readonly size: string;
  readonly inodes?: number;
}

/** A file system of a few pages or inodes that can be filled up to a given rest. */
export class SmallDisk {
  /** The mount point. */
  readonly path: string;
  /** A directory for a workspace. */
  readonly workspace: string;
  readonly #ballast: string;

  constructor({ size, inodes }: DiskSize) {
    this.path = mkdtempSync(join(tmpdir(), "runstone-crash-"));
    this.workspace = join(this.path, "w");
    this.#ballast = join(this.path, "ballast");
    const limits = inodes === undefined ? `size=${size}` : `size=${size},nr_inodes=${inodes}`;
    assert.ok(mount("-t", "tmpfs", "-o", limits, "tmpfs", this.path), "the disk is not mounted");
  }

  get freePages(): number {
    return statfsSync(this.path).bavail;
  }

  get freeInodes(): number {
    return statfsSync(this.path).ffree;
  }

  /** Leaves `pages` free. */
  fill(pages: number): void {
    this.empty();
    const fd = openSync(this.#ballast, "w");
    const count = this.freePages - pages;
    for (let page = 0; page < count; page += 1) writeSync(fd, Buffer.alloc(PAGE, 1));
    closeSync(fd);
    assert.equal(this.freePages, pages);
  }

  /** Leaves `inodes` free. */
  fillInodes(inodes: number): void {
    this.empty();
    mkdirSync(this.#ballast);
    const count = this.freeInodes - inodes;
    for (let n = 0; n < count; n += 1) writeFileSync(join(this.#ballast, String(n)), "");
    assert.equal(this.freeInodes, inodes);
  }

  /** Takes the ballast away. */
  empty(): void {
    rmSync(this.#ballast, { recursive: true, force: true });
  }

  remove(): void {
    spawnSync("umount", ["-l", this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Shows a directory at another place, where nothing can be written. Returns that place and what takes it away. */
export function mountReadOnly(directory: string): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "runstone-readonly-"));
  assert.ok(mount("--bind", directory, path) && mount("-o", "remount,bind,ro", path), "not mounted");
  return {
    path,
    remove() {
      spawnSync("umount", ["-l", path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
