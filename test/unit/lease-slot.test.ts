import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { intercept, type Operation } from "../../core/fs/index.js";
import { claimWriterSlot, liveWriters, processOwner, systemProbes } from "../../core/leases/index.js";
import { isRunstoneError } from "../../store-format/index.js";

const self = processOwner("self");
let top: string;
let run: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "runstone-slot-"));
  run = join(top, "run");
  mkdirSync(run);
});
afterEach(() => {
  intercept(undefined);
  rmSync(top, { recursive: true });
});

test("slot 0 is the run's own metrics; the next ones have their own; given back, they are claimed again", () => {
  const [first, second, third] = [0, 1, 2].map(() => claimWriterSlot(run, self));
  assert.equal(first?.metricsDirectory, join(run, "metrics"));
  assert.equal(first?.linksPath, join(run, "links.jsonl"));
  assert.equal(second?.metricsDirectory, join(run, "writers", "1", "metrics"));
  assert.equal(second?.linksPath, join(run, "writers", "1", "links.jsonl"));
  assert.deepEqual(
    liveWriters(run).map((writer) => writer.n),
    [0, 1, 2],
  );
  second?.release();
  assert.equal(claimWriterSlot(run, self).n, 1);
  first?.release();
  third?.release();
  assert.equal(claimWriterSlot(run, self).n, 0);
});

test("a second release does not take the slot from its next owner", () => {
  const first = claimWriterSlot(run, self);
  first.release();
  const next = claimWriterSlot(run, self);
  first.release();
  assert.deepEqual(liveWriters(run), [{ n: next.n, state: "alive" }]);
});

test("a release that fails can be repeated", () => {
  const slot = claimWriterSlot(run, self);
  intercept({
    before(operation) {
      if (operation.name === "unlink") throw Object.assign(new Error("EIO"), { code: "EIO" });
      return undefined;
    },
  });
  assert.throws(
    () => slot.release(),
    (error) => isRunstoneError(error, "IO_ERROR"),
  );
  intercept(undefined);
  slot.release();
  assert.deepEqual(liveWriters(run), []);
});

test("a claim in a directory that is gone fails and brings nothing back", () => {
  rmSync(run, { recursive: true });
  assert.throws(
    () => claimWriterSlot(run, self),
    (error) => isRunstoneError(error, "IO_ERROR"),
  );
  assert.equal(existsSync(run), false);
});

test("nobody gets in while the run is being sealed", () => {
  mkdirSync(join(run, "writers"));
  writeFileSync(join(run, "writers", "fold.jsonl"), '{"runstone_fold":1}\n');
  assert.throws(
    () => claimWriterSlot(run, self),
    (error) => isRunstoneError(error, "INVALID_STATE"),
  );
  assert.deepEqual(liveWriters(run), []);
});

test("a claim that a fold took away in the middle is made again", () => {
  let taken = false;
  intercept({
    after(operation) {
      if (taken || operation.name !== "unlink" || !existsSync(join(run, "writers", "0", "owner.yaml")))
        return;
      taken = true;
      renameSync(join(run, "writers"), join(top, "folded"));
    },
  });
  const slot = claimWriterSlot(run, self);
  assert.equal(taken, true);
  assert.ok(existsSync(join(run, "writers", String(slot.n), "owner.yaml")));
});

test("a silent writer of another host is not taken for dead", () => {
  claimWriterSlot(run, { ...self, host: { ...self.host, host: "elsewhere" } });
  assert.deepEqual(liveWriters(run), [{ n: 0, state: "alive" }]);
  const later = systemProbes({ now: () => Date.now() + 3_600_000 });
  assert.deepEqual(liveWriters(run, later), [{ n: 0, state: "silent" }]);
});

test("a claim and its release cost a fixed, small number of operations", () => {
  claimWriterSlot(run, self).release();
  const seen: Operation["name"][] = [];
  intercept({ after: (operation) => void seen.push(operation.name) });
  claimWriterSlot(run, self).release();
  // The first two: neither writers/ nor the slot is a link.
  assert.deepEqual(seen, [
    "stat",
    "stat",
    "open",
    "write",
    "close",
    "link",
    "unlink",
    "stat",
    "stat",
    "unlink",
  ]);
});
