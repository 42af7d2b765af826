/** Writers that come while a run's slots are being folded: each is either kept out or kept. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { intercept, LineAppender } from "../../core/fs/index.js";
import { claimWriterSlot, processOwner, type WriterSlot } from "../../core/leases/index.js";
import { foldWriters } from "../../core/store/runs/fold-writers.js";
import { isRunstoneError } from "../../store-format/index.js";

const self = processOwner("self");
let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "runstone-fold-"));
});
afterEach(() => {
  intercept(undefined);
  rmSync(top, { recursive: true });
});

function log(slot: WriterSlot, value: number): string {
  const line = `1 ${value} 0\n`;
  const appender = LineAppender.open(join(slot.metricsDirectory, "loss"), {
    keepTorn: () => {},
    temporaryIn: top,
  });
  appender.append(new TextEncoder().encode(line));
  appender.close();
  return line;
}

/** Two writers at a time; what both could log. Those kept out log nothing. */
function twoWriters(run: string, stay: boolean): string[] {
  const slots: WriterSlot[] = [];
  try {
    slots.push(claimWriterSlot(run, self), claimWriterSlot(run, self));
  } catch (error) {
    if (!isRunstoneError(error, "INVALID_STATE")) throw error;
  }
  const lines = slots.map((slot, index) => log(slot, index + 1));
  if (!stay) for (const slot of slots) slot.release();
  return lines;
}

for (const stay of [false, true]) {
  test(`two writers that come before any operation of a fold and ${stay ? "stay" : "leave"}`, () => {
    for (let point = 0, reached = true; reached; point += 1) {
      const run = mkdtempSync(join(top, "run-"));
      mkdirSync(join(run, "metrics"));
      const lines = [log(claimWriterSlot(run, self), 0)];
      rmSync(join(run, "writers", "0", "owner.yaml"));
      let seen = 0;
      reached = false;
      let inside = false;
      intercept({
        before() {
          if (inside || seen++ !== point) return undefined;
          reached = true;
          inside = true;
          lines.push(...twoWriters(run, stay));
          inside = false;
          return undefined;
        },
      });
      foldWriters(run);
      intercept(undefined);
      const files = ["metrics/loss", "writers/1/metrics/loss"].map((path) => join(run, path));
      const found = files
        .filter(existsSync)
        .flatMap((path) => readFileSync(path, "utf8").match(/.*\n/g) ?? []);
      assert.deepEqual(found.sort(), lines.sort(), `point ${point}`);
    }
  });
}

for (const code of ["EIO", "EACCES"]) {
  test(`a slot that cannot be listed (${code}) is not taken for an empty one`, () => {
    const run = mkdtempSync(join(top, "run-"));
    mkdirSync(join(run, "metrics"));
    const lines = twoWriters(run, false).sort();
    intercept({
      before({ name, path }) {
        if (name === "readdir" && path.endsWith("writers/1/metrics"))
          throw Object.assign(new Error(`${code}: injected`), { code, syscall: "scandir" });
        return undefined;
      },
    });
    assert.throws(() => foldWriters(run), isRunstoneError);
    intercept(undefined);
    assert.ok(existsSync(join(run, "writers", "1", "metrics", "loss")));

    assert.equal(foldWriters(run), true);
    const folded = readFileSync(join(run, "metrics", "loss"), "utf8").match(/.*\n/g);
    assert.deepEqual(folded?.sort(), lines);
  });
}
