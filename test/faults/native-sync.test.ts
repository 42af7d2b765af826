/** A full disk at the remote, and a connection that breaks within a large artifact: nothing half is seen, and it goes on. */
import assert from "node:assert/strict";
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { type TestContext, test } from "node:test";
import { type FileStore, fsck } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { isRunstoneError } from "../../store-format/index.js";
import { answerWith } from "../../sync/native/answer-peer.js";
import { answerAll } from "../../sync/native/answerer.js";
import { openFarPeer } from "../../sync/native/far-peer.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import type { Peer } from "../../sync/native/peer.js";
import { SmallDisk, whyNoMounts } from "../helpers/mounts.js";
import { directoryPeer } from "../helpers/native-peers.js";
import { contentsOf, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";

const MIB = 1_048_576;
const LARGE = (process.env["RUNSTONE_TIER"] === "full" ? 5_120 : 300) * MIB;

test("a push to a full disk says so, leaves nothing half, and goes on when there is room", {
  skip: whyNoMounts(),
}, async (t) => {
  const store = newWorkspace(t);
  for (let n = 0; n < 6; n += 1)
    await makeRun(store, { metrics: points("m", 0, 50), artifacts: { a: "x".repeat(100_000) } });
  const whole = contentsOf(store.context);
  const disk = new SmallDisk({ size: "8m" });
  t.after(() => disk.remove());
  for (const pages of [3, 40, 100]) {
    disk.fill(pages);
    const report = await syncWith(store.context, directoryPeer(disk.workspace), { direction: "push" }).catch(
      (error: unknown) => error,
    );
    const codes = isRunstoneError(report)
      ? [report.code]
      : (report as Awaited<ReturnType<typeof syncWith>>).outcomes.flatMap(({ error }) => error?.code ?? []);
    assert.ok(codes.length > 0 && codes.every((code) => code === "DISK_FULL"), `${pages} pages: ${codes}`);
    disk.empty();
    const there = openDirectory(disk.workspace);
    if (there === null) continue;
    for (const [runId, content] of Object.entries(contentsOf(there))) assert.deepEqual(content, whole[runId]);
    assert.deepEqual(
      fsck(there).damages.filter(({ severity }) => severity === "lost"),
      [],
    );
  }
  await syncWith(store.context, directoryPeer(disk.workspace), { direction: "push" });
  assert.deepEqual(contentsOf(openDirectory(disk.workspace)!), whole);
});

interface Limits {
  /** Bytes from us after which the pipe breaks. */
  readonly there?: number;
  /** Bytes to us after which it does. */
  readonly back?: number;
}

interface CountedPeer {
  readonly peer: Peer;
  /** Bytes that went through in the busier direction. */
  readonly moved: () => number;
  /** The most memory that the process had when bytes went through. */
  readonly rss: () => number;
}

/** A peer over a pipe that breaks after so many bytes. */
async function breakingPeer(t: TestContext, peer: Peer, limits: Limits): Promise<CountedPeer> {
  let rss = 0;
  const counts: (() => number)[] = [];
  const line = (limit = Number.POSITIVE_INFINITY): Transform => {
    let bytes = 0;
    let looked = 0;
    counts.push(() => bytes);
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        if (bytes >= looked + 16 * MIB) {
          looked = bytes;
          rss = Math.max(rss, process.memoryUsage.rss());
        }
        if (bytes > limit) done(new Error("ECONNRESET"));
        else done(null, chunk);
      },
    });
  };
  const [there, back] = [line(limits.there), line(limits.back)];
  there.on("error", () => back.destroy());
  back.on("error", () => there.destroy());
  const hello = { versions: [1], program: "far", capabilities: peer.capabilities };
  const answering = answerAll({ input: there, output: back }, hello, answerWith(peer)).catch(() => undefined);
  const far = await openFarPeer({ streams: { input: back, output: there }, program: "near" });
  t.after(async () => {
    await far.close();
    await answering;
  });
  return { peer: far, moved: () => Math.max(...counts.map((count) => count())), rss: () => rss };
}

function codeOf(report: unknown): string | undefined {
  if (isRunstoneError(report)) return report.code;
  return (report as Awaited<ReturnType<typeof syncWith>>).outcomes[0]?.error?.code;
}

/** A workspace with one run that has one artifact of that size. */
async function storeWithLarge(t: TestContext): Promise<FileStore> {
  const store = newWorkspace(t);
  const source = join(temporaryDirectory(t), "model.bin");
  const fd = openSync(source, "w");
  ftruncateSync(fd, LARGE);
  writeSync(fd, "the end", LARGE - 7);
  closeSync(fd);
  const { info } = await store.createRun({ experimentId: "0" });
  const writer = await store.openRun(info.runId);
  writer.logArtifactFile(source, "model.bin");
  await writer.end({ status: "FINISHED" });
  rmSync(source);
  return store;
}

test(`an artifact of ${LARGE / MIB} MiB goes on where the connection broke, in flat memory`, async (t) => {
  const store = await storeWithLarge(t);
  const path = join(temporaryDirectory(t), "lab");
  const clone = newWorkspace(t);
  const whole = contentsOf(store.context);
  for (const direction of ["push", "pull"] as const) {
    const { context } = direction === "push" ? store : clone;
    const receiver = (): StoreContext => (direction === "push" ? openDirectory(path)! : clone.context);
    const limits = direction === "push" ? { there: LARGE / 2 } : { back: LARGE / 2 };
    const broken = await breakingPeer(t, directoryPeer(path), limits);
    const report = await syncWith(context, broken.peer, { direction }).catch((error: unknown) => error);
    assert.equal(codeOf(report), "REMOTE_UNREACHABLE");
    assert.deepEqual(contentsOf(receiver()), {});
    const unbroken = await breakingPeer(t, directoryPeer(path), {});
    const again = await syncWith(context, unbroken.peer, { direction });
    assert.equal(again.counts.done, 1, String(again.outcomes[0]?.error));
    const [first, second] = [broken.moved(), unbroken.moved()];
    assert.ok(second < LARGE - first + 20 * MIB, `${second} bytes were sent after ${first}`);
    assert.deepEqual(contentsOf(receiver()), whole);
    assert.deepEqual(fsck(receiver()).damages, []);
    const rss = Math.max(broken.rss(), unbroken.rss());
    t.diagnostic(
      `${direction}: ${Math.round(first / MIB)} MiB, then ${Math.round(second / MIB)} MiB; at most ${Math.round(rss / MIB)} MiB of memory`,
    );
    assert.ok(rss < 768 * MIB, `${rss} bytes of memory`);
  }
});
