/** What a snapshot is, and what may go into one. */

export interface SnapshotLimits {
  /** A larger file stays out. */
  readonly maxFileBytes: number;
  /** Untracked files; further ones stay out. */
  readonly maxFiles: number;
  /** Changed content in all; what goes beyond stays out. */
  readonly maxBytes: number;
}

export const DEFAULT_SNAPSHOT_LIMITS: SnapshotLimits = {
  maxFileBytes: 10 * 1024 * 1024,
  maxFiles: 1000,
  maxBytes: 100 * 1024 * 1024,
};

/**
 * `size`, `count`, `total`: one of the limits. `credential-file`: by its name. `secret`: by its content. `repository`: a
 * repository of its own that is no submodule. `submodule`: a submodule's changes that are in none of its commits. `lfs`:
 * the pointer is in, the content is in no commit. `filter`: a filter of the user's turns the content into something else.
 * `unreadable`: it could not be read, or is no file.
 */
export type LeftOutReason =
  | "size"
  | "count"
  | "total"
  | "credential-file"
  | "secret"
  | "repository"
  | "submodule"
  | "lfs"
  | "filter"
  | "unreadable";

export interface LeftOut {
  /** From the root of the work tree, `/` between components; bytes that are no UTF-8 as U+FFFD, secrets replaced. */
  readonly path: string;
  readonly reason: LeftOutReason;
  /** Bytes, where known. */
  readonly size?: number;
  /** Which rule saw a secret, or the name of the filter. */
  readonly rule?: string;
}

export interface LfsFile {
  readonly path: string;
  /** SHA-256 of the content. */
  readonly oid: string;
  readonly size: number;
  /** Git LFS has the content here. */
  readonly stored: boolean;
}

export interface SubmoduleCommit {
  readonly path: string;
  readonly commit: string;
}

export interface Snapshot {
  /** HEAD's commit itself when the work tree is as HEAD. */
  readonly commit: string;
  /** Nothing that belongs to the code was left out. */
  readonly complete: boolean;
  /** At most {@link MAX_LISTED}. */
  readonly leftOut: readonly LeftOut[];
  /** How many were left out in all, as far as was looked. */
  readonly leftOutCount: number;
  /** Submodules at another commit than HEAD records. */
  readonly submodules: readonly SubmoduleCommit[];
  /** Changed files of Git LFS. */
  readonly lfs: readonly LfsFile[];
}

export const MAX_LISTED = 1000;

/** Of a work tree that is as HEAD: no object is made. */
export function snapshotOfHead(commit: string): Snapshot {
  return { commit, complete: true, leftOut: [], leftOutCount: 0, submodules: [], lfs: [] };
}
