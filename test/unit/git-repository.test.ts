import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  codeOfRun,
  listSnapshotRefs,
  openRepository,
  type Repository,
  readHeadCommit,
  readSnapshotRef,
  resolveCommit,
  runOfSnapshotRef,
  snapshotRef,
} from "../../core/git/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

type Body = (opened: { files: TestRepository; repository: Repository }) => Promise<void>;

function inRepository(name: string, body: Body): void {
  test(name, async () => {
    const files = TestRepository.create();
    try {
      await body({ files, repository: await openRepository({ cwd: files.root, env: GIT_ENV }) });
    } finally {
      files.remove();
    }
  });
}

const isCode = (code: Parameters<typeof isRunstoneError>[1]) => (error: unknown) =>
  isRunstoneError(error, code);

describe("giving Git commands", () => {
  inRepository("bytes in, bytes out", async ({ repository }) => {
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    const id = await repository.text(["hash-object", "-w", "--stdin"], { input: bytes });
    const { stdout } = await repository.git(["cat-file", "blob", id]);
    assert.deepEqual(stdout, bytes);
  });

  inRepository("a failure has Git's own words, without secrets", async ({ repository }) => {
    const url = "https://ana:hunter2hunter2@127.0.0.1:1/x.git";
    await assert.rejects(repository.git(["rev-parse", "--verify", url]), (error: unknown) => {
      assert.ok(isRunstoneError(error, "GIT_FAILED"));
      assert.doesNotMatch(JSON.stringify(error.toJSON()), /hunter2/);
      return true;
    });
  });

  inRepository("an exit code that is an answer is no failure", async ({ files, repository }) => {
    files.commit("a.txt", "a\n");
    files.write("a.txt", "b\n");
    const { exitCode } = await repository.git(["diff", "--quiet"], { answers: [0, 1] });
    assert.equal(exitCode, 1);
    await assert.rejects(repository.git(["diff", "--quiet"]), isCode("GIT_FAILED"));
  });

  inRepository("a stream that is left ends its Git", async ({ files, repository }) => {
    files.commit("a.txt", "line\n".repeat(200_000));
    for await (const piece of repository.stream(["cat-file", "blob", "HEAD:a.txt"])) {
      assert.ok(piece.length > 0);
      break;
    }
  });

  inRepository("quiet: no hook of the repository runs; user: it does", async ({ files, repository }) => {
    files.commit("a.txt", "a\n");
    const trace = join(files.root, "ran");
    files.write(".git/hooks/post-checkout", `#!/bin/sh\necho ran > '${trace}'\n`, 0o755);
    await repository.git(["checkout", "-q", "-b", "other"]);
    assert.equal(existsSync(trace), false);
    const user = await openRepository({ cwd: files.root, env: GIT_ENV, manner: "user" });
    await user.git(["checkout", "-q", "-b", "third"]);
    assert.equal(existsSync(trace), true);
  });

  test("outside of a work tree", async () => {
    const directory = mkdtempSync(join(tmpdir(), "runstone-git-"));
    try {
      await assert.rejects(openRepository({ cwd: directory, env: GIT_ENV }), isCode("NO_REPOSITORY"));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("names of commits", () => {
  inRepository("branches, ids, HEAD; none before the first commit", async ({ files, repository }) => {
    assert.equal(await readHeadCommit(repository), null);
    const commit = files.commit("a.txt", "a\n");
    assert.equal(await readHeadCommit(repository), commit);
    for (const name of ["HEAD", "main", commit.slice(0, 8)])
      assert.equal(await resolveCommit(repository, name), commit);
  });

  inRepository("what could be an option, or names nothing", async ({ files, repository }) => {
    files.commit("a.txt", "a\n");
    for (const name of ["--output=x", "-x", "", "a\nb"])
      await assert.rejects(resolveCommit(repository, name), isCode("INVALID_PARAMETER_VALUE"));
    await assert.rejects(resolveCommit(repository, "nowhere"), isCode("RESOURCE_DOES_NOT_EXIST"));
    assert.equal(existsSync(join(files.root, "x")), false);
  });
});

describe("refs of snapshots", () => {
  test("every run id has one that Git takes, and it is read back", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }), (runId) => {
        const ref = snapshotRef(runId);
        assert.match(ref, /^refs\/runstone\/runs\/[A-Za-z0-9][A-Za-z0-9_-]*$/);
        assert.equal(runOfSnapshotRef(ref), runId);
      }),
    );
  });

  inRepository("are listed and read by run", async ({ files, repository }) => {
    const commit = files.commit("a.txt", "a\n");
    files.git("update-ref", snapshotRef("0a"), commit);
    files.git("update-ref", "refs/runstone/other", commit);
    assert.deepEqual(await listSnapshotRefs(repository), [{ runId: "0a", commit }]);
    assert.equal(await readSnapshotRef(repository, "0a"), commit);
    assert.equal(await readSnapshotRef(repository, "0b"), null);
  });
});

test("the code of a run: what is no object id is none", () => {
  const commit = "a".repeat(40);
  const tags = { "mlflow.source.git.commit": "--output=x", "runstone.git.snapshot": commit };
  assert.deepEqual(codeOfRun(tags), {
    commit: null,
    snapshot: commit,
    dirty: null,
    complete: true,
    branch: null,
  });
});
