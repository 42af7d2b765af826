/** The HTTP client against real servers that misbehave. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";
import type { HttpClient, HttpRequest } from "../../sync/http/index.js";
import { sendJson, startHttpServer } from "../helpers/http-server.js";
import { newClient, QuickClock } from "./http-support.js";

const GET: HttpRequest = { method: "GET", path: "/api/x", endpoint: "GET x" };
const POST: HttpRequest = { method: "POST", path: "/api/x", endpoint: "POST x" };
const ONCE: HttpRequest = { ...POST, repeatable: false };

async function errorOf(promise: Promise<unknown>): Promise<RunstoneError> {
  const error = await promise.then(
    () => assert.fail("it succeeded"),
    (reason: unknown) => reason,
  );
  assert(isRunstoneError(error), String(error));
  return error;
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("what is asked", () => {
  test("prefix, query with lists, body and headers arrive; 64-bit integers come back", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) =>
      sendJson(answer, '{"n":9223372036854775807}'),
    );
    const client = newClient(t, `${server.url}/team/a/`, {
      settings: {
        credentials: { kind: "basic", username: "ana", password: "pä:ss" },
        headers: { "x-mlflow-workspace": "w" },
      },
    });
    const query = { ids: ["a&b", "c"], none: undefined, zero: 0, text: "ü ?" };
    const answer = await client.json({ ...POST, query, body: { value: Number.NaN, at: 2n ** 62n } });
    assert.deepEqual(answer, { n: 9223372036854775807n });
    const [asked] = server.asked;
    assert.equal(asked?.url, "/team/a/api/x?ids=a%26b&ids=c&zero=0&text=%C3%BC%20%3F");
    assert.equal(asked.body, '{"value":"NaN","at":4611686018427387904}');
    assert.equal(asked.headers["content-type"], "application/json");
    assert.equal(asked.headers.authorization, `Basic ${Buffer.from("ana:pä:ss").toString("base64")}`);
    assert.equal(asked.headers["x-mlflow-workspace"], "w");
  });

  test("few connections are kept for many requests", async (t) => {
    let running = 0;
    let most = 0;
    const server = await startHttpServer(t, async (_asked, answer) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      sendJson(answer, {});
    });
    const client = newClient(t, server.url, { settings: { connections: 2 } });
    for (let i = 0; i < 3; i++) await client.json(GET);
    await Promise.all(Array.from({ length: 12 }, () => client.json(GET)));
    assert(most <= 2, `${most} at once`);
    assert(new Set(server.asked.map(({ socket }) => socket)).size <= 2);
    assert.equal(client.counters.requests, 15);
  });
});

describe("retries", () => {
  for (const status of [408, 429, 500, 502, 503, 504])
    test(`after ${status}`, async (t) => {
      const server = await startHttpServer(t, (_asked, answer, count) =>
        sendJson(
          answer,
          count < 2 ? { error_code: "INTERNAL_ERROR", message: "busy" } : { ok: true },
          count < 2 ? status : 200,
        ),
      );
      const clock = new QuickClock();
      const client = newClient(t, server.url, { clock });
      assert.deepEqual(await client.json({ ...POST, body: { a: 1 } }), { ok: true });
      assert.deepEqual(
        server.asked.map(({ body }) => body),
        ['{"a":1}', '{"a":1}', '{"a":1}'],
      );
      assert.deepEqual(clock.waits, [1500, 2500]);
      assert.equal(client.counters.retries, 2);
    });

  for (const status of [400, 401, 403, 404, 409, 413, 501])
    test(`not after ${status}`, async (t) => {
      const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, {}, status));
      const error = await errorOf(newClient(t, server.url).json(POST));
      assert.equal(error.data["status"], status);
      assert.equal(server.asked.length, 1);
    });

  test("not after a 500 that no repeat can mend", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) =>
      sendJson(answer, { error_code: "INVALID_STATE", message: "deleted" }, 500),
    );
    assert.equal((await errorOf(newClient(t, server.url).json(POST))).code, "INVALID_STATE");
    assert.equal(server.asked.length, 1);
  });

  test("end after so many, and say what the server said and how often it was asked", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) =>
      sendJson(answer, { error_code: "TEMPORARILY_UNAVAILABLE", message: "locked" }, 503),
    );
    const error = await errorOf(newClient(t, server.url, { settings: { maxRetries: 3 } }).json(GET));
    assert.equal(error.code, "REMOTE_FAILED");
    assert.match(error.message, /GET x failed with 503 TEMPORARILY_UNAVAILABLE: locked/);
    assert.deepEqual([error.data["attempts"], error.data["ambiguous"]], [4, undefined]);
    assert.equal(server.asked.length, 4);
  });

  test("begin no later than the total time allows", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, {}, 503));
    const clock = new QuickClock();
    const client = newClient(t, server.url, { clock, settings: { maxRetries: 100, maxTotalMs: 20_000 } });
    await errorOf(client.json(GET));
    assert(clock.now() <= 20_000);
    assert(server.asked.length > 3);
  });

  test("wait as long as Retry-After says, two minutes at most, in seconds or as a date", async (t) => {
    const headers = ["7", "86400", new Date(Date.now() + 3_600_000).toUTCString(), "soon"];
    const server = await startHttpServer(t, (_asked, answer, count) => {
      const header = headers[count];
      if (header !== undefined) answer.setHeader("retry-after", header);
      sendJson(answer, {}, header === undefined ? 200 : 429);
    });
    const clock = new QuickClock();
    await newClient(t, server.url, { clock }).json(ONCE);
    assert.deepEqual(clock.waits, [7_000, 120_000, 120_000, 8_500]);
  });

  test("wait as long as a date says by the clock of the server, whatever time it is here", async (t) => {
    const server = await startHttpServer(t, (_asked, answer, count) => {
      answer.setHeader("date", "Thu, 01 Jan 1970 00:01:00 GMT");
      if (count === 0) answer.setHeader("retry-after", "Thu, 01 Jan 1970 00:01:30 GMT");
      sendJson(answer, {}, count === 0 ? 429 : 200);
    });
    const clock = new QuickClock();
    await newClient(t, server.url, { clock }).json(ONCE);
    assert.deepEqual(clock.waits, [30_000]);
  });

  test("do without Retry-After when the settings say so", async (t) => {
    const server = await startHttpServer(t, (_asked, answer, count) => {
      answer.setHeader("retry-after", "60");
      sendJson(answer, {}, count === 0 ? 503 : 200);
    });
    const clock = new QuickClock();
    await newClient(t, server.url, { clock, settings: { respectRetryAfter: false } }).json(GET);
    assert.deepEqual(clock.waits, [1500]);
  });

  test("after a connection that was reset, or an answer that was cut", async (t) => {
    const server = await startHttpServer(t, (asked, answer, count) => {
      if (count === 0) asked.socket.destroy();
      else if (count === 1)
        answer.writeHead(200, { "content-length": "100" }).write('{"a":', () => asked.socket.destroy());
      else if (count === 2) answer.writeHead(200).write('{"a":', () => asked.socket.destroy());
      else sendJson(answer, { a: 1 });
    });
    assert.deepEqual(await newClient(t, server.url).json(POST), { a: 1 });
    assert.equal(server.asked.length, 4);
  });

  test("after a server that does not answer in time, or stops in the middle", async (t) => {
    const server = await startHttpServer(t, (_asked, answer, count) => {
      if (count === 1) answer.writeHead(200).write('{"a":');
      if (count === 2) sendJson(answer, { a: 1 });
    });
    assert.deepEqual(await newClient(t, server.url, { settings: { timeoutMs: 100 } }).json(POST), { a: 1 });
  });

  test("the first wait is random, too", async (t) => {
    const server = await startHttpServer(t, (_asked, answer, count) =>
      sendJson(answer, {}, count === 0 ? 503 : 200),
    );
    const clock = new QuickClock();
    await newClient(t, server.url, { clock, random: () => 0 }).json(GET);
    assert.deepEqual(clock.waits, [0]);
  });
});

describe("a call that must not be done twice", () => {
  const ambiguous: readonly (readonly [string, Parameters<typeof startHttpServer>[1]])[] = [
    ["a reset", (asked) => void asked.socket.destroy()],
    ["an error of the server", (_asked, answer) => sendJson(answer, {}, 500)],
    ["a gateway's time-out", (_asked, answer) => sendJson(answer, {}, 504)],
    ["a cut answer", (asked, answer) => void answer.writeHead(200).write("{", () => asked.socket.destroy())],
    ["an answer that is none", (_asked, answer) => void answer.end("<html>")],
    ["no answer in time", () => undefined],
  ];
  for (const [name, answerer] of ambiguous)
    test(`is not repeated after ${name}, which is said to be ambiguous`, async (t) => {
      const server = await startHttpServer(t, answerer);
      const error = await errorOf(newClient(t, server.url, { settings: { timeoutMs: 200 } }).json(ONCE));
      assert.equal(server.asked.length, 1);
      assert.equal(error.data["ambiguous"], true);
    });

  test("is repeated while nobody listens, as long as the settings say: a job may start before its server", async (t) => {
    const port = await freePort();
    const clock = new QuickClock(async (count) => {
      if (count === 5) await startHttpServer(t, (_asked, answer) => sendJson(answer, { ok: 1 }), { port });
    });
    const client = newClient(t, `http://127.0.0.1:${port}`, { clock, settings: { maxRetries: 7 } });
    assert.deepEqual(await client.json(ONCE), { ok: 1 });
    assert.equal(clock.waits.length, 5);
  });

  test("where nobody ever listened, few tries are made at once; later it is told once that somebody waits", async (t) => {
    const told: string[] = [];
    const onWait = ({ origin }: { readonly origin: string }): void => void told.push(origin);
    const port = await freePort();
    const clock = new QuickClock();
    const client = newClient(t, `http://127.0.0.1:${port}`, {
      clock,
      onWait,
      settings: { backoffMs: 2_000 },
    });
    assert.equal((await errorOf(client.json(GET))).code, "REMOTE_UNREACHABLE");
    assert.equal(clock.waits.length, 2);
    assert.ok(clock.now() <= 2_000, `${clock.now()} ms`);
    assert.deepEqual(told, []);
    const server = await startHttpServer(t, (_asked, answer, count) => {
      if (count === 0) sendJson(answer, {}, 200);
      else sendJson(answer, {}, 503);
    });
    const late = newClient(t, server.url, { clock, onWait, settings: { backoffMs: 2_000, maxRetries: 7 } });
    await late.json(GET);
    await errorOf(late.json(GET));
    assert.equal(told.length, 1);
  });

  test("and is known not to have been done when nobody ever listened", async (t) => {
    const client = newClient(t, `http://127.0.0.1:${await freePort()}`, { settings: { maxRetries: 1 } });
    const error = await errorOf(client.json(ONCE));
    assert.equal(error.code, "REMOTE_UNREACHABLE");
    assert.match(error.message, /nobody listens there/);
    assert.deepEqual([error.data["attempts"], error.data["ambiguous"]], [2, undefined]);
  });

  test("a call that may be repeated says when a try before may have been done", async (t) => {
    const server = await startHttpServer(t, (asked, answer, count) => {
      if (count === 0) asked.socket.destroy();
      else sendJson(answer, { error_code: "BAD_REQUEST", message: "UNIQUE constraint failed" }, 400);
    });
    const error = await errorOf(newClient(t, server.url).json(POST));
    assert.deepEqual([error.data["attempts"], error.data["ambiguous"]], [2, true]);
  });
});

describe("hostile answers", () => {
  test("a redirect is not followed, anywhere; it is told without its secrets", async (t) => {
    const other = await startHttpServer(t, (_asked, answer) => sendJson(answer, {}));
    const server = await startHttpServer(t, (_asked, answer) => {
      answer
        .writeHead(302, { location: `${other.url.replace("//", "//ana:secret@")}/login?token=secret` })
        .end();
    });
    const client = newClient(t, server.url, { settings: { credentials: { kind: "bearer", token: "tok" } } });
    for (const call of [client.json(POST), client.download(GET), upload(client)]) {
      const error = await errorOf(call);
      assert.equal(error.code, "REMOTE_FAILED");
      assert(error.message.includes(`${other.url}/login`), error.message);
      assert.doesNotMatch(error.message + JSON.stringify(error.data), /secret/);
    }
    assert.equal(other.asked.length, 0);
    assert.equal(server.asked.length, 3);
  });

  test("an answer larger than the cap is let go unread", async (t) => {
    const server = await startHttpServer(t, async (asked, answer) => {
      answer.writeHead(200);
      const more = (): void => {
        while (!asked.socket.destroyed && answer.write('{"a":"'.padEnd(65_536, "x")));
        if (!asked.socket.destroyed) answer.once("drain", more);
      };
      more();
    });
    const error = await errorOf(
      newClient(t, server.url, { settings: { maxJsonBytes: 1_000_000 } }).json(GET),
    );
    assert.match(error.message, /is larger than 1000000 bytes/);
  });

  for (const [name, body] of [
    ["a page of HTML", "<!doctype html><h1>Log in</h1>"],
    ["a list", "[1]"],
    ["bytes that are no text", "\xff\xfe"],
    ["endless nesting", "[".repeat(100_000)],
    ["a cut object", '{"a":1'],
  ] as const)
    test(`${name} is no answer`, async (t) => {
      const server = await startHttpServer(
        t,
        (_asked, answer) => void answer.end(Buffer.from(body, "latin1")),
      );
      const error = await errorOf(newClient(t, server.url).json(GET));
      assert.equal(error.code, "REMOTE_FAILED");
      assert.match(error.message, /^the answer to GET x from http:.* is no JSON object/);
      assert(error.message.length < 300);
    });

  test("an endless error is read up to a limit", async (t) => {
    const server = await startHttpServer(t, (asked, answer) => {
      answer.writeHead(400);
      const more = (): void => {
        while (!asked.socket.destroyed && answer.write("x".repeat(65_536)));
        if (!asked.socket.destroyed) answer.once("drain", more);
      };
      more();
    });
    assert.equal((await errorOf(newClient(t, server.url).json(GET))).data["status"], 400);
  });
});

describe("credentials", () => {
  test("that were refused are renewed once, for all requests that met it", async (t) => {
    const server = await startHttpServer(t, (asked, answer) =>
      sendJson(answer, {}, asked.headers.authorization === "Bearer new" ? 200 : 401),
    );
    let renewed = 0;
    const client = newClient(t, server.url, {
      settings: { credentials: { kind: "bearer", token: "old" } },
      renew: async () => {
        renewed += 1;
        return { kind: "bearer", token: "new" };
      },
    });
    await Promise.all([client.json(GET), client.json(ONCE), client.json(POST)]);
    assert.equal(renewed, 1);
  });

  test("that cannot be renewed end in UNAUTHENTICATED", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) =>
      sendJson(answer, "You are not authenticated.", 401),
    );
    const client = newClient(t, server.url, { renew: async () => null });
    const error = await errorOf(client.json(GET));
    assert.equal(error.code, "UNAUTHENTICATED");
    assert.equal(server.asked.length, 1);
  });

  test("go over plain http only to this machine, unless that is allowed", async (t) => {
    const credentials = { kind: "bearer", token: "tok" } as const;
    for (const url of ["http://mlflow.example:5000", "http://127.0.0.1.example.org", "http://10.0.0.1"])
      assert.throws(
        () => newClient(t, url, { settings: { credentials } }),
        (error) =>
          isRunstoneError(error, "INVALID_PARAMETER_VALUE") &&
          /everybody on the way can read/.test(error.message),
      );
    for (const url of [
      "http://localhost:5000",
      "http://[::1]:5000",
      "http://127.9.9.9",
      "https://mlflow.example",
    ])
      newClient(t, url, { settings: { credentials } });
    newClient(t, "http://mlflow.example", { settings: { credentials, allowPlainHttp: true } });
  });

  test("have no place in an address, and are not told", (t: TestContext) => {
    for (const url of [
      "https://ana:secret@mlflow.example/",
      "https://mlflow.example/?token=secret",
      "ftp://secret@x",
      "secret@x",
    ])
      assert.throws(
        () => newClient(t, url),
        (error) =>
          isRunstoneError(error, "INVALID_PARAMETER_VALUE") &&
          !/secret/.test(error.message.replace("secret@x ", "")),
      );
    assert.throws(
      () => newClient(t, "https://x", { settings: { credentials: { kind: "bearer", token: "a\r\nb: c" } } }),
      /no header can carry/,
    );
  });
});

describe("giving up", () => {
  test("while waiting for the next try", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, {}, 503));
    const stop = new AbortController();
    const clock = new QuickClock(() => stop.abort(new Error("enough")));
    await assert.rejects(newClient(t, server.url, { clock }).json({ ...GET, signal: stop.signal }), /enough/);
    assert.equal(server.asked.length, 1);
  });

  test("while the server thinks, and in the middle of a body", async (t) => {
    const stop = new AbortController();
    const server = await startHttpServer(t, (_asked, answer, count) => {
      if (count === 0) stop.abort(new Error("enough"));
      else answer.writeHead(200).write("abc");
    });
    const client = newClient(t, server.url);
    await assert.rejects(client.json({ ...GET, signal: stop.signal }), /enough/);
    const later = new AbortController();
    const download = await client.download({ ...GET, signal: later.signal });
    const read = async (): Promise<void> => {
      for await (const _chunk of download.body) later.abort(new Error("no more"));
    };
    await assert.rejects(read, /no more/);
  });
});

describe("streams", () => {
  test("an upload goes in pieces, is opened again for each try, and is counted", async (t) => {
    const server = await startHttpServer(t, (_asked, answer, count) =>
      sendJson(answer, {}, count === 0 ? 502 : 200),
    );
    const client = newClient(t, server.url);
    await upload(client, "x".repeat(200_000));
    assert.deepEqual(
      server.asked.map(({ body }) => body.length),
      [200_000, 200_000],
    );
    assert.equal(server.asked[0]?.headers["content-length"], "200000");
    assert.equal(client.counters.bytesSent, 400_000);
  });

  test("content that fails is the error of the upload, and is not tried again", async (t) => {
    const server = await startHttpServer(t, (_asked, answer) => sendJson(answer, {}));
    let opened = 0;
    const content = async function* (): AsyncGenerator<Uint8Array> {
      opened += 1;
      yield Buffer.from("abc");
      throw new Error("the disk failed");
    };
    const client = newClient(t, server.url);
    await assert.rejects(client.upload({ ...POST, method: "PUT", content, size: null }), /the disk failed/);
    assert.equal(opened, 1);
    assert.equal(server.asked.length, 0);
  });

  test("a server that refuses an upload without reading it is heard or tried again", async (t) => {
    const server = await startHttpServer(t, () => assert.fail("the whole body was read"));
    const client = newClient(t, server.url, { settings: { maxRetries: 1, timeoutMs: 300 } });
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 200);
      while (!stop.signal.aborted) {
        yield Buffer.alloc(10);
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error("stopped by the test");
    };
    await assert.rejects(client.upload({ ...POST, content: endless, size: null }));
  });

  test("a download begins where it is asked to, where the server can", async (t) => {
    const server = await startHttpServer(t, (asked, answer, count) => {
      const range = count === 0 ? undefined : asked.headers.range;
      if (range === undefined) answer.writeHead(200, { "content-length": "6", etag: '"v1"' }).end("abcdef");
      else answer.writeHead(206, { "content-length": "4" }).end("cdef");
    });
    const client = newClient(t, server.url);
    const whole = await client.download({ ...GET, start: 2 });
    assert.deepEqual(
      [whole.start, whole.size, whole.version, await textOf(whole.body)],
      [0, 6, '"v1"', "abcdef"],
    );
    const part = await client.download({ ...GET, start: 2 });
    assert.deepEqual([part.start, part.size, await textOf(part.body)], [2, 4, "cdef"]);
    assert.equal(client.counters.bytesReceived, 10);
  });

  test("a download that is cut says so", async (t) => {
    const server = await startHttpServer(t, (asked, answer) => {
      answer.writeHead(200, { "content-length": "100" }).write("abc", () => asked.socket.destroy());
    });
    const { body } = await newClient(t, server.url).download(GET);
    assert.equal((await errorOf(textOf(body))).code, "REMOTE_UNREACHABLE");
  });

  test("a login page, or an error, is no success of an upload", async (t) => {
    for (const [body, said] of [
      ["<html>please log in</html>", /is no JSON object/],
      ['{"error_code":"INTERNAL_ERROR","message":"disk full"}', /tells of an error/],
    ] as const) {
      const server = await startHttpServer(t, (_asked, answer) => void answer.end(body));
      const client = newClient(t, server.url);
      for (const call of [() => upload(client), () => client.json(POST)]) {
        const error = await errorOf(call());
        assert.equal(error.code, "REMOTE_FAILED");
        assert.match(error.message, said);
        assert.equal(error.data.ambiguous, true);
      }
    }
  });

  test("what goes up and down passes the throttle", async (t) => {
    const server = await startHttpServer(
      t,
      (_asked, answer) => void answer.end(JSON.stringify({ y: "y".repeat(992) })),
    );
    let taken = 0;
    const client = newClient(t, server.url, {
      throttle: {
        take: async (bytes) => {
          taken += bytes;
        },
      },
    });
    await upload(client, "x".repeat(100_000));
    await textOf((await client.download(GET)).body);
    assert.equal(taken, 102_000);
  });
});

function upload(client: HttpClient, text = "abc"): Promise<void> {
  const content = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  };
  return client.upload({ ...POST, method: "PUT", content, size: Buffer.byteLength(text) });
}
