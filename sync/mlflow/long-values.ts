/** The artifact that keeps values whole which are cut in params and tags. */
import { createHash } from "node:crypto";
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
