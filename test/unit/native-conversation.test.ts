import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Hello,
  INITIAL_WINDOW_BYTES,
  type Item,
  MAX_ITEM_DATA_BYTES,
  MAX_OPEN_REQUESTS,
  serializeFrame,
  serializeItem,
} from "../../protocol/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { answerAll, type Handler } from "../../sync/native/answerer.js";
import { Asker } from "../../sync/native/asker.js";
import { connection } from "../helpers/connection.js";

const HELLO: Hello = { versions: [1], program: "test", capabilities: ["write"] };

async function talk(handler: Handler, ask: (asker: Asker) => Promise<void>): Promise<void> {
  const [mine, theirs] = connection();
  const answering = answerAll(theirs, HELLO, handler);
  const asker = await Asker.open(mine, HELLO);
  await ask(asker);
  asker.close();
  await answering;
}

async function all(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const echo: Handler = async ({ args, items }) => ({
  header: { said: args.raw("word") },
  body: (async function* () {
    for await (const { head, data } of items) yield serializeItem(head, data);
  })(),
});

describe("a conversation", () => {
  test("many requests at once, each with a body that comes back whole", async () => {
    await talk(echo, async (asker) => {
      const answers = Array.from({ length: 3 * MAX_OPEN_REQUESTS }, async (_, n) => {
        const pieces = Array.from({ length: 5 }, (_item, i) =>
          serializeItem({ n, i }, Buffer.alloc(n * 100, i)),
        );
        const { header, items } = await asker.ask("echo", { word: n }, pieces);
        assert.deepEqual(header, { said: n });
        const found = await all(items);
        assert.deepEqual(
          found.map(({ head, data }) => ({ head, data: Buffer.from(data) })),
          pieces.map((_item, i) => ({ head: { n, i }, data: Buffer.alloc(n * 100, i) })),
        );
      });
      await Promise.all(answers);
      assert.equal(asker.requests, 3 * MAX_OPEN_REQUESTS);
    });
  });

  test("a sender waits until its bytes are read", async () => {
    let sent = 0;
    let read: () => void = () => undefined;
    const mayRead = new Promise<void>((resolve) => {
      read = resolve;
    });
    const lazy: Handler = async ({ items }) => {
      await mayRead;
      return { header: { count: (await all(items)).length } };
    };
    await talk(lazy, async (asker) => {
      const total = 40;
      const block = Buffer.alloc(MAX_ITEM_DATA_BYTES);
      const body = (function* () {
        for (let i = 0; i < total; i += 1) {
          yield serializeItem({ i }, block);
          sent += block.length;
        }
      })();
      const answer = asker.ask("lazy", {}, body);
      // Another request goes through meanwhile: nothing but this body waits.
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(sent <= INITIAL_WINDOW_BYTES + block.length, `${sent} bytes were sent unread`);
      read();
      assert.deepEqual((await answer).header, { count: total });
    });
  });

  test("an error of one request is its answer, and the others go on", async () => {
    const failing: Handler = async (request) => {
      if (request.method === "echo") return echo(request);
      throw new RunstoneError("DISK_FULL", "no space left", { hint: "Make room.", data: { path: "x" } });
    };
    await talk(failing, async (asker) => {
      const [bad, good] = [asker.ask("fail", {}, [serializeItem(1)]), asker.ask("echo", { word: 1 })];
      await assert.rejects(bad, (error) => {
        assert.ok(isRunstoneError(error, "DISK_FULL"));
        assert.equal(error.hint, "Make room.");
        assert.equal(error.data["path"], "x");
        return true;
      });
      assert.deepEqual((await good).header, { said: 1 });
    });
  });

  test("an answer that fails midway is an error to who reads it", async () => {
    const broken: Handler = async () => ({
      body: (function* () {
        yield serializeItem(1);
        throw new RunstoneError("IO_ERROR", "the disk is broken");
      })(),
    });
    await talk(broken, async (asker) => {
      const { items } = await asker.ask("broken");
      await assert.rejects(all(items), (error) => isRunstoneError(error, "IO_ERROR"));
    });
  });

  test("an endless answer can be given up", async () => {
    let ended: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const endless: Handler = async () => ({
      body: (function* () {
        try {
          for (let i = 0; ; i += 1) yield serializeItem(i, Buffer.alloc(10_000));
        } finally {
          ended();
        }
      })(),
    });
    await talk(endless, async (asker) => {
      const { items } = await asker.ask("endless");
      for await (const { head } of items) if (head === 3) break;
      await over;
      assert.deepEqual((await asker.ask("endless")).header, {});
    });
  });

  test("sides without a version in common say so", async () => {
    const [mine, theirs] = connection();
    const answering = answerAll(theirs, { ...HELLO, versions: [2, 3] }, echo);
    await assert.rejects(Asker.open(mine, HELLO), (error) => {
      assert.ok(isRunstoneError(error, "UNSUPPORTED"));
      assert.deepEqual(error.data["theirs"], [2, 3]);
      return true;
    });
    await assert.rejects(answering);
  });

  test("text in place of the protocol is shown", async () => {
    const [mine, theirs] = connection();
    theirs.output.write("Welcome to node17!\nYou have mail.\n");
    await assert.rejects(Asker.open(mine, HELLO), /Welcome to node17!/);
  });

  test("a connection that breaks fails what is open, and what is asked later", async () => {
    const [mine, theirs] = connection();
    const silent: Handler = () => new Promise(() => undefined);
    void answerAll(theirs, HELLO, silent).catch(() => undefined);
    const asker = await Asker.open(mine, HELLO);
    const open = asker.ask("silent");
    theirs.output.destroy();
    mine.input.destroy(new Error("ECONNRESET"));
    await assert.rejects(open, (error) => isRunstoneError(error, "REMOTE_UNREACHABLE"));
    await assert.rejects(asker.ask("silent"), (error) => isRunstoneError(error, "REMOTE_UNREACHABLE"));
  });

  const hostileFrames = {
    "an answer to nothing": serializeFrame({
      kind: "answer",
      request: 7,
      header: {},
      payload: new Uint8Array(),
    }),
    "a request from the answering side": serializeFrame({
      kind: "request",
      request: 1,
      header: {},
      payload: new Uint8Array(),
    }),
    "a second hello": serializeFrame({ kind: "hello", request: 0, header: {}, payload: new Uint8Array() }),
    "a body without end": Buffer.concat(
      Array.from({ length: 1 + INITIAL_WINDOW_BYTES / 262_144 }, () =>
        serializeFrame({ kind: "data", request: 1, header: {}, payload: new Uint8Array(262_144) }),
      ),
    ),
  };
  for (const [what, bytes] of Object.entries(hostileFrames))
    test(`${what} ends the conversation`, async () => {
      const [mine, theirs] = connection();
      theirs.output.write(
        serializeFrame({
          kind: "hello",
          request: 0,
          header: { runstone: "sync", versions: [1], program: "evil", capabilities: [] },
          payload: new Uint8Array(),
        }),
      );
      const asker = await Asker.open(mine, HELLO);
      const open = asker.ask("anything");
      theirs.output.write(bytes);
      await assert.rejects(open, (error) => isRunstoneError(error, "REMOTE_FAILED"));
    });
});
