/** Reading what a server answers: with caps, counted and throttled, and taken for nothing that it is not. */
import type { Dispatcher } from "undici";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../protocol/mlflow/index.js";
import { decodeUtf8, RunstoneError } from "../../store-format/index.js";
import { Failure } from "./failure.js";
import type { HttpRequest } from "./http-request.js";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Dispatcher.ResponseData["body"];
}

export interface AnswerReaderParts {
  /** Of the server. */
  readonly origin: string;
  /** Called with each piece before it is given on. */
  received(bytes: number): Promise<void>;
  /** What to throw for a body that was cut. */
  failed(error: unknown, request: HttpRequest): unknown;
}

export class AnswerReader {
  readonly #parts: AnswerReaderParts;

  constructor(parts: AnswerReaderParts) {
    this.#parts = parts;
  }

  /** What stands between us and the server may call anything a success. Throws {@link Failure}. */
  async json(request: HttpRequest, answer: Answer, limit: number): Promise<JsonObject> {
    const bytes = await this.#capped(request, answer, limit);
    if (bytes.length === 0) return {};
    const text = decodeUtf8(bytes);
    const json = text === undefined ? undefined : jsonOf(text);
    if (isJsonObject(json) && !Object.hasOwn(json, "error_code")) return json;
    if (isJsonObject(json)) throw this.#wrongBody(request, answer, `tells of an error: ${shown(bytes)}`);
    throw this.#wrongBody(request, answer, `is no JSON object: ${shown(bytes)}`);
  }

  async #capped(request: HttpRequest, answer: Answer, limit: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.#chunks(answer, request)) {
      size += chunk.length;
      if (size > limit) throw this.#wrongBody(request, answer, `is larger than ${limit} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  #wrongBody({ endpoint }: HttpRequest, { status }: Answer, problem: string): Failure {
    const error = new RunstoneError(
      "REMOTE_FAILED",
      `the answer to ${endpoint} from ${this.#parts.origin} ${problem}`,
      {
        hint: "The address may not be that of an MLflow tracking server, or a proxy or login page answers in its place.",
        data: { status, endpoint, errorCode: "WRONG_ANSWER" },
      },
    );
    return new Failure(error, { retriable: false, untouched: false });
  }

  /** The beginning of a body; what is wrong with the rest of an error does not matter. */
  async beginning(request: HttpRequest, answer: Answer, limit: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of this.#chunks(answer, request)) {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= limit) break;
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
    return Buffer.concat(chunks).subarray(0, limit);
  }

  /** As {@link #chunks}, for readers outside. */
  async *body(answer: Answer, request: HttpRequest): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#chunks(answer, request);
    } catch (error) {
      throw error instanceof Failure ? error.error : error;
    }
  }

  async *#chunks({ body }: Answer, request: HttpRequest): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        await this.#parts.received(chunk.length);
        yield chunk;
      }
    } catch (error) {
      throw this.#parts.failed(error, request);
    }
  }
}

function jsonOf(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function shown(bytes: Buffer): string {
  const text = bytes
    .subarray(0, 200)
    .toString("utf8")
    .replace(/[\s\p{C}]+/gu, " ")
    .trim();
  return JSON.stringify(text.slice(0, 80));
}

export function headerOf({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Null when the server does not say. */
export function lengthOf(answer: Answer): number | null {
  const text = headerOf(answer, "content-length");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
