import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkoutCommit } from "../../core/git/checkout/index.js";
import { openRepository, type Repository } from "../../core/git/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

type Body = (opened: { files: TestRepository; repository: Repository; directory: string }) => Promise<void>;

function inRepository(name: string, body: Body): void {
  test(name, async () => {
    const files = TestRepository.create();
    const directory = `${files.root}-out`;
    try {
      await body({ files, directory, repository: await openRepository({ cwd: files.root, env: GIT_ENV }) });
    } finally {
      files.remove();
      rmSync(directory, { recursive: true, force: true });
    }
  });
}

inRepository(
  "the files of the commit; nothing of the user's changes",
  async ({ files, repository, directory }) => {
    const commit = files.commit("a.txt", "old\n");
    files.commit("a.txt", "new\n");
    files.write("a.txt", "changed\n");
    const before = [files.git("status", "--porcelain"), files.git("rev-parse", "HEAD"), files.git("branch")];
    const checkedOut = await checkoutCommit(repository, { commit, directory });
    assert.equal(readFileSync(join(directory, "a.txt"), "utf8"), "old\n");
    assert.deepEqual(checkedOut.large, { restored: [], missing: [] });
    assert.deepEqual(
      [files.git("status", "--porcelain"), files.git("rev-parse", "HEAD"), files.git("branch")],
      before,
    );
  },
);

inRepository(
  "a directory with something in it is refused and kept",
  async ({ files, repository, directory }) => {
    const commit = files.commit("a.txt", "a\n");
    mkdirSync(directory);
    writeFileSync(join(directory, "mine"), "mine");
    await assert.rejects(checkoutCommit(repository, { commit, directory }), (error) =>
      isRunstoneError(error, "RESOURCE_ALREADY_EXISTS"),
    );
    assert.equal(readFileSync(join(directory, "mine"), "utf8"), "mine");
  },
);

inRepository("a commit that is not here", async ({ files, repository, directory }) => {
  files.commit("a.txt", "a\n");
  await assert.rejects(checkoutCommit(repository, { commit: "0".repeat(40), directory }), (error) =>
    isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST"),
  );
  assert.equal(existsSync(directory), false);
});

inRepository("hooks and filters of the repository do not run", async ({ files, repository, directory }) => {
  files.write(".gitattributes", "*.txt filter=evil\n");
  files.git("add", ".gitattributes");
  const commit = files.commit("a.txt", "a\n");
  const trace = join(files.root, "ran");
  files.git("config", "filter.evil.smudge", `touch '${trace}'; cat`);
  files.write(".git/hooks/post-checkout", `#!/bin/sh\ntouch '${trace}'\n`, 0o755);
  const fresh = await openRepository({ cwd: files.root, env: GIT_ENV });
  await checkoutCommit(fresh, { commit, directory });
  assert.equal(readFileSync(join(directory, "a.txt"), "utf8"), "a\n");
  assert.equal(existsSync(trace), false);
  assert.notEqual(repository.root, directory);
});

inRepository("pointers of Git LFS become what is here, by hash", async ({ files, repository, directory }) => {
  const pointer = (content: string): string =>
    `version https://git-lfs.github.com/spec/v1\noid sha256:${hashOf(content)}\nsize ${content.length}\n`;
  files.write(".gitattributes", "*.bin filter=lfs\n");
  files.write("here.bin", pointer("here"), 0o755);
  files.write("absent.bin", pointer("absent"));
  files.write("damaged.bin", pointer("damaged"));
  files.write("no-pointer.bin", "plain");
  files.git("add", ".");
  files.git("commit", "-q", "-m", "large");
  keepLarge(files.root, hashOf("here"), "here");
  keepLarge(files.root, hashOf("damaged"), "other");
  const commit = files.git("rev-parse", "HEAD");
  const { large } = await checkoutCommit(repository, { commit, directory });
  assert.deepEqual(large, { restored: ["here.bin"], missing: ["absent.bin", "damaged.bin"] });
  assert.equal(readFileSync(join(directory, "here.bin"), "utf8"), "here");
  assert.equal(statSync(join(directory, "here.bin")).mode & 0o111, 0o111);
  assert.equal(readFileSync(join(directory, "damaged.bin"), "utf8"), pointer("damaged"));
});

function hashOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function keepLarge(root: string, oid: string, content: string): void {
  const directory = join(root, ".git/lfs/objects", oid.slice(0, 2), oid.slice(2, 4));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, oid), content, { mode: 0o444 });
}
