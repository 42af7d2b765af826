/** The `.gitignore` of a run that is no longer live: the artifacts too large for Git. The manifest is their pointer. */
import { join } from "node:path";
import { encodeText, type ManifestFile } from "../../../store-format/index.js";
import { removeFile, replaceFile } from "../../fs/index.js";
import type { StoreContext } from "../context.js";

/** Writes the file, or removes it when there is nothing to leave out. */
export function writeRunIgnore(
  context: StoreContext,
  directory: string,
  files: readonly ManifestFile[],
): void {
  const large = files.filter(
    (file) => file.kind === "artifact" && file.size > context.artifactPolicy.gitMaxBytes,
  );
  const path = join(directory, ".gitignore");
  if (large.length === 0) {
    removeFile(path);
    return;
  }
  const lines = large.map((file) => `/${escapePattern(file.path)}\n`).join("");
  replaceFile(path, encodeText(lines), { temporaryIn: directory, sync: false });
}

/** A path as a gitignore pattern that matches just it (gitignore(5)). */
function escapePattern(path: string): string {
  return path.replace(/[\\*?[\]!# ]/g, (character) => `\\${character}`);
}
