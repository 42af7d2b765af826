/** What can go wrong with one HTTP request on its way to a server and back. */
import type { ServerResponse } from "node:http";
import { type Answer, type FaultProxy, type ProxiedRequest, sendAnswer } from "./fault-proxy.js";

export type Fault =
  /** The connection is reset, and new ones are refused for a moment. */
  | { readonly kind: "refused" }
  /** The connection is reset; the server never saw the request. */
  | { readonly kind: "reset-before" }
  /** The server acted; its answer is lost with the connection. */
  | { readonly kind: "reset-after" }
  /** The server acted; its answer never comes. */
  | { readonly kind: "silence" }
  /** Half of the body of the answer, then the end of the connection. */
  | { readonly kind: "truncated" }
  /** A Content-Length one byte too small: cut JSON, and a stray byte where the next answer should begin. */
  | { readonly kind: "wrong-length" }
  /** The answer's JSON lacks its end, with the right Content-Length for that. */
  | { readonly kind: "cut-json" }
  /** A status with a plain text. `acted`: the server did what it was asked all the same, as behind a gateway. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfterSeconds?: number;
      readonly acted?: boolean;
    }
  /** 200 and the page of a captive portal. */
  | { readonly kind: "html" }
  /** 200 and an object that tells of an error. */
  | { readonly kind: "error-body" }
  /** 401, as from a server whose token has expired. */
  | { readonly kind: "unauthorized" }
  /** To the same path of another origin. */
  | { readonly kind: "redirect"; readonly status: 301 | 302 | 307 | 308; readonly origin: string }
  /** The answer comes in pieces of one byte. */
  | { readonly kind: "drip" }
  /** The server gets the request twice, and the client the second answer. */
  | { readonly kind: "duplicate" }
  /** The server gets the request when the promise is fulfilled. */
  | { readonly kind: "held"; readonly until: Promise<unknown> };

interface Exchange {
  readonly request: ProxiedRequest;
  readonly response: ServerResponse;
  readonly proxy: FaultProxy;
}

const REFUSED_MS = 100;
const PORTAL = "<!DOCTYPE html><html><body><h1>Please accept the terms of use</h1></body></html>\n";

/** Resolves when the fault has taken place. */
export async function applyFault(fault: Fault, exchange: Exchange): Promise<void> {
  switch (fault.kind) {
    case "refused":
      reset(exchange.response);
      return exchange.proxy.refuseFor(REFUSED_MS);
    case "reset-before":
      return reset(exchange.response);
    case "status":
      return sendStatus(fault, exchange);
    case "html":
      return send(exchange.response, 200, { "content-type": "text/html" }, PORTAL);
    case "error-body":
      return sendError(exchange.response);
    case "unauthorized":
      return send(exchange.response, 401, { "www-authenticate": 'Basic realm="mlflow"' }, "expired");
    case "redirect":
      return sendRedirect(fault, exchange);
    case "duplicate":
      await exchange.proxy.forward(exchange.request);
      return sendAnswer(exchange.response, await exchange.proxy.forward(exchange.request));
    case "held":
      await fault.until;
      return sendAnswer(exchange.response, await exchange.proxy.forward(exchange.request));
    default:
      return spoil(fault.kind, exchange.response, await exchange.proxy.forward(exchange.request));
  }
}

type Spoiled = "reset-after" | "silence" | "truncated" | "wrong-length" | "cut-json" | "drip";

/** The server acted: what becomes of its answer. */
async function spoil(kind: Spoiled, response: ServerResponse, answer: Answer): Promise<void> {
  const { status, body } = answer;
  const { "transfer-encoding": _, "content-length": __, connection: ___, ...headers } = answer.headers;
  if (kind === "reset-after") return reset(response);
  if (kind === "silence") return; // the client hangs up
  if (kind === "cut-json") return send(response, status, headers, body.subarray(0, -1));
  if (kind === "drip") return drip(response, { ...answer, headers });
  const length = kind === "truncated" ? body.length : Math.max(0, body.length - 1);
  response.strictContentLength = false;
  response.writeHead(status, { ...headers, "content-length": length });
  response.write(kind === "truncated" ? body.subarray(0, body.length >> 1) : body, () => {
    if (kind === "truncated") response.socket?.end();
    else response.end();
  });
}

async function drip(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.socket?.setNoDelay(true);
  for (const byte of body.subarray(0, 64)) {
    response.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  response.end(body.subarray(64));
}

async function sendStatus(fault: Fault & { kind: "status" }, exchange: Exchange): Promise<void> {
  if (fault.acted === true) await exchange.proxy.forward(exchange.request);
  const { retryAfterSeconds: seconds } = fault;
  const headers = seconds === undefined ? {} : { "retry-after": `${seconds}` };
  send(exchange.response, fault.status, { "content-type": "text/plain", ...headers }, "out of order");
}

function sendError(response: ServerResponse): void {
  const body = { error_code: "INTERNAL_ERROR", message: "an error behind a status of success" };
  send(response, 200, { "content-type": "application/json" }, JSON.stringify(body));
}

function sendRedirect({ status, origin }: Fault & { kind: "redirect" }, exchange: Exchange): void {
  send(exchange.response, status, { location: `${origin}${exchange.request.path}` }, "");
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string | Buffer,
): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, "content-length": bytes.length });
  response.end(bytes);
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
