/** What was moved away in the middle of a write must not come back as an empty shell that MLflow fails on. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import {
  BUILDING_SITE,
  claimDirectory,
  createFile,
  intercept,
  LineAppender,
  moveDirectory,
  type OperationName,
  publishDirectory,
  replaceFile,
  writeNewFile,
} from "../../core/fs/index.js";

const BYTES = new TextEncoder().encode("x\n");

/** `<root>/owner`, which moves to `<root>/elsewhere` just before the first call of that name. */
function movedBefore(t: TestContext, call: OperationName): { root: string; owner: string } {
  const root = mkdtempSync(join(tmpdir(), "runstone-"));
  const owner = join(root, "owner");
  mkdirSync(owner);
  let isMoved = false;
  intercept({
    before({ name }) {
      if (name === call && !isMoved) {
        isMoved = true;
        renameSync(owner, join(root, "elsewhere"));
      }
      return undefined;
    },
  });
  t.after(() => {
    intercept(undefined);
    rmSync(root, { recursive: true });
  });
  return { root, owner };
}

describe("an owner that is moved away during a write", () => {
  const gone = { code: "IO_ERROR" };

  test("replaceFile and createFile fail and make no directory", (t) => {
    for (const name of ["meta.yaml", "tags/a/b"]) {
      const replaced = movedBefore(t, "rename");
      const place = { temporaryIn: replaced.owner, sync: false };
      assert.throws(() => replaceFile(join(replaced.owner, name), BYTES, place), gone, name);
      assert.equal(existsSync(replaced.owner), false);
      const created = movedBefore(t, "link");
      const other = { temporaryIn: created.owner, sync: false };
      assert.throws(() => createFile(join(created.owner, name), BYTES, other), gone, name);
      assert.equal(existsSync(created.owner), false);
    }
  });

  test("LineAppender, told its owner, too", (t) => {
    const { owner } = movedBefore(t, "open");
    const appender = LineAppender.open(join(owner, "metrics", "a", "b"), {
      keepTorn: () => {},
      temporaryIn: owner,
    });
    assert.throws(() => appender.append(BYTES), gone);
    assert.equal(existsSync(owner), false);
  });

  test("publishDirectory, moveDirectory and claimDirectory, too, and leave nothing in the building site", (t) => {
    const { root, owner } = movedBefore(t, "open");
    const build = (draft: string) => writeNewFile(join(draft, "meta.yaml"), BYTES, false);
    assert.throws(() => publishDirectory(root, join(owner, "run"), build), gone);
    assert.throws(() => moveDirectory(root, join(root, "elsewhere"), join(owner, "run")), gone);
    assert.throws(() => claimDirectory(join(owner, "inputs")), gone);
    assert.deepEqual(readdirSync(root), ["elsewhere"]);
  });

  test("a store that was moved away is not made again", (t) => {
    const { root, owner } = movedBefore(t, "mkdir");
    const build = (draft: string) => writeNewFile(join(draft, "meta.yaml"), BYTES, false);
    assert.throws(() => publishDirectory(owner, join(owner, "1"), build), gone);
    assert.deepEqual(readdirSync(root), ["elsewhere"]);
  });

  test("an empty building site that another process clears at that moment is no failure", (t) => {
    const root = mkdtempSync(join(tmpdir(), "runstone-"));
    t.after(() => rmSync(root, { recursive: true }));
    let cleared = 0;
    intercept({
      after({ name }) {
        if (name !== "rename") return;
        rmdirSync(join(root, BUILDING_SITE));
        cleared += 1;
      },
    });
    t.after(() => intercept(undefined));
    const build = (draft: string) => writeNewFile(join(draft, "meta.yaml"), BYTES, false);
    assert.equal(publishDirectory(root, join(root, "1"), build), true);
    assert.deepEqual([readdirSync(root), cleared], [["1"], 1]);
  });

  test("directories below an owner that is there are made", (t) => {
    const { root } = movedBefore(t, "chmod");
    const owner = join(root, "owner");
    replaceFile(join(owner, "tags", "a", "b"), BYTES, { temporaryIn: owner, sync: true });
    const appender = LineAppender.open(join(owner, "metrics", "c", "d"), {
      keepTorn: () => {},
      temporaryIn: owner,
    });
    appender.append(BYTES);
    appender.close();
    assert.ok(existsSync(join(owner, "tags", "a", "b")) && existsSync(join(owner, "metrics", "c", "d")));
  });
});
