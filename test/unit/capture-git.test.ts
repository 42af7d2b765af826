import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { captureGit, type GitCapture } from "../../core/capture/git.js";
import { stripUrlCredentials } from "../../core/capture/remote-url.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

type Body = (repository: TestRepository) => Promise<void>;

function inRepository(name: string, body: Body): void {
  test(name, async () => {
    const repository = TestRepository.create();
    try {
      await body(repository);
    } finally {
      repository.remove();
    }
  });
}

function capture(
  repository: TestRepository,
  more: { storePath?: string; cwd?: string } = {},
): Promise<GitCapture> {
  return captureGit({ cwd: repository.root, env: GIT_ENV, ...more });
}

function reasons(git: GitCapture): readonly string[] {
  return git.missing.map(({ part, reason }) => `${part}: ${reason}`);
}

describe("the state of a repository", () => {
  inRepository("clean, on a branch", async (repository) => {
    const commit = repository.commit("a.txt", "a\n");
    const git = await capture(repository);
    assert.deepEqual(git, {
      root: repository.root,
      commit,
      branch: "main",
      remoteUrl: null,
      authorName: "Ada Example",
      authorEmail: "ada@example.org",
      commitAuthorName: "Ada Example",
      commitAuthorEmail: "ada@example.org",
      dirty: false,
      submodules: [],
      worktree: false,
      operation: null,
      missing: [{ part: "git.remote", reason: "no remote" }],
    });
  });

  inRepository("from a subdirectory, the whole work tree counts", async (repository) => {
    repository.commit("src/deep/a.txt", "a\n");
    repository.write("b.txt", "b\n");
    const git = await capture(repository, { cwd: join(repository.root, "src/deep") });
    assert.equal(git.root, repository.root);
    assert.equal(git.dirty, true);
  });

  for (const [what, change] of [
    ["a changed file", (r: TestRepository) => r.write("a.txt", "b\n")],
    ["a staged file", (r: TestRepository) => r.stage("n.txt", "n\n")],
    ["an untracked file", (r: TestRepository) => r.write("n.txt", "n\n")],
    ["a deleted file", (r: TestRepository) => r.git("rm", "-q", "a.txt")],
    ["a renamed file", (r: TestRepository) => r.git("mv", "a.txt", "c.txt")],
  ] as const) {
    inRepository(`${what} makes it dirty`, async (repository) => {
      repository.commit("a.txt", "a\n");
      change(repository);
      assert.equal((await capture(repository)).dirty, true);
    });
  }

  inRepository("an ignored file does not make it dirty", async (repository) => {
    repository.commit(".gitignore", "*.log\n");
    repository.write("x.log", "x\n");
    assert.equal((await capture(repository)).dirty, false);
  });

  inRepository("the store and .runstone do not make it dirty, wherever they lie", async (repository) => {
    repository.commit("a.txt", "a\n");
    repository.write("out [1]/mlruns/0/meta.yaml", "x\n");
    repository.write(".runstone/config.yaml", "x\n");
    repository.write("sub/.runstone/config.yaml", "x\n");
    const storePath = join(repository.root, "out [1]/mlruns");
    assert.equal((await capture(repository, { storePath })).dirty, false);
    assert.equal((await capture(repository)).dirty, true);
    repository.write("out [1]/other.txt", "x\n");
    assert.equal((await capture(repository, { storePath })).dirty, true);
  });

  inRepository(
    "files of a workspace further down make it dirty, its .runstone does not",
    async (repository) => {
      repository.commit("sub/.runstone/config.yaml", "a\n");
      repository.write("sub/.runstone/config.yaml", "b\n");
      repository.write("new/deep/.runstone/config.yaml", "x\n");
      assert.equal((await capture(repository)).dirty, false);
      repository.write("new/deep/train.py", "x\n");
      assert.equal((await capture(repository)).dirty, true);
    },
  );

  inRepository("a committed store that changed does not make it dirty", async (repository) => {
    repository.commit("mlruns/0/meta.yaml", "a\n");
    repository.write("mlruns/0/meta.yaml", "b\n");
    assert.equal((await capture(repository, { storePath: join(repository.root, "mlruns") })).dirty, false);
  });

  inRepository("no commit yet", async (repository) => {
    repository.write("a.txt", "a\n");
    const git = await capture(repository);
    assert.equal(git.commit, null);
    assert.equal(git.branch, "main");
    assert.equal(git.authorName, "Ada Example");
    assert.equal(git.dirty, true);
    assert.ok(reasons(git).includes("git.commit: no commit yet"));
  });

  inRepository("detached HEAD", async (repository) => {
    const commit = repository.commit("a.txt", "a\n");
    repository.git("checkout", "-q", "--detach");
    const git = await capture(repository);
    assert.equal(git.commit, commit);
    assert.equal(git.branch, null);
  });

  inRepository("a linked work tree", async (repository) => {
    const commit = repository.commit("a.txt", "a\n");
    repository.git("worktree", "add", "-q", "-b", "side", "linked");
    const git = await capture(repository, { cwd: join(repository.root, "linked") });
    assert.equal(git.root, join(repository.root, "linked"));
    assert.equal(git.commit, commit);
    assert.equal(git.branch, "side");
    assert.equal(git.worktree, true);
    assert.equal(git.dirty, false);
  });

  inRepository("a submodule: recorded, moved to another commit, changed", async (repository) => {
    const library = TestRepository.create();
    const first = library.commit("l.txt", "1\n");
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", library.root, "lib dir");
    repository.git("commit", "-q", "-m", "submodule");
    assert.deepEqual((await capture(repository)).submodules, [
      { path: "lib dir", commit: first, dirty: false },
    ]);

    const inner = new TestRepository(join(repository.root, "lib dir"));
    inner.git("config", "user.name", "B");
    inner.git("config", "user.email", "b@example.org");
    const second = inner.commit("l.txt", "2\n");
    const moved = await capture(repository);
    assert.deepEqual(moved.submodules, [{ path: "lib dir", commit: second, dirty: true }]);
    assert.equal(moved.dirty, true);

    const inside = await capture(repository, { cwd: inner.root });
    assert.equal(inside.root, inner.root);
    assert.equal(inside.commit, second);
    assert.equal(inside.worktree, false);
    library.remove();
  });

  inRepository("in the middle of a merge with conflicts", async (repository) => {
    repository.commit("a.txt", "a\n");
    repository.git("checkout", "-q", "-b", "side");
    repository.commit("a.txt", "side\n");
    repository.git("checkout", "-q", "main");
    repository.commit("a.txt", "main\n");
    repository.tryGit("merge", "side");
    const git = await capture(repository);
    assert.equal(git.operation, "merge");
    assert.equal(git.dirty, true);
    assert.equal(git.branch, "main");
  });

  inRepository("in the middle of a rebase", async (repository) => {
    repository.commit("a.txt", "a\n");
    repository.git("checkout", "-q", "-b", "side");
    repository.commit("a.txt", "side\n");
    repository.git("checkout", "-q", "main");
    repository.commit("a.txt", "main\n");
    repository.tryGit("rebase", "side");
    assert.equal((await capture(repository)).operation, "rebase");
  });

  inRepository("the author of the commit and of the next one are told apart", async (repository) => {
    repository.write("a.txt", "a\n");
    repository.git("add", "a.txt");
    repository.git("commit", "-q", "-m", "a", "--author", "Grace Other <grace@example.org>");
    const env = { ...GIT_ENV, GIT_AUTHOR_EMAIL: "now@example.org" };
    const git = await captureGit({ cwd: repository.root, env });
    assert.equal(git.commitAuthorName, "Grace Other");
    assert.equal(git.commitAuthorEmail, "grace@example.org");
    assert.equal(git.authorName, "Ada Example");
    assert.equal(git.authorEmail, "now@example.org");
  });

  inRepository("the first remote, without credentials", async (repository) => {
    repository.commit("a.txt", "a\n");
    repository.git("remote", "add", "upstream", "https://ada:s3cr3t@git.example.org/team/repo.git");
    repository.git("remote", "add", "origin", "https://other.example.org/repo.git");
    const git = await capture(repository);
    assert.equal(git.remoteUrl, "https://git.example.org/team/repo.git");
    assert.ok(!JSON.stringify(git).includes("s3cr3t"));
  });

  inRepository("a repository of 5,000 files", async (repository) => {
    for (let i = 0; i < 5000; i += 1) repository.write(`d${i % 50}/f${i}.txt`, `${i}\n`);
    repository.git("add", "-A");
    repository.git("commit", "-q", "-m", "many");
    assert.equal((await capture(repository)).dirty, false);
    repository.write("d7/f7.txt", "changed\n");
    assert.equal((await capture(repository)).dirty, true);
  });
});

describe("what cannot be captured is named", () => {
  test("outside Git", async () => {
    const cwd = realpathSync(mkdtempSync(join(tmpdir(), "runstone-plain-")));
    const git = await captureGit({ cwd, env: GIT_ENV });
    assert.equal(git.root, null);
    assert.deepEqual(reasons(git), ["git: not in a Git work tree"]);
    rmSync(cwd, { recursive: true });
  });

  test("a directory that is gone", async () => {
    const git = await captureGit({ cwd: "/nonexistent/place", env: GIT_ENV });
    assert.equal(git.missing[0]?.part, "git");
  });

  inRepository("no git program: the branch is still known", async (repository) => {
    repository.commit("a.txt", "a\n");
    for (const PATH of ["", "relative:.", "/nonexistent"]) {
      const git = await captureGit({ cwd: repository.root, env: { ...GIT_ENV, PATH } });
      assert.equal(git.branch, "main");
      assert.equal(git.commit, null);
      assert.deepEqual(reasons(git), ["git: no git program on PATH"]);
    }
  });

  inRepository("a Git that never answers runs into the time limit", async (repository) => {
    repository.commit("a.txt", "a\n");
    const bin = join(repository.root, ".git", "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "git"), "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
    const env = { ...GIT_ENV, PATH: `${bin}:${GIT_ENV.PATH}` };
    const git = await captureGit({ cwd: repository.root, env, timeoutMs: 50 });
    assert.equal(git.dirty, null);
    assert.equal(git.branch, "main");
    assert.ok(reasons(git).includes("git.dirty: git gave no answer within 50 ms"));
  });

  inRepository("a damaged index: the commit is still known", async (repository) => {
    const commit = repository.commit("a.txt", "a\n");
    writeFileSync(join(repository.root, ".git/index"), "broken");
    const git = await capture(repository);
    assert.equal(git.commit, commit);
    assert.equal(git.dirty, null);
    assert.ok(git.missing.some(({ part }) => part === "git.dirty"));
  });
});

describe("a repository's configuration starts nothing", () => {
  inRepository(
    "no hook, file system monitor, pager, external diff; the index stays as it is",
    async (repository) => {
      repository.commit("a.txt", "a\n");
      const trap = join(repository.root, ".git", "trap");
      const mark = join(repository.root, ".git", "sprung");
      writeFileSync(trap, `#!/bin/sh\necho "$0" >> '${mark}'\n`, { mode: 0o755 });
      for (const key of ["core.fsmonitor", "core.pager", "diff.external", "core.editor", "core.askPass"]) {
        repository.git("config", key, trap);
      }
      repository.git("config", "pager.status", trap);
      repository.git("config", "log.showSignature", "true");
      repository.git("config", "gpg.program", trap);
      repository.write("a.txt", "b\n");
      const index = readFileSync(join(repository.root, ".git/index"));
      rmSync(mark, { force: true });
      assert.equal((await capture(repository)).dirty, true);
      assert.deepEqual(readFileSync(join(repository.root, ".git/index")), index);
      assert.throws(() => readFileSync(mark), /ENOENT/);
    },
  );

  inRepository("variables that name programs do not reach Git and do not stop it", async (repository) => {
    const commit = repository.commit("a.txt", "a\n");
    const env = {
      ...GIT_ENV,
      EDITOR: "vi",
      PAGER: "less",
      GIT_SSH_COMMAND: "ssh -v",
      GIT_DIR: "/nonexistent",
    };
    assert.equal((await captureGit({ cwd: repository.root, env })).commit, commit);
  });
});

test("credentials are stripped from every kind of URL", () => {
  for (const [url, clean] of [
    ["https://ghp_0123456789abcdefghijABCDEFGHIJ012345@github.com/o/r.git", "https://github.com/o/r.git"],
    ["https://user:p@ss@host/r", "https://host/r"],
    ["https://user:pa/ss@host/r", "https://host/r"],
    ["https://host:8443/r?private_token=abc#x", "https://host:8443/r"],
    ["ssh://git:pw@host:22/r", "ssh://git@host:22/r"],
    ["git@github.com:o/r.git", "git@github.com:o/r.git"],
    ["https://host/@scope/r", "https://host/@scope/r"],
    ["../local/r.git", "../local/r.git"],
  ] as const) {
    assert.equal(stripUrlCredentials(url), clean);
  }
});
