/** A repository that came as an archive: capturing its state starts nothing that it names. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Bench, filesHolding, put } from "./hostile.js";

const POSIX = { skip: process.platform === "win32" };

function git(bench: Bench, ...args: readonly string[]): string {
  const env = { PATH: process.env.PATH, HOME: join(bench.top, "home"), GIT_CONFIG_NOSYSTEM: "1" };
  return execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args], {
    cwd: bench.workspace,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A committed file, then changed, so that status and diff have work to do. */
function repository(bench: Bench, branch = "main"): void {
  git(bench, "init", "-q");
  git(bench, "symbolic-ref", "HEAD", `refs/heads/${branch}`);
  put(join(bench.workspace, "train.py"), "print(1)\n");
  git(bench, "add", "train.py");
  git(bench, "commit", "-q", "-m", "first");
  writeFileSync(join(bench.workspace, "train.py"), "print(2)\n");
}

function tagsOf(bench: Bench): Readonly<Record<string, string>> {
  const shown = JSON.parse(bench.ok("show", "--json").stdout);
  return shown.data?.tags ?? shown.tags;
}

describe("a hostile repository", POSIX, () => {
  test("its programs are not started, and its state is captured", (t) => {
    const bench = new Bench(t);
    repository(bench);
    bench.ok("init");
    const mark = join(bench.top, "tmp", "started");
    const evil = join(bench.top, "tmp", "evil.sh");
    put(evil, `#!/bin/sh\necho "$0 $*" >> ${mark}\ncat\n`);
    chmodSync(evil, 0o755);
    const settings: Readonly<Record<string, string>> = {
      ...{ "core.fsmonitor": evil, "core.pager": evil, "core.editor": evil, "core.sshCommand": evil },
      ...{ "core.hooksPath": join(bench.top, "tmp", "hooks"), "diff.external": evil, "core.askPass": evil },
      ...{ "diff.evil.command": evil, "diff.evil.textconv": evil, "diff.evil.cachetextconv": "true" },
      ...{ "filter.evil.clean": evil, "filter.evil.smudge": evil, "filter.evil.required": "true" },
      ...{ "filter.other.process": evil, "filter.other.required": "true", "pager.diff": evil },
      ...{ "pager.status": evil, "alias.status": `!${evil}`, "alias.diff": `!${evil}`, "gpg.program": evil },
      ...{ "log.showSignature": "true", "credential.helper": `!${evil}`, "interactive.diffFilter": evil },
      ...{ "core.gitProxy": evil, "uploadpack.packObjectsHook": evil, "remote.origin.url": `ext::${evil}` },
      ...{ "remote.origin.promisor": "true", "extensions.partialClone": "origin" },
    };
    for (const [key, value] of Object.entries(settings)) git(bench, "config", key, value);
    put(
      join(bench.workspace, ".gitattributes"),
      "*.py filter=evil diff=evil\n*.txt filter=other diff=evil\n",
    );
    put(join(bench.workspace, "new.txt"), "new\n");
    for (const hook of ["post-index-change", "pre-commit", "fsmonitor-watchman"])
      for (const folder of [join(bench.workspace, ".git", "hooks"), join(bench.top, "tmp", "hooks")]) {
        put(join(folder, hook), `#!/bin/sh\necho ${hook} >> ${mark}\n`);
        chmodSync(join(folder, hook), 0o755);
      }
    bench.ok("run", "--", "true");
    assert.equal(existsSync(mark), false);
    assert.equal(tagsOf(bench)["mlflow.source.git.dirty"], "true");
    assert.equal(filesHolding(bench.store, "+print(2)").length, 1);
  });

  test("a filter of an included file, or one that cannot be switched off, is not started either", (t) => {
    for (const name of ["evil", "a=b"]) {
      const bench = new Bench(t);
      repository(bench);
      bench.ok("init");
      const mark = join(bench.top, "tmp", "started");
      put(join(bench.workspace, ".git", "more"), `[filter "${name}"]\n\tclean = "touch ${mark}; cat"\n`);
      git(bench, "config", "include.path", "more");
      put(join(bench.workspace, ".gitattributes"), `*.py filter=${name}\n`);
      bench.ok("run", "--", "true");
      assert.equal(existsSync(mark), false, name);
    }
  });

  test("branch names and remotes that look like options are only text", (t) => {
    const bench = new Bench(t);
    const out = join(bench.workspace, "written");
    repository(bench, "--output=written");
    git(bench, "config", "remote.origin.url", "--upload-pack=touch written");
    put(join(bench.workspace, ".gitmodules"), '[submodule "-x"]\n\tpath = -x\n\turl = -u./written\n');
    bench.ok("init");
    bench.ok("run", "--", "true");
    assert.equal(existsSync(out), false);
    assert.equal(tagsOf(bench)["mlflow.source.git.branch"], "--output=written");
  });

  test("a program of the work tree is not taken for git", (t) => {
    const bench = new Bench(t);
    repository(bench);
    bench.ok("init");
    const mark = join(bench.top, "tmp", "started");
    put(join(bench.workspace, "git"), `#!/bin/sh\ntouch ${mark}\n`);
    chmodSync(join(bench.workspace, "git"), 0o755);
    bench.runstoneWith({ PATH: `.:${process.env.PATH}` }, "run", "--", "true");
    assert.equal(existsSync(mark), false);
  });
});
