import type { ArtifactEntry } from "../../store-format/index.js";
import type { Fields } from "./fields.js";
import type { JsonInput } from "./json.js";

/**
 * A `FileInfo` message. The path is whatever the remote says: check it before anything is written to it. Servers tell the
 * size of a directory as absent or 0.
 */
export function parseFileInfo(fields: Fields): ArtifactEntry {
  const isDir = fields.boolean("is_dir") ?? false;
  return { path: fields.requiredString("path"), isDir, size: isDir ? null : parseSize(fields) };
}

function parseSize(fields: Fields): number {
  const size = fields.integer("file_size") ?? 0;
  if (typeof size === "number" && size >= 0) return size;
  throw fields.wrong("file_size", "a number of bytes");
}

export function serializeFileInfo({ path, isDir, size }: ArtifactEntry): JsonInput {
  return { path, is_dir: isDir, file_size: size ?? undefined };
}
