/** A full disk at the remote, and a connection that breaks within a large artifact: nothing half is seen, and it goes on. */
import assert from "node:assert/strict";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { type TestContext, test } from "node:test";
import { fsck } from "../../core/index.js";
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

/** A peer over a pipe that breaks after so many bytes from us; `sent` tells how many went through. */
async function breakingPeer(
  t: TestContext,
  peer: Peer,
  breakAfter: number,
): Promise<{ peer: Peer; sent: () => number }> {
  let sent = 0;
  const there = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      if (sent > breakAfter) done(new Error("ECONNRESET"));
      else done(null, chunk);
    },
  });
  const back = new PassThrough();
  there.on("error", () => back.destroy());
  const hello = { versions: [1], program: "far", capabilities: peer.capabilities };
  const answering = answerAll({ input: there, output: back }, hello, answerWith(peer)).catch(() => undefined);
  const far = await openFarPeer({ streams: { input: back, output: there }, program: "near" });
  t.after(async () => {
    await far.close();
    await answering;
  });
  return { peer: far, sent: () => sent };
}

test(`an artifact of ${LARGE / MIB} MiB goes on where the connection broke`, async (t) => {
  const store = newWorkspace(t);
  const place = mkdtempSync(join(tmpdir(), "runstone-large-"));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const source = join(place, "model.bin");
  const fd = openSync(source, "w");
  ftruncateSync(fd, LARGE);
  writeSync(fd, "the end", LARGE - 7);
  closeSync(fd);
  const { info } = await store.createRun({ experimentId: "0" });
  const writer = await store.openRun(info.runId);
  writer.logArtifactFile(source, "model.bin");
  await writer.end({ status: "FINISHED" });
  const path = join(temporaryDirectory(t), "lab");
  const broken = await breakingPeer(t, directoryPeer(path), LARGE / 2);
  const report = await syncWith(store.context, broken.peer, { direction: "push" }).catch(
    (error: unknown) => error,
  );
  const code = isRunstoneError(report)
    ? report.code
    : (report as Awaited<ReturnType<typeof syncWith>>).outcomes[0]?.error?.code;
  assert.equal(code, "REMOTE_UNREACHABLE");
  assert.deepEqual(contentsOf(openDirectory(path)!), {});
  const whole = await breakingPeer(t, directoryPeer(path), Number.POSITIVE_INFINITY);
  const again = await syncWith(store.context, whole.peer, { direction: "push" });
  assert.equal(again.counts.done, 1, String(again.outcomes[0]?.error));
  assert.ok(whole.sent() < LARGE / 2 + 20 * MIB, `${whole.sent()} bytes were sent again`);
  assert.deepEqual(contentsOf(openDirectory(path)!), contentsOf(store.context));
});
