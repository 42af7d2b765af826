/** Answers about runs, one item each: what was asked for, or the error in its place (PROTOCOL.md, section 6). */
import type { RunstoneError } from "../../store-format/index.js";
import { errorHeader, parseError } from "./error-frame.js";
import { type Item, serializeItem } from "./items.js";
import { asObject, Members } from "./json.js";
import { runIdOf } from "./run-document.js";

/** About one run; `error`: why there is nothing else. */
export function serializeFailure(runId: string, error: RunstoneError): Uint8Array {
  return serializeItem({ runId, error: errorHeader(error) });
}

/** The error of an item that is one; null for any other item. Throws REMOTE_FAILED. */
export function parseFailure({
  head,
}: Item): { readonly runId: string; readonly error: RunstoneError } | null {
  const members = new Members(head, "item");
  if (!members.has("error")) return null;
  const error = parseError(asObject(members.raw("error"), "error"));
  return { runId: runIdOf(members.raw("runId")), error };
}
