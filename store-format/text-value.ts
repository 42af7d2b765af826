import { decodeUtf8, decodeUtf8Lossy, encodeUtf8 } from "./text.js";

/** The value of a param or tag. */
export interface TextValue {
  readonly value: string;
  /** The bytes as found, only when they are not valid UTF-8; `value` then has U+FFFD in their place. */
  readonly bytes?: Uint8Array;
}

/** The value of a param, tag or alias file: all bytes of it, nothing stripped, a byte-order mark kept. */
export function decodeText(bytes: Uint8Array): TextValue {
  const value = decodeUtf8(bytes);
  return value === undefined ? { value: decodeUtf8Lossy(bytes), bytes } : { value };
}

/** The bytes of a param, tag or alias file. Throws INVALID_PARAMETER_VALUE for a lone surrogate. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encodeUtf8(text);
}
