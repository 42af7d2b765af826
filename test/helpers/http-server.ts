/** A real HTTP server on loopback that answers as the test says; it closes with the test. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly socket: Socket;
}

/** `count`: how many were asked before. */
export type Answerer = (asked: Asked, answer: ServerResponse, count: number) => void | Promise<void>;

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly asked: readonly Asked[];
}

/** `port`: 0, any free one. `tls`: serves https. */
export async function startHttpServer(
  t: TestContext,
  answerer: Answerer,
  { port = 0, tls }: { readonly port?: number; readonly tls?: ServerOptions } = {},
): Promise<TestServer> {
  const asked: Asked[] = [];
  const listener = (request: IncomingMessage, answer: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const { method = "", url = "", headers, socket } = request;
      const one = { method, url, headers, socket, body: Buffer.concat(chunks).toString("utf8") };
      asked.push(one);
      void answerer(one, answer, asked.length - 1);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const found = (server.address() as AddressInfo).port;
  return { url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${found}`, port: found, asked };
}

/** Answers with JSON. */
export function sendJson(answer: ServerResponse, value: unknown, status = 200): void {
  answer.writeHead(status, { "content-type": "application/json" });
  answer.end(typeof value === "string" ? value : JSON.stringify(value));
}
