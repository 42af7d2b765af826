/** TLS, proxies, and the pace of bytes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { isRunstoneError } from "../../store-format/index.js";
import { chooseProxy } from "../../sync/http/dispatcher.js";
import { type HttpRequest, RateLimiter } from "../../sync/http/index.js";
import { parseTarget } from "../../sync/http/target.js";
import { sendJson, startHttpServer } from "../helpers/http-server.js";
import { REPOSITORY } from "../helpers/python.js";
import { newClient, QuickClock, settingsFor } from "./http-support.js";

const GET: HttpRequest = { method: "GET", path: "/x", endpoint: "GET x" };
const CERTIFICATES = join(REPOSITORY, "test", "sync", "certificates");
const caFile = join(CERTIFICATES, "ca.pem");
const clientCertificate = join(CERTIFICATES, "client.pem");
const own = readFileSync(join(CERTIFICATES, "server.pem"));

describe("TLS", () => {
  test("a server that no authority vouches for gets nothing, and is not asked again", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, {}), {
      tls: { key: own, cert: own },
    });
    const clock = new QuickClock();
    await assert.rejects(
      newClient(t, server.url, { clock }).json(GET),
      (error) =>
        isRunstoneError(error, "REMOTE_UNREACHABLE") &&
        /no trusted connection/.test(error.message) &&
        /SERVER_CERT_PATH/.test(error.hint ?? ""),
    );
    assert.deepEqual([server.asked.length, clock.waits.length], [0, 0]);
  });

  test("an authority from a file is trusted, and insecure takes all", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, { a: 1 }), {
      tls: { key: own, cert: own },
    });
    assert.deepEqual(await newClient(t, server.url, { settings: { caFile } }).json(GET), { a: 1 });
    assert.deepEqual(await newClient(t, server.url, { settings: { insecureTls: true } }).json(GET), { a: 1 });
  });

  test("a certificate of the client is shown", async (t) => {
    const tls = {
      key: own,
      cert: own,
      ca: readFileSync(caFile),
      requestCert: true,
      rejectUnauthorized: true,
    };
    const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, { a: 1 }), { tls });
    const settings = { caFile, maxRetries: 0 };
    assert.deepEqual(
      await newClient(t, server.url, { settings: { ...settings, clientCertificate } }).json(GET),
      { a: 1 },
    );
    await assert.rejects(newClient(t, server.url, { settings }).json(GET), (error) =>
      isRunstoneError(error, "REMOTE_UNREACHABLE"),
    );
  });

  test("a file that is not there is named", (t: TestContext) => {
    assert.throws(
      () => newClient(t, "https://x", { settings: { caFile: "/no/such.pem" } }),
      /cannot read the certificates in \/no\/such.pem/,
    );
  });
});

/** A proxy that sends everything to one server, whatever its name. */
async function startProxy(t: TestContext, target: number): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const proxy = createServer((request, answer) => {
    seen.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    const { pathname, search } = new URL(request.url ?? "");
    const onward = httpRequest({ port: target, path: pathname + search, headers: request.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 500, got.headers);
      got.pipe(answer);
    });
    request.pipe(onward);
  });
  proxy.on("connect", (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    const onward = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    t.after(() => onward.destroy());
    socket.on("error", () => onward.destroy());
    onward.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen };
}

describe("proxies", () => {
  test("plain requests are passed on by it, with its own password", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, { a: 1 }));
    const proxy = await startProxy(t, server.port);
    const http = proxy.url.replace("//", "//ana:secret@");
    const client = newClient(t, "http://mlflow.example:5000/p", {
      settings: { proxy: { http, https: "", none: "" } },
    });
    assert.deepEqual(await client.json(GET), { a: 1 });
    assert.deepEqual(proxy.seen, [
      `GET http://mlflow.example:5000/p/x Basic ${Buffer.from("ana:secret").toString("base64")}`,
    ]);
    assert.equal(server.asked[0]?.headers.host, "mlflow.example:5000");
  });

  test("https goes through a tunnel, and is checked to the end", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, { a: 1 }), {
      tls: { key: own, cert: own },
    });
    const proxy = await startProxy(t, server.port);
    const settings = { caFile, proxy: { http: "", https: proxy.url, none: "" } };
    assert.deepEqual(await newClient(t, "https://mlflow.example", { settings }).json(GET), { a: 1 });
    assert.deepEqual(proxy.seen, ["CONNECT mlflow.example:443"]);
    await assert.rejects(newClient(t, "https://other.example", { settings }).json(GET), (error) =>
      isRunstoneError(error, "REMOTE_UNREACHABLE"),
    );
  });

  test("who is asked through which", () => {
    const through = (url: string, none = ""): string => {
      const settings = settingsFor(url, { proxy: { http: "H", https: "S", none } });
      return chooseProxy(settings, parseTarget(settings));
    };
    assert.equal(through("http://a.example"), "H");
    assert.equal(through("https://a.example"), "S");
    for (const url of ["http://localhost:5000", "http://127.0.0.1", "http://[::1]:5000"])
      assert.equal(through(url), "");
    assert.equal(through("http://a.example", "*"), "");
    for (const none of ["a.example", ".example", "*.example", "b, A.EXAMPLE", "a.example:80"])
      assert.equal(through("http://a.example", none), "", none);
    for (const none of ["ample", "b.a.example", "a.example:81", ".", ""])
      assert.equal(through("http://a.example", none), "H", none);
  });

  test("an address that is none is refused without its password", (t: TestContext) => {
    const proxy = { http: "socks5://ana:secret@x", https: "", none: "" };
    assert.throws(
      () => newClient(t, "http://a.example", { settings: { proxy } }),
      (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE") && !/secret/.test(error.message),
    );
  });
});

test("a rate limit spaces bytes out, for all who share it", async () => {
  const clock = new QuickClock();
  const limiter = new RateLimiter(1000, clock);
  await limiter.take(500);
  await limiter.take(1500);
  await limiter.take(1);
  assert.deepEqual(clock.waits, [500, 1500]);
  assert.equal(clock.now(), 2000);
});
