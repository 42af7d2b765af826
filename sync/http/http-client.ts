/**
 * One HTTP client for one server: kept connections, time-outs, retries with full jitter, credentials for that origin only,
 * and caps on what comes back. What the server says is taken for hostile.
 */
import type { Dispatcher } from "undici";
import { isFinalError, type JsonObject, parseError, serializeJson } from "../../protocol/mlflow/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { backoffWait, retryAfterMs } from "./backoff.js";
import { systemClock } from "./clock.js";
import { makeDispatcher } from "./dispatcher.js";
import { connectionFailure, Failure, withData } from "./failure.js";
import {
  type Download,
  type DownloadRequest,
  type HttpRequest,
  type JsonRequest,
  queryText,
  type UploadRequest,
} from "./http-request.js";
import type { Clock, Throttle } from "./rate-limiter.js";
import { type Answer, AnswerReader, headerOf, lengthOf } from "./read-answer.js";
import type { HttpCredentials, HttpSettings } from "./settings.js";
import { authorization, parseTarget, type Target, withoutSecrets } from "./target.js";

/** What went over the wire, headers not counted. */
export interface HttpCounters {
  requests: number;
  retries: number;
  bytesSent: number;
  bytesReceived: number;
}

export interface HttpClientOptions {
  readonly throttle?: Throttle;
  /** Asked once for other credentials when the server refuses those it got (401); null: there are none. */
  readonly renew?: () => Promise<HttpCredentials | null>;
  /**
   * For commands that a person waits for: told once when they would have to wait for the server, again after it answered and
   * failed once more. A server that nobody ever heard of is then given up within seconds.
   */
  readonly onWait?: (waiting: Waiting) => void;
  /** For tests. */
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Why nothing happens for a while. */
export interface Waiting {
  readonly origin: string;
  readonly error: RunstoneError;
  /** For how long it is tried, at most. */
  readonly mostMs: number;
}

/** Waits that nobody notices. */
const SHORT_WAIT_MS = 2_000;
/** Tries when nobody listened from the beginning: the address is wrong, or the server is not there. */
const FIRST_TRIES = 3;
const FIRST_WAIT_MS = 500;

const MAX_ERROR_BYTES = 65_536;
const UPLOAD_PIECE = 65_536;
/** A server that stores what it got elsewhere may take as long again before it answers. */
const SLOW_STORE_BYTES_PER_MS = 10_000;
const RETRIED = new Set([408, 429, 500, 502, 503, 504]);

interface Sending {
  readonly body?: string | (() => AsyncIterable<Uint8Array>);
  readonly headers?: Readonly<Record<string, string>>;
  readonly headersTimeout?: number;
}

export class HttpClient {
  readonly settings: HttpSettings;
  readonly counters: HttpCounters = { requests: 0, retries: 0, bytesSent: 0, bytesReceived: 0 };
  readonly #target: Target;
  readonly #dispatcher: Dispatcher;
  readonly #throttle: Throttle | null;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #renew: HttpClientOptions["renew"];
  readonly #reader: AnswerReader;
  readonly #onWait: HttpClientOptions["onWait"];
  #authorization: string | null;
  /** It has answered something, once. */
  #wasThere = false;
  #waitWasTold = false;
  #renewing: Promise<boolean> | null = null;

  /** Throws INVALID_PARAMETER_VALUE for settings that cannot be used. */
  constructor(settings: HttpSettings, options: HttpClientOptions = {}) {
    this.settings = settings;
    this.#target = parseTarget(settings);
    this.#authorization = authorization(settings.credentials);
    this.#dispatcher = makeDispatcher(settings, this.#target);
    this.#throttle = options.throttle ?? null;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#renew = options.renew;
    this.#onWait = options.onWait;
    this.#reader = new AnswerReader({
      origin: this.#target.origin,
      received: (bytes) => this.#pass(bytes, "bytesReceived"),
      failed: (error, request) => this.#failed(error, request),
    });
  }

  /** Scheme, host and port of the server. */
  get origin(): string {
    return this.#target.origin;
  }

  /**
   * Sends JSON and reads a JSON object; an empty answer is the empty object. Rejects REMOTE_UNREACHABLE (no answer),
   * REMOTE_FAILED (no JSON, a redirect, too large), or what `parseError` makes of an error. In `data`: `attempts`, and
   * `ambiguous: true` when a try before, or this one, may have been done by the server though it failed.
   */
  async json(request: JsonRequest): Promise<JsonObject> {
    const body = request.body === undefined ? undefined : serializeJson(request.body);
    const sending: Sending =
      body === undefined ? {} : { body, headers: { "content-type": "application/json" } };
    return this.#retrying(request, async () => {
      const answer = await this.#ask(request, sending);
      return this.#reader.json(request, answer, this.settings.maxJsonBytes);
    });
  }

  /** Begins to read bytes. Rejects as {@link json}; a cut within the body is the reader's to mend. */
  async download(request: DownloadRequest): Promise<Download> {
    const { start = 0 } = request;
    const headers: Record<string, string> = start === 0 ? {} : { range: `bytes=${start}-` };
    return this.#retrying(request, async () => {
      const answer = await this.#ask(request, { headers });
      return {
        start: answer.status === 206 ? start : 0,
        size: lengthOf(answer),
        version: headerOf(answer, "etag") ?? headerOf(answer, "last-modified") ?? null,
        body: this.#reader.body(answer, request),
        discard: () => void answer.body.on("error", () => undefined).destroy(),
      };
    });
  }

  /** Sends a stream; the answer is empty or a JSON object, as of {@link json}. Rejects as {@link json}, or with what `content` throws. */
  async upload(request: UploadRequest): Promise<void> {
    const { size, contentType = "application/octet-stream" } = request;
    const headers = {
      "content-type": contentType,
      ...(size === null ? {} : { "content-length": String(size) }),
    };
    const headersTimeout = this.settings.timeoutMs + Math.ceil((size ?? 0) / SLOW_STORE_BYTES_PER_MS);
    await this.#retrying(request, async () => {
      const answer = await this.#ask(request, { headers, headersTimeout, body: request.content });
      await this.#reader.json(request, answer, MAX_ERROR_BYTES);
    });
  }

  /** Waits for running requests, then closes the connections. */
  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  /** Cuts running requests off. */
  async destroy(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #retrying<T>(request: HttpRequest, attempt: () => Promise<T>): Promise<T> {
    const begin = this.#clock.now();
    let ambiguous = false;
    for (let retry = 0; ; retry++) {
      request.signal?.throwIfAborted();
      if (retry > 0) this.counters.retries += 1;
      try {
        return await attempt();
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        ambiguous ||= !failure.untouched && request.method !== "GET";
        const wait = this.#waitFor(failure, request, retry);
        const late = this.#clock.now() - begin + (wait ?? 0) > this.settings.maxTotalMs;
        if (wait === null || late) throw finalError(failure, retry + 1, ambiguous);
        this.#tellWait(failure, wait, begin);
        await this.#clock.sleep(wait, request.signal);
      }
    }
  }

  /** Milliseconds until the next try; null: there is none. */
  #waitFor(failure: Failure, request: HttpRequest, retry: number): number | null {
    const { settings } = this;
    if (!failure.retriable || retry >= settings.maxRetries) return null;
    if (request.repeatable === false && !failure.untouched) return null;
    // A job may start before its server does: only a person is told at once.
    if (this.#onWait !== undefined && !this.#wasThere && isUnheard(failure))
      return retry + 1 < FIRST_TRIES ? this.#shortWait(retry) : null;
    const wait = backoffWait(settings, retry, this.#random);
    return settings.respectRetryAfter ? Math.max(wait, failure.retryAfterMs ?? 0) : wait;
  }

  #shortWait(retry: number): number {
    return Math.min(FIRST_WAIT_MS, backoffWait(this.settings, retry, this.#random));
  }

  #tellWait({ error }: Failure, wait: number, begin: number): void {
    const waited = this.#clock.now() - begin;
    if (this.#waitWasTold || waited + wait <= SHORT_WAIT_MS) return;
    this.#waitWasTold = true;
    this.#onWait?.({ origin: this.origin, error, mostMs: this.settings.maxTotalMs - waited });
  }

  /** One try, up to the headers of an answer that is fine (200 to 299). */
  async #ask(request: HttpRequest, sending: Sending): Promise<Answer> {
    const used = this.#authorization;
    const answer = await this.#send(request, sending);
    if (answer.status === 401 && (await this.#renewed(used))) {
      await this.#drop(answer);
      return this.#accept(request, await this.#send(request, sending));
    }
    return this.#accept(request, answer);
  }

  async #send(request: HttpRequest, { body, headers, headersTimeout }: Sending): Promise<Answer> {
    this.counters.requests += 1;
    let contentError: { readonly error: unknown } | null = null;
    if (typeof body === "string") await this.#pass(Buffer.byteLength(body), "bytesSent");
    const content =
      typeof body === "function" ? this.#outgoing(body, (error) => (contentError = { error })) : body;
    try {
      const {
        statusCode,
        headers: received,
        body: answered,
      } = await this.#dispatcher.request({
        origin: this.#target.origin,
        path: this.#target.prefix + request.path + queryText(request.query),
        method: request.method,
        headers: { ...this.settings.headers, ...this.#ownHeaders(), ...headers },
        ...(content === undefined ? {} : { body: content as unknown as string }),
        ...(headersTimeout === undefined ? {} : { headersTimeout }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      this.#wasThere = true;
      if (statusCode < 500) this.#waitWasTold = false;
      return { status: statusCode, headers: received, body: answered };
    } catch (error) {
      const failed = contentError as { readonly error: unknown } | null;
      if (failed !== null) throw failed.error;
      throw this.#failed(error, request);
    }
  }

  #failed(error: unknown, { endpoint, signal }: HttpRequest): unknown {
    if (signal?.aborted === true) return signal.reason;
    return connectionFailure(error, { endpoint, origin: this.origin });
  }

  #ownHeaders(): Readonly<Record<string, string>> {
    const own = { "user-agent": "runstone", accept: "*/*" };
    return this.#authorization === null ? own : { ...own, authorization: this.#authorization };
  }

  /** The bytes of an upload in pieces that the throttle can tell apart. */
  async *#outgoing(
    open: () => AsyncIterable<Uint8Array>,
    onError: (error: unknown) => void,
  ): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of open()) {
        // Each piece costs the server a turn: without a throttle they are as large as they come.
        const most = this.#throttle === null ? chunk.length : UPLOAD_PIECE;
        for (let at = 0; at < chunk.length; at += most) {
          const piece = chunk.subarray(at, at + most);
          await this.#pass(piece.length, "bytesSent");
          yield piece;
        }
      }
    } catch (error) {
      onError(error);
      throw error;
    }
  }

  async #pass(bytes: number, counter: "bytesSent" | "bytesReceived"): Promise<void> {
    this.counters[counter] += bytes;
    if (this.#throttle !== null) await this.#throttle.take(bytes);
  }

  /** Asks for other credentials once per refusal, however many requests were refused. True when there are new ones. */
  async #renewed(used: string | null): Promise<boolean> {
    if (this.#authorization !== used) return true;
    if (this.#renew === undefined) return false;
    this.#renewing ??= this.#renewCredentials(this.#renew).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renewCredentials(renew: () => Promise<HttpCredentials | null>): Promise<boolean> {
    const credentials = await renew();
    if (credentials === null) return false;
    parseTarget({ ...this.settings, credentials });
    const fresh = authorization(credentials);
    const changed = fresh !== this.#authorization;
    this.#authorization = fresh;
    return changed;
  }

  async #drop({ body }: Answer): Promise<void> {
    await body.dump({ limit: MAX_ERROR_BYTES });
  }

  /** Throws a {@link Failure} for an answer that is an error or a redirect. */
  async #accept(request: HttpRequest, answer: Answer): Promise<Answer> {
    const { status } = answer;
    if (status >= 200 && status < 300) return answer;
    if (status < 400) throw await this.#redirected(request, answer);
    const bytes = await this.#reader.beginning(request, answer, MAX_ERROR_BYTES);
    const body = bytes.toString("utf8");
    throw new Failure(parseError({ status, body, endpoint: request.endpoint }), {
      retriable: RETRIED.has(status) && !isFinalError(status, body),
      untouched: status < 500 && status !== 408,
      retryAfterMs: retryAfterMs(headerOf(answer, "retry-after"), timeThere(answer)),
    });
  }

  /** Never followed: what is asked, and the credentials, are meant for the address the user gave. */
  async #redirected({ endpoint }: HttpRequest, answer: Answer): Promise<Failure> {
    await this.#drop(answer);
    const { status } = answer;
    const location = withoutSecrets((headerOf(answer, "location") ?? "nowhere").slice(0, 500));
    const error = new RunstoneError(
      "REMOTE_FAILED",
      `${endpoint}: ${this.origin} points to ${location} instead of answering`,
      {
        hint: "If that address is right, use it as the server's; perhaps it asks for a login first.",
        data: { status, endpoint, location, errorCode: "REDIRECT" },
      },
    );
    return new Failure(error, { retriable: false, untouched: true });
  }
}

/** Nobody listened: refused, no such host. */
function isUnheard({ error, untouched }: Failure): boolean {
  return untouched && error.code === "REMOTE_UNREACHABLE";
}

function finalError({ error }: Failure, attempts: number, ambiguous: boolean): RunstoneError {
  return withData(error, { attempts, ...(ambiguous ? { ambiguous } : {}) });
}

/** By the server clock: ours may be wrong, and a date of its own is meant by that. */
function timeThere(answer: Answer): number {
  const time = Date.parse(headerOf(answer, "date") ?? "");
  return Number.isNaN(time) ? Date.now() : time;
}
