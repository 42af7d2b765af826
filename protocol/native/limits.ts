/** Caps of the native protocol (PROTOCOL.md, section 3). Whoever gets more than this ends the conversation. */

/** The versions of the protocol that this code speaks. */
export const PROTOCOL_VERSIONS = [1] as const;

/** Bytes of a frame's header: one JSON object. */
export const MAX_FRAME_HEADER_BYTES = 65_536;
/** Bytes of a frame's payload. */
export const MAX_FRAME_PAYLOAD_BYTES = 262_144;
/** Bytes of an item's head: the document of a run with some hundred thousand artifacts. */
export const MAX_ITEM_HEAD_BYTES = 33_554_432;
/** Bytes of an item's data. */
export const MAX_ITEM_DATA_BYTES = 1_048_576;
/** Nesting of maps and lists in a header or head. */
export const MAX_JSON_DEPTH = 16;
/** Bytes of one body that may be on their way before its receiver has said that it wants more. */
export const INITIAL_WINDOW_BYTES = 4_194_304;
/** Requests of one side that may be open at once. */
export const MAX_OPEN_REQUESTS = 64;
/** Entries of one list in a head: heads, hashes, ids. */
export const MAX_LIST_ENTRIES = 1_000;
