/** A repository that came as an archive: taking its code starts nothing that it names and writes nothing outside. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { takeSnapshot } from "../../core/git/snapshot/index.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

interface Trap {
  readonly at: TestRepository;
  /** A directory beside the repository, with a program in it that leaves a mark. */
  readonly outside: string;
  readonly evil: string;
  readonly mark: string;
}

function trap(t: TestContext): Trap {
  const at = TestRepository.create();
  const outside = mkdtempSync(join(tmpdir(), "runstone-outside-"));
  t.after(() => {
    at.remove();
    rmSync(outside, { recursive: true, force: true });
  });
  const [evil, mark] = [join(outside, "evil.sh"), join(outside, "mark")];
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >> ${mark}\ncat\n`, { mode: 0o755 });
  return { at, outside, evil, mark };
}

async function take({ at }: Trap, cwd = at.root): Promise<Awaited<ReturnType<typeof takeSnapshot>>> {
  return takeSnapshot({ cwd, env: GIT_ENV, runId: "r" });
}

describe("the snapshot of a hostile repository", { skip: process.platform === "win32" }, () => {
  test("no program of its configuration, attributes or hooks is started", async (t) => {
    const made = trap(t);
    const { at, evil, mark, outside } = made;
    at.commit("a.py", "print(1)\n");
    const settings: Readonly<Record<string, string>> = {
      ...{ "core.fsmonitor": evil, "core.hooksPath": outside, "core.sshCommand": evil, "core.pager": evil },
      ...{ "filter.evil.clean": evil, "filter.evil.smudge": evil, "filter.evil.required": "true" },
      ...{ "filter.proc.process": evil, "filter.lfs.clean": evil, "filter.lfs.process": evil },
      ...{
        "diff.evil.textconv": evil,
        "merge.evil.driver": evil,
        "gpg.program": evil,
        "commit.gpgSign": "true",
      },
      ...{
        "core.editor": evil,
        "core.askPass": evil,
        "credential.helper": `!${evil}`,
        "core.gitProxy": evil,
      },
      ...{
        "remote.origin.url": `ext::${evil}`,
        "remote.origin.promisor": "true",
        "core.alternateRefsCommand": evil,
      },
      ...{ "uploadpack.packObjectsHook": evil, "receive.procReceiveRefs": "refs", "gc.auto": "1" },
    };
    for (const [key, value] of Object.entries(settings)) at.git("config", key, value);
    at.git("config", "extensions.partialClone", "origin");
    at.write(
      ".gitattributes",
      "*.py filter=evil diff=evil merge=evil text\n*.txt filter=proc\n*.bin filter=lfs\n",
    );
    for (const name of ["b.py", "c.txt", "d.bin", "e.md"]) at.write(name, "one\r\ntwo\n");
    at.write("a.py", "print(2)\r\n");
    for (const hook of ["reference-transaction", "post-index-change", "pre-commit", "post-checkout"])
      for (const folder of [join(at.root, ".git/hooks"), outside]) {
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, hook), `#!/bin/sh\necho hook >> ${mark}\n`);
        chmodSync(join(folder, hook), 0o755);
      }
    const { snapshot, missing } = await take(made);
    assert.equal(existsSync(mark), false);
    assert.deepEqual(missing, []);
    assert.deepEqual(snapshot?.leftOut.map(({ path, reason }) => [path, reason]).sort(), [
      ["a.py", "filter"],
      ["b.py", "filter"],
      ["c.txt", "filter"],
      ["d.bin", "lfs"],
    ]);
  });

  test("the configuration of a submodule is not heeded either", async (t) => {
    const made = trap(t);
    const { at, evil, mark } = made;
    const inner = TestRepository.create();
    t.after(() => inner.remove());
    inner.commit("x.py", "1\n");
    at.git("submodule", "add", "-q", inner.root, "sub");
    at.git("commit", "-q", "-m", "sub");
    const sub = new TestRepository(join(at.root, "sub"));
    sub.git("config", "core.fsmonitor", evil);
    sub.git("config", "core.hooksPath", join(at.root, "hooks"));
    sub.git("config", "filter.evil.clean", evil);
    sub.write(".gitattributes", "*.py filter=evil\n");
    at.write(
      ".gitmodules",
      `[submodule "sub"]\n\tpath = sub\n\turl = -u./x\n\tupdate = !${evil}\n[submodule "../x"]\n\tpath = ../x\n\turl = ext::${evil}\n`,
    );
    sub.write("x.py", "2\n");
    const { snapshot } = await take(made);
    assert.equal(existsSync(mark), false);
    assert.equal(snapshot?.complete ?? false, false);
  });

  test("links out of the tree are links; a directory that became one is not followed", async (t) => {
    const made = trap(t);
    const { at, outside } = made;
    writeFileSync(join(outside, "secret.txt"), "canary-of-outside\n");
    at.commit("dir/secret.txt", "inside\n");
    rmSync(join(at.root, "dir"), { recursive: true });
    symlinkSync(outside, join(at.root, "dir"));
    symlinkSync(join(outside, "secret.txt"), join(at.root, "file"));
    const { snapshot } = await take(made);
    const tree = at.git("ls-tree", "-r", snapshot?.commit ?? "");
    assert.match(tree, /^120000 blob \S+\tdir$/m);
    assert.match(tree, /^120000 blob \S+\tfile$/m);
    const all = execFileSync("git", ["cat-file", "--batch-all-objects", "--batch"], {
      cwd: at.root,
      env: { ...GIT_ENV },
    });
    assert.ok(!all.includes("canary-of-outside"));
  });

  test("a work tree elsewhere is refused, and so is a file that names another repository's", async (t) => {
    const made = trap(t);
    const { at, outside } = made;
    at.commit("a.txt", "a\r\n");
    writeFileSync(join(outside, "a.txt"), "canary-of-outside\r\n");
    at.git("config", "core.worktree", outside);
    const { snapshot, missing } = await take(made);
    assert.deepEqual([snapshot, missing.length], [null, 1]);
    const all = execFileSync("git", ["cat-file", "--batch-all-objects", "--batch"], {
      cwd: at.root,
      env: { ...GIT_ENV },
    });
    assert.ok(!all.includes("canary-of-outside"));
  });

  test("names that look like options or magic, with newlines and bytes, branches that begin with a dash", async (t) => {
    const made = trap(t);
    const { at, outside } = made;
    at.commit("a.txt", "a\n");
    at.git("symbolic-ref", "HEAD", "refs/heads/--output=written");
    at.git("symbolic-ref", "refs/heads/-x", "refs/heads/main");
    const names = [
      "--output=x",
      "-rf",
      ":(exclude)y",
      ":!z",
      "a\nb",
      "HEAD",
      "*",
      "dir -/--stdin",
      "\u001b[31m",
    ];
    for (const name of names) at.write(name, `${JSON.stringify(name)}\n`);
    const bytes = Buffer.concat([Buffer.from(`${at.root}/`), Buffer.from([0xff, 0x0a, 0x2d])]);
    writeFileSync(bytes, "bytes\n");
    execFileSync("mkfifo", [join(at.root, "pipe")]);
    const before = readdirSync(outside).sort();
    const { snapshot, missing } = await take(made);
    assert.deepEqual([missing, snapshot?.leftOut], [[], []]);
    at.git("add", "-A");
    assert.equal(at.git("rev-parse", `${snapshot?.commit}^{tree}`), at.git("write-tree"));
    assert.deepEqual(readdirSync(outside).sort(), before);
    assert.equal(existsSync(join(at.root, "x")) || existsSync(join(at.root, "written")), false);
  });

  test("a tracked file that became a pipe does not hold up the run", async (t) => {
    const made = trap(t);
    const { at } = made;
    at.commit("a.txt", "a\n");
    rmSync(join(at.root, "a.txt"));
    execFileSync("mkfifo", [join(at.root, "a.txt")]);
    const { snapshot, missing } = await take(made);
    assert.deepEqual(missing, []);
    assert.notEqual(snapshot, null);
  });
});
