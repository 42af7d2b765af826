import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { BUILDING_SITE, intercept, publishDirectory, writeNewFile } from "../../core/fs/index.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "runstone-publish-"));
});
afterEach(() => {
  intercept(undefined);
  rmSync(root, { recursive: true, force: true });
});

test("another process may clear the building site as soon as the last draft has left it", () => {
  const site = join(root, BUILDING_SITE);
  intercept({
    after(operation) {
      if (operation.name === "rename") rmdirSync(site);
    },
  });
  const final = join(root, "new");
  const build = (draft: string) => writeNewFile(join(draft, "file"), Buffer.from("content"), true);
  assert.equal(publishDirectory(root, final, build), true);
  assert.equal(readFileSync(join(final, "file"), "utf8"), "content");
  assert.equal(existsSync(site), false);
});
