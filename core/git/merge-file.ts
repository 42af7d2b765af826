/** One file of a merge, as Git hands it to a merge driver: three files, the result in the second. */
import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { mergeRecordFile, type RecordFileConflict } from "../../store-format/merge/merge-record-file.js";
import { recordFileKind } from "../../store-format/merge/record-file-kind.js";

/** Paths of files; `path` is the one that is merged, relative to the work tree. */
export interface MergeFileOptions {
  readonly base: string;
  /** Gets the result. */
  readonly ours: string;
  readonly theirs: string;
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface MergeFileResult {
  /** False: Git is to say that the path is in conflict. */
  readonly isClean: boolean;
  /** None of a file that is no record: Git's marks are in the file then. */
  readonly conflicts: readonly RecordFileConflict[];
}

/** Merges record files by record, everything else by lines as Git does. Throws what reading and writing the files throws. */
export function mergeFile(options: MergeFileOptions): MergeFileResult {
  const kind = recordFileKind(options.path);
  if (kind === null) return { isClean: mergeByLines(options), conflicts: [] };
  const [base, ours, theirs] = [options.base, options.ours, options.theirs].map((path) =>
    readFileSync(path),
  ) as [Buffer, Buffer, Buffer];
  const merged = mergeRecordFile({
    ...{ kind, path: options.path, ours, theirs },
    // Git gives an empty file where there is no base. An empty base is as good as none: neither side is equal to it here.
    base: base.length === 0 ? null : base,
    sha256: (bytes) => hash("sha256", bytes),
  });
  if (merged.bytes !== ours) writeFileSync(options.ours, merged.bytes);
  return { isClean: merged.conflicts.length === 0, conflicts: merged.conflicts };
}

/** A binary file, which `git merge-file` refuses, stays ours and is a conflict, as with Git's own driver. */
function mergeByLines({ base, ours, theirs, env }: MergeFileOptions): boolean {
  const labels = ["ours", "base", "theirs"].flatMap((label) => ["-L", label]);
  const { status, error } = spawnSync("git", ["merge-file", "-q", ...labels, "--", ours, base, theirs], {
    env: { ...env },
    stdio: ["ignore", "inherit", "ignore"],
    shell: false,
  });
  if (error !== undefined) throw error;
  return status === 0;
}
