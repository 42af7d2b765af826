/** Page tokens as MLflow's file store makes them: base64 of the JSON text `{"offset": 100}`. */
import { RunstoneError } from "../../store-format/index.js";

const TOKEN = /^\{"offset": ?([1-9][0-9]{0,14})\}$/;

/** The offset of a page token; 0 for none. Throws `INVALID_PARAMETER_VALUE` for a text that is no page token. */
export function parsePageToken(token: string | undefined): number {
  if (token === undefined || token === "") return 0;
  const text = Buffer.from(token, "base64").toString("utf8");
  const offset = TOKEN.exec(text)?.[1];
  if (offset !== undefined) return Number(offset);
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `not a page token: ${JSON.stringify(token.slice(0, 80))}`,
    {
      hint: "Give the token of the page before, unchanged, or none for the first page.",
    },
  );
}

/** `offset` is at least 1. */
export function serializePageToken(offset: number): string {
  return Buffer.from(`{"offset": ${offset}}`, "utf8").toString("base64");
}
