import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { captureGitPatch, type GitPatch, type GitPatchOptions } from "../../core/capture/patch.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

function inRepository(name: string, body: (repository: TestRepository) => Promise<void>): void {
  test(name, async () => {
    const repository = TestRepository.create();
    try {
      await body(repository);
    } finally {
      repository.remove();
    }
  });
}

function patchOf(repository: TestRepository, more: Partial<GitPatchOptions> = {}): Promise<GitPatch> {
  return captureGitPatch({ cwd: repository.root, env: GIT_ENV, ...more });
}

const LATIN1 = Buffer.from("caf\xe9 \xfc\n", "latin1");
const BINARY = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 37) % 256));

inRepository("the patch brings a checkout of the commit to the same bytes", async (repository) => {
  repository.commit("text.txt", "one\n");
  repository.commit("latin1.txt", "plain\n");
  repository.commit("model.bin", Buffer.from([0, 1, 2]));
  repository.commit("gone.txt", "gone\n");
  const commit = repository.commit("old name.txt", "same\n");
  repository.write("text.txt", "two\n");
  repository.write("latin1.txt", LATIN1);
  repository.write("model.bin", BINARY);
  repository.git("rm", "-q", "gone.txt");
  repository.git("mv", "old name.txt", "new name.txt");
  repository.git("config", "diff.noprefix", "true");
  const { patch, encoding, truncated, redactions, missing } = await patchOf(repository);
  assert.deepEqual({ truncated, redactions, missing }, { truncated: false, redactions: [], missing: [] });
  const file = join(repository.root, ".git", "captured.patch");
  writeFileSync(file, Buffer.from(patch, encoding));
  repository.git("worktree", "add", "-q", "--detach", ".git/copy", commit);
  const copy = new TestRepository(join(repository.root, ".git/copy"));
  copy.git("apply", file);
  for (const name of ["text.txt", "latin1.txt", "model.bin", "new name.txt"]) {
    assert.deepEqual(readFileSync(join(copy.root, name)), readFileSync(join(repository.root, name)), name);
  }
  assert.throws(() => readFileSync(join(copy.root, "gone.txt")), /ENOENT/);
});

inRepository("secrets are replaced and counted, the lines stay", async (repository) => {
  repository.commit("train.py", "import os\n");
  const token = `ghp_${"a1B2".repeat(9)}`;
  repository.write("train.py", `import os\nTOKEN = "${token}"\nurl = "https://me:pw@host/x"\n`);
  const { patch, redactions } = await patchOf(repository);
  assert.ok(!patch.includes(token) && !patch.includes("me:pw"));
  assert.match(patch, /^@@ -1 \+1,3 @@$/m);
  assert.equal(patch.match(/^\+(?!\+\+)/gm)?.length, 2);
  assert.deepEqual(
    redactions.map(({ count }) => count),
    [1, 1],
  );
});

inRepository("files that hold credentials are withheld by name", async (repository) => {
  repository.commit("config/.env", "X=1\n");
  repository.commit("server.PEM", "a\n");
  repository.commit("a.txt", "a\n");
  repository.write("config/.env", "X=verysecretvalue\n");
  repository.write("server.PEM", "b\n");
  repository.write("a.txt", "b\n");
  const { patch, withheld } = await patchOf(repository);
  assert.ok(!patch.includes("verysecretvalue"));
  assert.ok(patch.includes("a.txt"));
  assert.deepEqual(withheld, ["config/.env", "server.PEM"]);
});

inRepository("untracked files are listed with sizes; the store and .runstone are not", async (repository) => {
  repository.commit(".gitignore", "*.log\n");
  repository.write("new/data file.csv", "12345");
  repository.write("x.log", "ignored");
  repository.write("mlruns/0/meta.yaml", "x");
  repository.write(".runstone/config.yaml", "x");
  const { untracked, patch } = await patchOf(repository, { storePath: join(repository.root, "mlruns") });
  assert.deepEqual(untracked, [{ path: "new/data file.csv", size: 5 }]);
  assert.equal(patch, "");
});

inRepository("a patch over the limit is cut after a whole line and says so", async (repository) => {
  repository.commit("big.txt", "\n");
  repository.write("big.txt", "password=topsecretvalue\n".repeat(100_000));
  const { patch, truncated } = await patchOf(repository, { maxBytes: 10_000 });
  assert.equal(truncated, true);
  assert.ok(Buffer.byteLength(patch) < 20_000);
  assert.ok(!patch.includes("topsecret"));
  assert.match(patch, /\n# \[truncated by runstone: the patch is larger than 10000 bytes\]\n$/);
});

inRepository("before the first commit the staged files are the patch", async (repository) => {
  repository.stage("a.txt", "first\n");
  const { patch, missing } = await patchOf(repository);
  assert.deepEqual(missing, []);
  assert.match(patch, /^\+first$/m);
});

inRepository("no external diff and no text conversion is started", async (repository) => {
  repository.commit("a.txt", "a\n");
  const mark = join(repository.root, ".git", "sprung");
  const trap = join(repository.root, ".git", "trap");
  writeFileSync(trap, `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
  repository.git("config", "diff.external", trap);
  repository.git("config", "diff.trap.textconv", trap);
  repository.git("config", "diff.trap.command", trap);
  repository.write(".git/info/attributes", "*.txt diff=trap\n");
  repository.write("a.txt", "b\n");
  assert.match((await patchOf(repository)).patch, /^\+b$/m);
  assert.throws(() => readFileSync(mark), /ENOENT/);
});

inRepository("no git program: named, not thrown", async (repository) => {
  const { missing } = await patchOf(repository, { env: { PATH: "" } });
  assert.deepEqual(missing, [{ part: "git.patch", reason: "no git program on PATH" }]);
});
