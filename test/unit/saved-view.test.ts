/** Saved views: what was kept comes back, and a file that says something else is refused. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  listSavedViews,
  readSavedView,
  removeSavedView,
  writeSavedView,
} from "../../core/workspace/saved-views.js";
import {
  isRunstoneError,
  isSavedViewName,
  parseSavedView,
  type SavedView,
  serializeSavedView,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { temporaryDirectory } from "../helpers/new-store.js";

const EMPTY: SavedView = {
  experiments: [],
  orderBy: [],
  columns: [],
  groupBy: [],
  stats: false,
  tree: false,
  joinRanks: false,
};

function workspace(t: Parameters<typeof temporaryDirectory>[0]): string {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, ".runstone"));
  return directory;
}

function refuses(code: string, call: () => unknown): void {
  assert.throws(call, (error) => isRunstoneError(error) && error.code === code);
}

describe("saved views", () => {
  test("every text comes back as it was", () => {
    const texts = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 });
    const some = fc.option(fc.string({ unit: "grapheme" }), { nil: undefined });
    const views = fc.record({
      filter: some,
      experiments: texts,
      view: some,
      orderBy: texts,
      columns: texts,
      groupBy: texts,
      best: some,
      limit: fc.option(fc.nat(), { nil: undefined }),
      stats: fc.boolean(),
      tree: fc.boolean(),
      joinRanks: fc.boolean(),
    });
    fc.assert(
      fc.property(views, (view) => {
        assert.deepEqual(parseSavedView(Buffer.from(serializeSavedView(view))), { ...view });
      }),
    );
  });

  test("they are written, listed, read, replaced and removed", (t) => {
    const place = workspace(t);
    assert.deepEqual(listSavedViews(place), []);
    writeSavedView(place, "b", { ...EMPTY, filter: "metrics.loss < 1" });
    writeSavedView(place, "a.2", { ...EMPTY, tree: true });
    writeSavedView(place, "b", { ...EMPTY, limit: 3 });
    assert.deepEqual(listSavedViews(place), ["a.2", "b"]);
    assert.deepEqual([readSavedView(place, "b").limit, readSavedView(place, "b").filter], [3, undefined]);
    removeSavedView(place, "b");
    assert.deepEqual(listSavedViews(place), ["a.2"]);
    refuses("RESOURCE_DOES_NOT_EXIST", () => readSavedView(place, "b"));
    refuses("RESOURCE_DOES_NOT_EXIST", () => removeSavedView(place, "b"));
  });

  test("a name is a file of its own, wherever it comes from", (t) => {
    const place = workspace(t);
    for (const name of [
      "",
      ".",
      "..",
      "../config",
      "a/b",
      "a\\b",
      ".hidden",
      "a b",
      "x".repeat(65),
      "a.",
      "-a",
    ]) {
      assert.ok(!isSavedViewName(name), name);
      refuses("INVALID_PARAMETER_VALUE", () => writeSavedView(place, name, EMPTY));
      refuses("INVALID_PARAMETER_VALUE", () => readSavedView(place, name));
    }
  });

  test("nothing is written through a link, nor removed", (t) => {
    const place = workspace(t);
    const elsewhere = temporaryDirectory(t);
    symlinkSync(elsewhere, join(place, ".runstone", "views"));
    writeFileSync(join(elsewhere, "a.yaml"), "format: 1\n");
    refuses("PERMISSION_DENIED", () => writeSavedView(place, "a", EMPTY));
    refuses("PERMISSION_DENIED", () => removeSavedView(place, "a"));
  });

  test("a file that is damaged or newer is named, not half understood", () => {
    const parse = (text: string) => () => parseSavedView(Buffer.from(text));
    for (const text of [
      "",
      "[",
      "filter: a\n",
      "format: x\n",
      "format: 1\ncolumns: a\n",
      "format: 1\nlimit: -1\n",
    ])
      refuses("DAMAGED", parse(text));
    refuses("DAMAGED", parse("format: 1\ntree: maybe\n"));
    refuses("DAMAGED", parse("format: 1\nfilter:\n- a\n"));
    refuses("FORMAT_TOO_NEW", parse("format: 2\n"));
  });
});
