/** What is asked of an HTTP server, and what it gives. */
import type { JsonInput } from "../../protocol/mlflow/index.js";

export type QueryValue = string | number | bigint | boolean | readonly string[] | undefined;

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Begins with `/`, percent-encoded, below the settings' URL. */
  readonly path: string;
  /** How messages call it: `POST mlflow/runs/create`. */
  readonly endpoint: string;
  /** `undefined` is left out, a list becomes several entries. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  /**
   * False: doing it twice is not the same as once. Then it is tried again only when the server surely did nothing. Default:
   * true.
   */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal;
}

export interface JsonRequest extends HttpRequest {
  readonly body?: JsonInput;
}

export interface UploadRequest extends HttpRequest {
  /** Opens the content from its beginning; called once per try. */
  readonly content: () => AsyncIterable<Uint8Array>;
  /** Bytes; null when it is not known. */
  readonly size: number | null;
  readonly contentType?: string;
}

export interface DownloadRequest extends HttpRequest {
  /** First byte wanted. The answer says whether the server heeded it. */
  readonly start?: number;
}

export interface Download {
  /** Where the body begins: `start`, or 0 when the server sends everything. */
  readonly start: number;
  /** Bytes of the body; null when the server does not say. */
  readonly size: number | null;
  /** ETag or Last-Modified: differs when the content does. */
  readonly version: string | null;
  /** Rejects REMOTE_UNREACHABLE when it is cut. Read it, or `discard` it. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

/** Of a request's URL, with its `?`; empty when there is none. */
export function queryText(query: HttpRequest["query"]): string {
  const entries: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const item of typeof value === "object" ? value : [value])
      entries.push(`${encodeURIComponent(name)}=${encodeURIComponent(String(item))}`);
  }
  return entries.length === 0 ? "" : `?${entries.join("&")}`;
}
