import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { intercept } from "../../core/fs/index.js";
import { makeDirectories } from "../../core/fs/replace-file.js";
import { temporaryDirectory } from "../helpers/new-store.js";

test("every missing parent is made, and what is there stays", (t) => {
  const place = temporaryDirectory(t);
  makeDirectories(join(place, "a/b/c"));
  makeDirectories(join(place, "a/b/c"));
  assert.ok(statSync(join(place, "a/b/c")).isDirectory());
});

test("nothing is made at or above `below`", (t) => {
  const place = temporaryDirectory(t);
  const below = join(place, "gone");
  assert.throws(() => makeDirectories(join(below, "a/b"), { below }), { code: "ENOENT" });
  assert.ok(!existsSync(below));
});

test("a file system that takes no directories is an error, and not an endless loop", {
  skip: !existsSync("/proc/self"),
}, () => {
  // The parent is there, and mkdir says ENOENT all the same.
  assert.throws(() => makeDirectories("/proc/no-such/a/b"), /E(NOENT|ACCES|PERM|ROFS)/);
});

test("the tries are counted over all parents together", { skip: !existsSync("/proc/self") }, (t) => {
  let made = 0;
  intercept({
    before({ name }) {
      made += name === "mkdir" ? 1 : 0;
      if (made > 1_000) throw new Error("no end");
      return undefined;
    },
  });
  t.after(() => intercept(undefined));
  assert.throws(() => makeDirectories("/proc/no-such/a/b/c/d/e"), /E(NOENT|ACCES|PERM|ROFS)/);
});
