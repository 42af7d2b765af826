/** Errors on the wire: `code`, `message`, `hint` and `data` of a RunstoneError. */
import { ERROR_CODES, isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { asObject, type JsonObject, Members, serializeJson } from "./json.js";
import { MAX_FRAME_HEADER_BYTES } from "./limits.js";

const MAX_MESSAGE = 4_000;

/** The header of an error frame. Other errors than RunstoneError become IO_ERROR with their message. */
export function errorHeader(error: unknown): JsonObject {
  const known = isRunstoneError(error) ? error : new RunstoneError("IO_ERROR", messageOf(error));
  const header = { code: known.code, message: known.message.slice(0, MAX_MESSAGE) };
  const whole = { ...header, ...(known.hint === undefined ? {} : { hint: known.hint }), data: known.data };
  return fits(whole) ? whole : header;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fits(header: JsonObject): boolean {
  try {
    return serializeJson(header).length <= MAX_FRAME_HEADER_BYTES;
  } catch {
    // `data` is for machines and may hold what JSON cannot; the message goes out without it.
    return false;
  }
}

/** The error that the other side sent: its code when we know it, else REMOTE_FAILED. Texts lose their control characters. */
export function parseError(header: JsonObject): RunstoneError {
  const members = new Members(header, "error");
  const said = members.text("code");
  const code = ERROR_CODES.find((known) => known === said) ?? "REMOTE_FAILED";
  const hint = members.textOrNull("hint");
  return new RunstoneError(code, plain(members.text("message")), {
    ...(hint === null ? {} : { hint: plain(hint) }),
    data: { ...asObject(members.raw("data") ?? {}, "error.data"), remote: true },
  });
}

function plain(text: string): string {
  return text.slice(0, MAX_MESSAGE).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "?");
}
