/** Reading bytes from a server that may break off: what was read is not read again by the caller. */
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { HttpClient } from "../http/http-client.js";
import type { Download, HttpRequest } from "../http/http-request.js";

/** `[start, end)`; default: everything. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

export interface RangeRead {
  readonly request: HttpRequest;
  /** Bytes of the whole; null when it is not known. */
  readonly size: number | null;
  readonly range: ByteRange;
  /** How messages call it. */
  readonly what: string;
}

/**
 * Yields the bytes of a range. After a break it goes on where it was, by asking for the rest, or by leaving out what came
 * before when the server sends everything. Rejects REMOTE_FAILED when what is read is not what was listed, or changed.
 */
export async function* readRange(client: HttpClient, read: RangeRead): AsyncGenerator<Uint8Array> {
  const { size, range } = read;
  const end = Math.min(range.end ?? Number.POSITIVE_INFINITY, size ?? Number.POSITIVE_INFINITY);
  let at = range.start ?? 0;
  let version: string | null = null;
  for (let breaks = 0; at < end; ) {
    const download = await client.download({ ...read.request, start: at });
    if (version !== null && download.version !== version) throw changed(download, read);
    version = download.version;
    const before = at;
    try {
      for await (const piece of pieces(download, at, end)) {
        at += piece.length;
        yield piece;
      }
      if (at < end && size !== null) throw cut(read, at);
      return;
    } catch (error) {
      if (!isRunstoneError(error, "REMOTE_UNREACHABLE")) throw error;
      breaks = at > before ? 0 : breaks + 1;
      if (breaks > client.settings.maxRetries) throw error;
      client.counters.retries += 1;
    }
  }
}

/** The part of a body that lies in `[from, end)`. */
async function* pieces(download: Download, from: number, end: number): AsyncGenerator<Uint8Array> {
  let at = download.start;
  for await (const chunk of download.body) {
    const piece = chunk.subarray(Math.max(0, from - at), Math.max(0, end - at));
    at += chunk.length;
    if (piece.length > 0) yield piece;
    if (at >= end) break;
  }
}

function changed(download: Download, { what }: RangeRead): RunstoneError {
  download.discard();
  return new RunstoneError("REMOTE_FAILED", `${what} changed while it was read`, { hint: "Read it again." });
}

function cut({ what, size }: RangeRead, at: number): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", `${what} has ${at} bytes, but is listed with ${size}`, {
    hint: "It may be changing, or the server keeps half of it. Try again, and look at it on the server.",
    data: { size, found: at },
  });
}
