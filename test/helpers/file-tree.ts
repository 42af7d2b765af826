import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Path of each entry below `top`, without Git's, with the hash of its bytes; of directories and links with what they are. */
export function fileTree(top: string): Record<string, string> {
  const tree: Record<string, string> = {};
  if (!existsSync(top)) return tree;
  for (const entry of readdirSync(top, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(top, path);
    if (name.split("/")[0] === ".git") continue;
    const isOther = entry.isDirectory() ? "directory" : "other";
    tree[name] = entry.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : isOther;
  }
  return tree;
}
