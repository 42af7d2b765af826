/** Which files differ between two trees, or between a tree and the work tree, without looking for renames. */
import type { Repository } from "./repository.js";

export interface ChangedFile {
  /** Relative to the directory asked for. */
  readonly path: string;
  /** Object of the file; null: not there. */
  readonly before: string | null;
  readonly after: string | null;
}

/** With one commit: what the work tree has otherwise (`after` of such a file is not known and may be all zeros: null). */
export async function changedFiles(
  repository: Repository,
  commits: readonly string[],
  directory: string,
): Promise<ChangedFile[]> {
  const place = directory === "" ? [] : [`:(top,literal)${directory}`];
  const manner = ["-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=all"];
  const args = ["diff", ...manner, ...commits, "--", ...place];
  const fields = (await repository.git(args)).stdout.toString("utf8").split("\0");
  const files: ChangedFile[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [oldMode = "", newMode = "", before = "", after = ""] = fields[i]!.slice(1).split(" ");
    const path = fields[i + 1]!.slice(directory === "" ? 0 : directory.length + 1);
    if (isFile(oldMode) && isFile(newMode))
      files.push({ path, before: objectOf(before), after: objectOf(after) });
  }
  return files;
}

/** Or nothing: links and submodules are no records. */
function isFile(mode: string): boolean {
  return mode === "100644" || mode === "100755" || mode === "000000";
}

function objectOf(id: string): string | null {
  return /^0+$/.test(id) ? null : id;
}
