/** Logged models and their files on the wire (PROTOCOL.md, section 9). */
import { isModelId } from "../../store-format/index.js";
import { type Item, serializeItem } from "./items.js";
import { asList, Members, protocolError } from "./json.js";
import { MAX_LIST_ENTRIES } from "./limits.js";
import { parseArtifact, type WireArtifact } from "./run-document.js";

/** Bytes of fields in one list of entries: one entry may be larger, and is then alone. */
export const CATALOG_LIST_BYTES = 4_194_304;

/** Throws REMOTE_FAILED. */
export function parseModelIds({ head }: Item): readonly string[] {
  return asList(head, "models", MAX_LIST_ENTRIES).map((value) => {
    if (typeof value === "string" && isModelId(value)) return value;
    throw protocolError(`${JSON.stringify(String(value).slice(0, 100))} is no id of a logged model`);
  });
}

/** Files of a logged model, some hundred in an item. */
export function serializeFiles(files: readonly WireArtifact[]): Uint8Array {
  return serializeItem({ files });
}

/** Throws REMOTE_FAILED, also for a path that leads out. */
export function parseFiles({ head }: Item): readonly WireArtifact[] {
  return new Members(head, "files").list("files", MAX_LIST_ENTRIES).map(parseArtifact);
}

export function isFiles({ head }: Item): boolean {
  return new Members(head, "item").has("files");
}
