/** Artifacts: the run's own directory first, nothing from outside the store, ranges. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { artifactFile, listArtifacts, readArtifact, resolveArtifactDirectory } from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { addFiles, makeStore, oneRun, onlyRun, RUN, runMeta } from "./read-fixture.js";

function textOf(blocks: Iterable<Uint8Array>): string {
  let text = "";
  for (const block of blocks) text += Buffer.from(block).toString("latin1");
  return text;
}

test("one level or everything, in code-point order, half-written files hidden", (context) => {
  const paths = makeStore(
    context,
    oneRun({
      "1/RUN/artifacts/plots/roc.png": "12345",
      "1/RUN/artifacts/plots/deep/a b.txt": "1",
      "1/RUN/artifacts/Z": "",
      "1/RUN/artifacts/.artifact.uploading.x": "half",
    }),
  );
  const directory = resolveArtifactDirectory(paths, onlyRun(paths));
  assert.ok(directory !== null);
  assert.deepEqual(listArtifacts(directory), [
    { path: "Z", isDir: false, size: 0 },
    { path: "plots", isDir: true, size: null },
  ]);
  assert.deepEqual(
    listArtifacts(directory, "plots").map(({ path }) => path),
    ["plots/deep", "plots/roc.png"],
  );
  assert.deepEqual(
    listArtifacts(directory, "", true).map(({ path }) => path),
    ["Z", "plots", "plots/deep", "plots/deep/a b.txt", "plots/roc.png"],
  );
  assert.deepEqual(listArtifacts(directory, "plots/roc.png"), []);
});

test("whole files and ranges, also beyond the end", (context) => {
  const paths = makeStore(context, oneRun({ "1/RUN/artifacts/data.bin": "0123456789" }));
  const directory = join(paths.root, "1", RUN, "artifacts");
  assert.equal(textOf(readArtifact(directory, "data.bin")), "0123456789");
  assert.equal(textOf(readArtifact(directory, "data.bin", { start: 2, end: 5 })), "234");
  assert.equal(textOf(readArtifact(directory, "data.bin", { start: 8, end: 100 })), "89");
  assert.equal(textOf(readArtifact(directory, "data.bin", { start: 20 })), "");
  assert.equal(artifactFile(directory, "data.bin").size, 10);
});

describe("paths that lead out are refused", () => {
  const hostile = [
    "../meta.yaml",
    "a/../../meta.yaml",
    "/etc/hostname",
    "..",
    ".",
    "a//b",
    "a/./b",
    "\0",
    "C:\\x",
    "..\\meta.yaml",
  ];
  for (const path of hostile) {
    test(JSON.stringify(path), (context) => {
      const paths = makeStore(context, oneRun({ "1/RUN/artifacts/a/b": "x" }));
      const directory = join(paths.root, "1", RUN, "artifacts");
      const refused = (error: unknown) => isRunstoneError(error, "INVALID_PARAMETER_VALUE");
      assert.throws(() => artifactFile(directory, path), refused);
      assert.throws(() => [...readArtifact(directory, path)], refused);
      assert.throws(() => listArtifacts(directory, path), refused);
    });
  }
});

test("links are followed within the artifacts only", (context) => {
  const paths = makeStore(
    context,
    oneRun({ "1/RUN/artifacts/epoch10.ckpt": "model", "1/RUN/artifacts/d/x": "x" }),
  );
  const directory = join(paths.root, "1", RUN, "artifacts");
  addFiles(dirname(paths.root), { "secret/key": "secret", "mlruns-evil/key": "secret" });
  symlinkSync("epoch10.ckpt", join(directory, "best.ckpt"));
  symlinkSync(join(dirname(paths.root), "secret", "key"), join(directory, "key"));
  symlinkSync(join(dirname(paths.root), "secret"), join(directory, "linked"));
  symlinkSync("../meta.yaml", join(directory, "meta"));
  symlinkSync("nowhere", join(directory, "dangling"));
  assert.deepEqual(
    listArtifacts(directory, "", true).map(({ path }) => path),
    ["best.ckpt", "d", "d/x", "epoch10.ckpt"],
  );
  assert.equal(textOf(readArtifact(directory, "best.ckpt")), "model");
  for (const path of ["key", "linked/key", "meta", "dangling", "none"]) {
    assert.throws(
      () => textOf(readArtifact(directory, path)),
      (error) => isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST"),
      path,
    );
  }
});

test("an artifacts directory that is a link out of the store is refused, not shown as empty", (context) => {
  const { [`1/${RUN}/artifacts/`]: _, ...tree } = oneRun();
  const paths = makeStore(context, tree);
  mkdirSync(join(dirname(paths.root), "mlruns-evil"));
  symlinkSync(join(dirname(paths.root), "mlruns-evil"), join(paths.root, "1", RUN, "artifacts"));
  assert.throws(
    () => resolveArtifactDirectory(paths, onlyRun(paths)),
    (error) => isRunstoneError(error, "PERMISSION_DENIED"),
  );
});

describe("where artifact_uri leads", () => {
  const own = "1/RUN/artifacts/x";
  const store = (context: test.TestContext, uri: (directory: string) => string, more = {}) => {
    const { [`1/${RUN}/artifacts/`]: _, ...tree } = oneRun(more);
    const paths = makeStore(context, tree);
    const directory = dirname(paths.root);
    addFiles(paths.root, {
      [`1/${RUN}/meta.yaml`]: runMeta(RUN, "1", { artifact_uri: JSON.stringify(uri(directory)) }),
    });
    return { paths: { ...paths, workspace: directory }, directory };
  };

  test("the run's own directory goes before it", (context) => {
    const { paths } = store(context, () => "file:///C:/Users/ana/mlruns/1/x/artifacts", { [own]: "x" });
    assert.equal(resolveArtifactDirectory(paths, onlyRun(paths)), join(paths.root, "1", RUN, "artifacts"));
  });

  for (const [name, uri] of Object.entries({
    "an absolute path in the workspace": (directory: string) => join(directory, "out put", RUN, "artifacts"),
    "a file URI, percent-encoded": (directory: string) =>
      pathToFileURL(join(directory, "out put", RUN, "artifacts")).href,
    "a file URI, not encoded": (directory: string) => `file:${join(directory, "out put", RUN, "artifacts")}`,
    "a relative path, seen from the workspace": () => `./out put/${RUN}/artifacts`,
  })) {
    test(name, (context) => {
      const { paths, directory } = store(context, uri);
      addFiles(directory, { [`out put/${RUN}/artifacts/x`]: "x" });
      assert.equal(
        resolveArtifactDirectory(paths, onlyRun(paths)),
        join(directory, "out put", RUN, "artifacts"),
      );
    });
  }

  for (const [name, uri] of Object.entries({
    "the file system": () => "/etc",
    "a file URI of it": () => "file:///etc",
    "the workspace itself, with its .git and .env": (directory: string) => directory,
    "a directory of the workspace that is no run's": () => "./.git",
    dots: () => "file:./../../../../../../../../../etc",
    "encoded dots": () => "./%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc",
    "a host": () => "file://host/etc",
    "another scheme": () => "s3://bucket/x",
    "a drive": () => "file:///C:/Windows",
    nothing: () => "",
  })) {
    test(`never to ${name}`, (context) => {
      const { paths, directory } = store(context, uri);
      addFiles(directory, { ".git/config": "token", ".env": "secret" });
      assert.equal(resolveArtifactDirectory(paths, onlyRun(paths)), null);
    });
  }

  test("to another run's directory by a link in the workspace: refused", (context) => {
    const { paths, directory } = store(context, () => `./out/${RUN}/artifacts`);
    mkdirSync(join(directory, "out", RUN), { recursive: true });
    symlinkSync("/etc", join(directory, "out", RUN, "artifacts"));
    assert.equal(resolveArtifactDirectory(paths, onlyRun(paths)), null);
  });

  test("a home that the user named is allowed", (context) => {
    const { paths, directory } = store(context, (at) => join(at, "..", "shared-home", "any"));
    const home = join(directory, "..", "shared-home");
    addFiles(home, { "any/x": "x" });
    context.after(() => import("node:fs").then(({ rmSync }) => rmSync(home, { recursive: true })));
    assert.equal(resolveArtifactDirectory({ ...paths, workspace: null }, onlyRun(paths)), null);
    const found = resolveArtifactDirectory({ ...paths, artifactHomes: [home] }, onlyRun(paths));
    assert.equal(found, join(directory, "..", "shared-home", "any"));
  });
});
