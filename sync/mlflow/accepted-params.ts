/**
 * Params that have another value there, and that is known and accepted: a server changes no param. The tag with both values
 * says so, in the run and there, so that it is known wherever the run goes. Pure.
 */
import type { RunDocument } from "../../core/transfer/index.js";
import type { StringMap } from "../../store-format/index.js";

const PREFIX = "runstone.conflict.param.";

export function conflictTag(key: string): string {
  return PREFIX + key;
}

/** `origin`: the value that the run had here; `remote`: the one there. */
export function serializeConflict(origin: string | null, remote: string | null): string {
  return JSON.stringify({ origin, remote });
}

/** Of params that the run has: key -> the other value. */
export function acceptedParams({ tags, params }: Pick<RunDocument, "tags" | "params">): StringMap {
  const accepted: Record<string, string> = Object.create(null);
  for (const [tag, text] of Object.entries(tags)) {
    const key = tag.startsWith(PREFIX) ? tag.slice(PREFIX.length) : null;
    const remote = key === null || !Object.hasOwn(params, key) ? null : remoteIn(text);
    if (key !== null && remote !== null) accepted[key] = remote;
  }
  return accepted;
}

/** Null for what is no such tag: anybody may have set it. */
function remoteIn(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("remote" in value)) return null;
    return typeof value.remote === "string" ? value.remote : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The values that the server is to have: those that were accepted count where they are there. */
export function withAccepted(params: StringMap, accepted: StringMap, there: StringMap): StringMap {
  const expected: Record<string, string> = Object.assign(Object.create(null), params);
  for (const key of acceptedThere(accepted, params, there)) expected[key] = there[key]!;
  return expected;
}

/** Keys of params that differ and are accepted. */
export function acceptedThere(accepted: StringMap, params: StringMap, there: StringMap): readonly string[] {
  return Object.entries(accepted)
    .filter(([key, value]) => Object.hasOwn(there, key) && there[key] === value)
    .map(([key]) => key)
    .filter((key) => Object.hasOwn(params, key) && params[key] !== there[key]);
}

/** For the receipt. */
export function acceptedSentence(key: string): string {
  return `The param '${key}' has another value there, which was accepted (tag ${conflictTag(key)}).`;
}
