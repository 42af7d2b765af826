/**
 * An HTTP proxy between a client and a real server that does one wrong thing at a time: which, and at which request, says
 * the plan. It counts requests in the order in which they arrive, and keeps a list of them.
 */
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { applyFault, type Fault } from "./network-faults.js";
import type { Scope } from "./processes.js";

/** A request as the proxy received it. */
export interface ProxiedRequest {
  /** 1 for the first request since the plan was set. */
  readonly ordinal: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request in the proxy's list. */
export interface LoggedRequest {
  readonly ordinal: number;
  readonly method: string;
  readonly path: string;
  readonly fault: Fault["kind"] | null;
}

/** What becomes of a request; null: it is passed on as it is. */
export type FaultPlan = (request: ProxiedRequest) => Fault | null;

export const noFault: FaultPlan = () => null;

/** A fault at one request. */
export function faultAt(ordinal: number, fault: Fault): FaultPlan {
  return (request) => (request.ordinal === ordinal ? fault : null);
}

/** A fault at that request and every later one. */
export function faultFrom(ordinal: number, fault: Fault): FaultPlan {
  return (request) => (request.ordinal >= ordinal ? fault : null);
}

/** A fault at the nth request (1 for the first) whose `METHOD path` matches. */
export function faultOnRoute(route: RegExp, nth: number, fault: Fault): FaultPlan {
  let seen = 0;
  return ({ method, path }) => (route.test(`${method} ${path}`) && ++seen === nth ? fault : null);
}

/** Starts a proxy to an `http://` server; it ends with the scope. */
export async function startFaultProxy(scope: Scope, upstream: string): Promise<FaultProxy> {
  const proxy = new FaultProxy(upstream);
  scope.after(() => proxy.close());
  await proxy.listen();
  return proxy;
}

export class FaultProxy {
  readonly #upstream: URL;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  #plan: FaultPlan = noFault;
  #requests: LoggedRequest[] = [];
  #port = 0;
  #closed = false;
  #refusing: Promise<void> = Promise.resolve();

  constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = createServer((message, response) => void this.#take(message, response));
    // A client that hangs up in the middle of a request is no error here.
    this.#server.on("clientError", (_error, socket) => socket.destroy());
    this.#server.requestTimeout = 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The requests since the plan was set. */
  get requests(): readonly LoggedRequest[] {
    return this.#requests;
  }

  /** Follows another plan and counts from 1 again. */
  follow(plan: FaultPlan): void {
    this.#plan = plan;
    this.#requests = [];
  }

  /** Listens, always at the same port. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Refuses new connections for a time; requests on others go on. */
  refuseFor(milliseconds: number): Promise<void> {
    this.#server.close(); // ends when all connections have: nobody waits for that
    this.#server.closeIdleConnections();
    this.#refusing = new Promise((resolve) => setTimeout(resolve, milliseconds)).then(() =>
      this.#closed ? undefined : this.listen(),
    );
    return this.#refusing;
  }

  /** Resolves when new connections are not refused any more. */
  open(): Promise<void> {
    return this.#refusing;
  }

  /** What the server answers. */
  async forward({ method, path, headers, body }: ProxiedRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#upstream;
      const options = { hostname, port, method, path, headers, agent: this.#agent };
      const request = httpRequest(options, (message) => {
        bytesOf(message).then(
          (bytes) => resolve({ status: message.statusCode ?? 0, headers: message.headers, body: bytes }),
          reject,
        );
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", headers } = message;
    const entry = { ordinal: this.#requests.length + 1, method, path, fault: null };
    this.#requests.push(entry);
    const requests = this.#requests;
    try {
      const request = { ...entry, headers, body: await bytesOf(message) };
      const fault = this.#plan(request);
      requests[entry.ordinal - 1] = { ...entry, fault: fault?.kind ?? null };
      if (fault === null) sendAnswer(response, await this.forward(request));
      else await applyFault(fault, { request, response, proxy: this });
    } catch {
      response.destroy(); // the client hung up, or the server behind is gone: so is the connection
    }
  }
}

/** Sends an answer of the server as it is. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  const { "transfer-encoding": _, connection: __, ...kept } = headers;
  response.writeHead(status, { ...kept, "content-length": body.length });
  response.end(body);
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
