/** The artifact that keeps values whole which are cut in params and tags. */
import { createHash } from "node:crypto";
import type { StringMap } from "../../store-format/index.js";
import { LONG_VALUES_PATH } from "./cut-values.js";
import type { OutgoingFile } from "./send-artifacts.js";
import { type LongValues, serializeLongValues } from "./wanted-record.js";

export function outgoingLongValues(values: LongValues): OutgoingFile {
  const bytes = serializeLongValues(values);
  return {
    path: LONG_VALUES_PATH,
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    open: () => ({
      size: bytes.length,
      *blocks(start = 0, end = bytes.length) {
        yield bytes.subarray(start, end);
      },
      close: () => undefined,
    }),
  };
}

/** Undefined for anything else than what {@link outgoingLongValues} writes. */
export function parseLongValues(bytes: Uint8Array): LongValues | undefined {
  const value = parseJson(Buffer.from(bytes).toString("utf8"));
  const params = textsIn(value, "params");
  const tags = textsIn(value, "tags");
  return params === undefined || tags === undefined ? undefined : { params, tags };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function textsIn(value: unknown, name: string): StringMap | undefined {
  const members = isObject(value) ? value[name] : undefined;
  if (!isObject(members)) return undefined;
  const texts: Record<string, string> = Object.create(null);
  for (const [key, text] of Object.entries(members)) {
    if (typeof text !== "string") return undefined;
    texts[key] = text;
  }
  return texts;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
