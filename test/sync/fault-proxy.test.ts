/** The fault proxy does to a request what it says, and to the others nothing. */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { describe, type TestContext, test } from "node:test";
import {
  type FaultProxy,
  faultAt,
  faultFrom,
  faultOnRoute,
  startFaultProxy,
} from "../helpers/fault-proxy.js";
import { type HttpCatcher, startHttpCatcher } from "../helpers/http-catcher.js";
import type { Fault } from "../helpers/network-faults.js";

interface Outcome {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
  /** Node's code of the error, or null. */
  readonly error: string | null;
}

/** What the client sees of a fault at its first request, and how often the server saw that request. */
const EFFECTS: readonly (readonly [Fault, Partial<Outcome>, number])[] = [
  [{ kind: "refused" }, { status: 0, error: "ECONNRESET" }, 0],
  [{ kind: "reset-before" }, { status: 0, error: "ECONNRESET" }, 0],
  [{ kind: "reset-after" }, { status: 0, error: "ECONNRESET" }, 1],
  [{ kind: "silence" }, { status: 0, error: "TIMEOUT" }, 1],
  [{ kind: "truncated" }, { status: 200, body: "{", error: "ECONNRESET" }, 1],
  [{ kind: "wrong-length" }, { status: 200, error: "HPE_CLOSED_CONNECTION" }, 1],
  [{ kind: "cut-json" }, { status: 200, body: "{", error: null }, 1],
  [{ kind: "status", status: 503 }, { status: 503, error: null }, 0],
  [{ kind: "status", status: 504, acted: true }, { status: 504, error: null }, 1],
  [{ kind: "status", status: 429, retryAfterSeconds: 1 }, { status: 429, error: null }, 0],
  [{ kind: "html" }, { status: 200, error: null }, 0],
  [{ kind: "error-body" }, { status: 200, error: null }, 0],
  [{ kind: "unauthorized" }, { status: 401, error: null }, 0],
  [{ kind: "drip" }, { status: 200, body: "{}", error: null }, 1],
  [{ kind: "duplicate" }, { status: 200, body: "{}", error: null }, 2],
];

describe("a fault at one request", () => {
  for (const [fault, expected, acted] of EFFECTS)
    test(nameOf(fault), async (t) => {
      const { proxy, server } = await proxied(t);
      proxy.follow(faultAt(2, fault));
      assert.equal((await ask(proxy.url, "/before")).status, 200);
      const timeoutMs = fault.kind === "silence" ? 200 : 60_000;
      const outcome = await ask(proxy.url, "/at?a=1&a=2", { timeoutMs });
      for (const [field, value] of Object.entries(expected))
        assert.deepEqual(outcome[field as keyof Outcome], value, `${field} of ${JSON.stringify(outcome)}`);
      assert.equal(server.requests.filter(({ path }) => path === "/at?a=1&a=2").length, acted);
      assert.equal((await askUntilHeard(proxy.url, "/after")).status, 200);
      const kinds = proxy.requests.map(({ path, fault: kind }) => [path, kind]);
      assert.deepEqual(kinds, [
        ["/before", null],
        ["/at?a=1&a=2", fault.kind],
        ["/after", null],
      ]);
    });
});

test("what is passed on is passed on whole", async (t) => {
  const { proxy, server } = await proxied(t);
  const body = "ü".repeat(100_000);
  await ask(proxy.url, "/a%20b?x=%2F", { body, headers: { authorization: "Bearer t" } });
  const [caught] = server.requests;
  assert.equal(caught?.path, "/a%20b?x=%2F");
  assert.equal(caught?.body, body);
  assert.equal(caught?.headers.authorization, "Bearer t");
});

test("Retry-After is sent", async (t) => {
  const { proxy } = await proxied(t);
  proxy.follow(faultAt(1, { kind: "status", status: 429, retryAfterSeconds: 7 }));
  assert.equal((await ask(proxy.url, "/")).headers["retry-after"], "7");
});

test("a redirect leads to the other origin", async (t) => {
  const { proxy } = await proxied(t);
  const other = await startHttpCatcher(t);
  proxy.follow(faultAt(1, { kind: "redirect", status: 307, origin: other.url }));
  const { status, headers } = await ask(proxy.url, "/x?y");
  assert.deepEqual([status, headers.location], [307, `${other.url}/x?y`]);
});

test("the byte beyond a Content-Length is on the wire", async (t) => {
  const { proxy } = await proxied(t);
  proxy.follow(faultAt(1, { kind: "wrong-length" }));
  const socket = connect(Number(new URL(proxy.url).port), "127.0.0.1");
  t.after(() => socket.destroy());
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  let said = "";
  for await (const chunk of socket) {
    said += chunk;
    if (said.endsWith("\r\n\r\n{}")) break;
  }
  assert.match(said, /content-length: 1\r\n.*\r\n\r\n\{\}$/s);
});

test("refusal means that nobody listens, for a moment", async (t) => {
  const { proxy } = await proxied(t);
  await ask(proxy.url, "/");
  const refused = proxy.refuseFor(200);
  assert.equal((await ask(proxy.url, "/")).error, "ECONNREFUSED");
  await refused;
  assert.equal((await ask(proxy.url, "/")).status, 200);
});

test("a plan names a route, or everything from a request on", async (t) => {
  const { proxy } = await proxied(t);
  proxy.follow(faultOnRoute(/^POST \/b/, 2, { kind: "html" }));
  for (const path of ["/a", "/b", "/a", "/b", "/b"]) await ask(proxy.url, path, { body: "x" });
  assert.deepEqual(ordinalsAtFault(proxy), [4]);
  proxy.follow(faultFrom(2, { kind: "unauthorized" }));
  for (const path of ["/a", "/b", "/c"]) await ask(proxy.url, path);
  assert.deepEqual(ordinalsAtFault(proxy), [2, 3]);
});

function ordinalsAtFault(proxy: FaultProxy): readonly number[] {
  return proxy.requests.filter(({ fault }) => fault !== null).map(({ ordinal }) => ordinal);
}

async function proxied(t: TestContext): Promise<{ proxy: FaultProxy; server: HttpCatcher }> {
  const server = await startHttpCatcher(t);
  return { proxy: await startFaultProxy(t, server.url), server };
}

function nameOf(fault: Fault): string {
  return fault.kind === "status" ? `status ${fault.status}${fault.acted ? ", acted" : ""}` : fault.kind;
}

interface Asked {
  readonly body?: string;
  readonly headers?: NodeJS.Dict<string>;
  readonly timeoutMs?: number;
}

async function askUntilHeard(url: string, path: string): Promise<Outcome> {
  for (;;) {
    const outcome = await ask(url, path);
    if (outcome.error !== "ECONNREFUSED") return outcome;
  }
}

/** A request on a connection of its own. */
function ask(url: string, path: string, asking: Asked = {}): Promise<Outcome> {
  const { body, headers = {}, timeoutMs = 60_000 } = asking;
  return new Promise((resolve) => {
    const answer = { status: 0, headers: {}, body: "", error: null as string | null };
    const end = (error: string | null) => resolve({ ...answer, error });
    const method = body === undefined ? "GET" : "POST";
    const asked = request(`${url}${path}`, { method, headers, agent: new Agent() }, (message) => {
      Object.assign(answer, { status: message.statusCode, headers: message.headers });
      message.setEncoding("utf8").on("data", (text: string) => {
        answer.body += text;
      });
      message.on("end", () => end(null));
      message.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    });
    asked.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    asked.setTimeout(timeoutMs, () => {
      end("TIMEOUT");
      asked.destroy();
    });
    asked.end(body);
  });
}
