/** Where the index lies, and where it does not. */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { indexDirectoryOf } from "../../core/index/index-directory.js";
import { isNetworkFileSystem } from "../../core/index/network-file-systems.js";
import { refreshIndex } from "../../core/index/refresh-index.js";
import { openContext } from "../../core/store/open-context.js";
import { contextWith, everythingIn, filesIn, manyRuns, open } from "../helpers/indexed-runs.js";
import { contextOf, temporaryDirectory } from "../helpers/new-store.js";
import { makeStore, treeDigest } from "./read-fixture.js";

const isRoot = process.getuid?.() === 0;

function newBench(t: TestContext): { readonly root: string; readonly directory: string } {
  return { root: makeStore(t, manyRuns(2)).root, directory: join(temporaryDirectory(t), "cache", "index") };
}

function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

describe("the directory of the user's cache", () => {
  for (const [platform, env, expected] of [
    ["linux", { HOME: "/home/ana" }, "/home/ana/.cache/runstone/index"],
    ["linux", { HOME: "/home/ana", XDG_CACHE_HOME: "/var/c" }, "/var/c/runstone/index"],
    ["linux", { HOME: "/home/ana", XDG_CACHE_HOME: "relative" }, "/home/ana/.cache/runstone/index"],
    ["linux", {}, null],
    ["linux", { HOME: "" }, null],
    ["darwin", { HOME: "/Users/ana" }, "/Users/ana/Library/Caches/runstone/index"],
    [
      "win32",
      { LOCALAPPDATA: "C:\\Users\\ana\\AppData\\Local" },
      "C:\\Users\\ana\\AppData\\Local\\runstone\\index",
    ],
    ["win32", { HOME: "/home/ana" }, null],
  ] as const) {
    test(`${platform} ${JSON.stringify(env)}`, () => {
      assert.equal(indexDirectoryOf(env, platform), expected);
    });
  }
});

test("directories are the user's alone, and so are files", (t) => {
  const { root, directory } = newBench(t);
  open(contextWith(root, directory));
  const made = [dirname(directory), directory, ...everythingIn(directory)];
  for (const path of made) assert.equal(modeOf(path), lstatSync(path).isDirectory() ? "700" : "600", path);
  assert.ok(made.length > 6);
});

test("nothing is written into the store", (t) => {
  const { root, directory } = newBench(t);
  const before = treeDigest(root);
  open(contextWith(root, directory));
  open(contextWith(root, directory), { refresh: "full" });
  assert.equal(treeDigest(root), before);
});

test("a store that is copied, moved or made anew has an index of its own", (t) => {
  const { root, directory } = newBench(t);
  open(contextWith(root, directory));
  const home = (at: string) => refreshIndex(contextWith(at, directory));
  const first = home(root);
  assert.equal(first.added, 0);
  cpSync(root, `${root}-copy`, { recursive: true });
  const copy = home(`${root}-copy`);
  assert.equal(copy.added, 4);
  assert.notEqual(copy.directory, first.directory);
  renameSync(root, `${root}-aside`);
  cpSync(`${root}-aside`, root, { recursive: true });
  assert.equal(home(root).added, 4, "another directory of the same name");
});

test("the index of a store that is gone goes after a month, and no other", (t) => {
  const { root, directory } = newBench(t);
  const homes = ["one", "two", "three"].map((name) => {
    const copy = join(dirname(root), name);
    cpSync(root, copy, { recursive: true });
    const { directory: home } = refreshIndex(contextWith(copy, directory));
    assert.ok(home !== null);
    return { copy, home };
  });
  const [goneLong, goneLately, there] = homes;
  assert.ok(goneLong !== undefined && goneLately !== undefined && there !== undefined);
  for (const { copy } of [goneLong, goneLately]) rmSync(copy, { recursive: true });
  const monthAgo = Date.now() / 1000 - 31 * 86_400;
  for (const { home } of [goneLong, there]) utimesSync(home, monthAgo, monthAgo);
  open(contextWith(root, directory));
  assert.deepEqual(
    [goneLong, goneLately, there].map(({ home }) => existsSync(home)),
    [false, true, true],
  );
});

test("a newer release's index beside it is left alone", (t) => {
  const { root, directory } = newBench(t);
  mkdirSync(join(directory, "runs-99.1", "x"), { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, "runs-99.1", "x", "y.state"), "newer");
  open(contextWith(root, directory));
  assert.equal(open(contextWith(root, directory)).table.rowCount, 4);
  assert.deepEqual(readdirSync(join(directory, "runs-99.1", "x")), ["y.state"]);
});

describe("without a place to keep it, searches go on and say so once", () => {
  const refused = (t: TestContext, spoil: (home: string) => void) => {
    const { root, directory } = newBench(t);
    const { directory: home } = refreshIndex(contextWith(root, directory));
    assert.ok(home !== null);
    spoil(home);
    const warnings: string[] = [];
    const context = contextWith(root, directory, warnings);
    for (let round = 0; round < 3; round += 1) assert.equal(open(context).table.rowCount, 4);
    assert.equal(warnings.length, 1, warnings.join("; "));
    assert.match(warnings[0] ?? "", /without a kept index/);
  };

  test("others may write to it", (t) => refused(t, (home) => chmodSync(home, 0o777)));
  test("it is somebody else's", { skip: !isRoot }, (t) =>
    refused(t, (home) => chownSync(home, 12_345, 12_345)),
  );
  test("it is a link", (t) =>
    refused(t, (home) => {
      renameSync(home, `${home}-aside`);
      symlinkSync(`${home}-aside`, home);
    }));
  test("a file is in its place", (t) => {
    const { root } = newBench(t);
    const file = join(temporaryDirectory(t), "file");
    writeFileSync(file, "");
    const warnings: string[] = [];
    const context = contextWith(root, join(file, "index"), warnings);
    for (let round = 0; round < 2; round += 1) assert.equal(open(context).table.rowCount, 4);
    assert.equal(warnings.length, 1);
  });
  test("a read-only home", { skip: process.platform !== "linux" }, (t) => {
    const { root } = newBench(t);
    const warnings: string[] = [];
    assert.equal(open(contextWith(root, "/proc/runstone", warnings)).table.rowCount, 4);
    assert.equal(warnings.length, 1);
  });
});

test("no cache directory: in memory only, which is no matter of warning", (t) => {
  const { root } = newBench(t);
  const context = contextOf(root);
  assert.equal(open(context).table.rowCount, 4);
  assert.equal(open(context).home, "no-place");
});

describe("config.yaml", () => {
  function workspaceWith(t: TestContext, index: string) {
    const { root, directory } = newBench(t);
    const workspace = dirname(root);
    mkdirSync(join(workspace, ".runstone"));
    writeFileSync(join(workspace, ".runstone", "config.yaml"), `format: 1\nindex: ${index}\n`);
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    const start = () => openContext({ cwd: workspace, indexDirectory: directory, warn });
    return { start, directory, own: join(workspace, ".runstone", "index"), warnings };
  }

  test("index: workspace", (t) => {
    const { start, directory, own } = workspaceWith(t, "workspace");
    open(start());
    assert.ok(filesIn(own).length > 3);
    assert.ok(!existsSync(directory));
    assert.equal(refreshIndex(start()).added, 0);
  });

  test("index: none", (t) => {
    const { start, directory, own } = workspaceWith(t, "none");
    assert.equal(open(start()).home, "off");
    assert.ok(!existsSync(directory) && !existsSync(own));
  });

  test("a link in the place of .runstone/index, as a clone may bring it, is not followed", (t) => {
    const { start, own, warnings } = workspaceWith(t, "workspace");
    const elsewhere = temporaryDirectory(t);
    symlinkSync(elsewhere, own);
    assert.equal(open(start()).table.rowCount, 4);
    assert.deepEqual(readdirSync(elsewhere), []);
    assert.equal(warnings.length, 1);
  });
});

test("network file systems are told by their numbers", { skip: process.platform !== "linux" }, () => {
  for (const type of [0x6969, 0xff534d42, 0x0bd00bd0, 0x47504653, 0x65735546, -11317950])
    assert.ok(isNetworkFileSystem(type), type.toString(16));
  for (const type of [0xef53, 0x01021994, 0x58465342, 0x9123683e, 0x794c7630, null])
    assert.ok(!isNetworkFileSystem(type), String(type));
});

test("runstone refresh --rebuild reads everything anew", (t) => {
  const { root, directory } = newBench(t);
  refreshIndex(contextWith(root, directory));
  const report = refreshIndex(contextWith(root, directory), { rebuild: true });
  assert.deepEqual([report.runs, report.added, report.experiments], [4, 4, 2]);
});
