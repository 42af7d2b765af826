/** `--limit-rate` between two stores: every byte that travels is taken from the throttle, and the pace is the rate. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { test } from "node:test";
import { RateLimiter } from "../../sync/http/index.js";
import type { ByteStreams } from "../../sync/native/byte-stream.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import { peerOverPipe } from "../../sync/native/peer-over-pipe.js";
import { shapedStreams } from "../../sync/native/shaped-streams.js";
import { directoryPeer } from "../helpers/native-peers.js";
import { contentsOf, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";
import { QuickClock } from "../sync/http-support.js";

const RATE = 50_000;

/** Counts what passes between the throttle and the far end. */
function counted({ input, output }: ByteStreams, add: (bytes: number) => void): ByteStreams {
  const counter = (): Transform =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        add(chunk.length);
        done(null, chunk);
      },
    });
  const there = counter();
  there.pipe(output);
  return { input: input.pipe(counter()), output: there };
}

test("a push and a pull take the time that their bytes need at the rate", async (t) => {
  const store = newWorkspace(t);
  for (let n = 0; n < 3; n += 1)
    await makeRun(store, {
      metrics: points("loss", 0, 400),
      artifacts: { a: `${n}${"x".repeat(100_000)}` },
    });
  const clone = newWorkspace(t);
  const path = join(temporaryDirectory(t), "lab");
  for (const [direction, { context }] of [["push", store] as const, ["pull", clone] as const]) {
    let bytes = 0;
    const clock = new QuickClock();
    const limiter = new RateLimiter(RATE, clock);
    const { peer, close } = await peerOverPipe(directoryPeer(path), (streams) =>
      shapedStreams(
        counted(streams, (more) => (bytes += more)),
        limiter,
      ),
    );
    const report = await syncWith(context, peer, { direction });
    await close();
    assert.equal(report.counts.done, 3);
    assert.ok(bytes > 300_000, `${bytes} bytes`);
    const needed = (bytes / RATE) * 1000;
    assert.ok(Math.abs(clock.now() - needed) < 500, `${clock.now()} ms for ${needed}`);
  }
  assert.deepEqual(contentsOf(openDirectory(path)!), contentsOf(store.context));
  assert.deepEqual(contentsOf(clone.context), contentsOf(store.context));
});

test("a stream that breaks breaks through the throttle, both ways", async () => {
  for (const broken of ["input", "output"] as const) {
    const streams = { input: new PassThrough(), output: new PassThrough() };
    const shaped = shapedStreams(streams, { take: async () => undefined });
    const seen = new Promise<Error>((resolve) => shaped[broken].on("error", resolve));
    streams[broken].destroy(new Error("ECONNRESET"));
    assert.equal((await seen).message, "ECONNRESET");
  }
  const streams = { input: new PassThrough(), output: new PassThrough() };
  const shaped = shapedStreams(streams, { take: async () => undefined });
  const closed = new Promise((resolve) => streams.output.on("close", resolve));
  shaped.output.destroy();
  await closed;
});

test("rates far above what a timer can tell apart are kept", async () => {
  const clock = new QuickClock();
  const limiter = new RateLimiter(1e9, clock);
  for (let n = 0; n < 100_000; n += 1) await limiter.take(4_096);
  assert.ok(clock.waits.length < 100, `${clock.waits.length} waits`);
  assert.ok(clock.now() > 400, `${clock.now()} ms`);
});
