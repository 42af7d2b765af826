/** Killed at each step, and each Git command killed: the repository is whole, nothing is locked, no ref names nothing. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../../core/capture/find-program.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

const POSIX = { skip: process.platform === "win32" };
const MODULE = new URL("../../core/git/snapshot/index.js", import.meta.url).href;

function prepared(): TestRepository {
  const at = TestRepository.create();
  at.write(".gitattributes", "*.crlf text\n");
  at.commit("dir/a.txt", "a\n");
  at.write("dir/a.txt", "changed\n");
  at.write("b.crlf", "one\r\n");
  at.write("new/deep/c.txt", "new\n");
  return at;
}

function assertWhole(at: TestRepository, step: string): void {
  const { status, stderr } = spawnSync("git", ["fsck", "--strict"], {
    ...{ cwd: at.root, env: { ...GIT_ENV }, encoding: "utf8" },
  });
  assert.equal(status, 0, `${step}: ${stderr}`);
  const files = readdirSync(join(at.root, ".git"), { recursive: true }).map(String);
  assert.deepEqual(
    files.filter((name) => name.endsWith(".lock")),
    [],
    step,
  );
  for (const line of at.git("for-each-ref", "--format=%(refname) %(objecttype)").split("\n"))
    assert.match(line, / commit$/, step);
  const left = (): readonly string[] =>
    readdirSync(join(at.root, ".git/objects"), { recursive: true })
      .map(String)
      .filter((name) => /(?:^|\/)tmp_/.test(name));
  at.git("prune", "--expire=now");
  assert.deepEqual(left(), [], `${step}: git prune takes away what was left`);
}

/** A child that ends itself by SIGKILL before its n-th call that changes the file system; exit code 0 when there is none. */
const CHILD = `
import plain from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
let left = Number(process.argv[1]);
const wrap = (object, names) => {
  for (const name of names) {
    const real = object[name];
    object[name] = (...args) => {
      if (left-- === 0) process.kill(process.pid, "SIGKILL");
      return real(...args);
    };
  }
};
wrap(fs, ["open", "mkdir", "mkdtemp", "link", "rm"]);
wrap(plain, ["writeFileSync", "renameSync", "mkdirSync", "utimesSync"]);
syncBuiltinESMExports();
const { takeSnapshot } = await import(${JSON.stringify(MODULE)});
const { missing } = await takeSnapshot({ cwd: process.cwd(), env: process.env, runId: "killed" });
if (missing.length > 0) throw new Error(missing[0].reason);
`;

function runKilled(at: TestRepository, calls: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", CHILD, String(calls)], {
    ...{ cwd: at.root, env: { ...GIT_ENV }, stdio: ["ignore", "ignore", "inherit"] },
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_, signal) => resolve(signal));
  });
}

test("killed before each change of the file system", POSIX, async () => {
  const stride = process.env.RUNSTONE_TIER === "full" ? 1 : 5;
  for (let calls = 0; ; calls += stride) {
    const at = prepared();
    try {
      const signal = await runKilled(at, calls);
      assertWhole(at, `before call ${calls}`);
      if (signal === null) {
        assert.ok(calls > 5, `only ${calls} calls were met`);
        return;
      }
    } finally {
      at.remove();
    }
  }
});

test("each Git command is killed in turn", POSIX, async () => {
  const git = findProgram("git", process.env) ?? assert.fail("no git");
  const { takeSnapshot } = await import("../../core/git/snapshot/index.js");
  for (let nth = 1; ; nth += 1) {
    const at = prepared();
    const tools = mkdtempSync(join(tmpdir(), "runstone-git-"));
    try {
      // Counts its starts, and ends the n-th one as kill -9 would.
      const script = `#!/bin/sh\necho x >> ${tools}/starts\n[ $(wc -l < ${tools}/starts) -eq ${nth} ] && kill -9 $$\nexec ${git} "$@"\n`;
      writeFileSync(join(tools, "git"), script);
      chmodSync(join(tools, "git"), 0o755);
      const env = { ...GIT_ENV, PATH: `${tools}:${GIT_ENV.PATH}` };
      const { snapshot, missing } = await takeSnapshot({ cwd: at.root, env, runId: "r" });
      assertWhole(at, `command ${nth}`);
      const starts = readFileSync(join(tools, "starts"), "utf8").length / 2;
      if (starts < nth) {
        assert.deepEqual(missing, []);
        return;
      }
      assert.ok(missing.length === 1 || snapshot !== null, `command ${nth}`);
      const refs = at.git("for-each-ref", "refs/runstone");
      assert.equal(refs === "", missing.length > 0, `command ${nth}: a ref exactly when nothing is missing`);
    } finally {
      at.remove();
      rmSync(tools, { recursive: true, force: true });
    }
  }
});
