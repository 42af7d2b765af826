/** Over random work trees: the snapshot, checked out, is the work tree; nothing of the user's is touched. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { takeSnapshot } from "../../core/git/snapshot/index.js";
import fc from "../helpers/fast-check.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

const NAMES = [
  ...["a", "b.py", "dir/c.txt", "dir/sub/d", "dir.x/e", "-leading", "with space", "new\nline", "é.txt"],
  ...["dir/sub/*.g", "zz/[x]/y", '"quoted"', "back\\slash", ":colon", "#hash", "dir-/f", "CRLF.txt", "zz/k"],
];

type Step =
  | { readonly kind: "write"; readonly name: string; readonly text: string; readonly executable: boolean }
  | { readonly kind: "link"; readonly name: string; readonly text: string }
  | { readonly kind: "delete" | "stage" | "intend" | "forget"; readonly name: string }
  | { readonly kind: "rename"; readonly name: string; readonly to: string }
  | { readonly kind: "replace"; readonly name: string };

const name = fc.constantFrom(...NAMES);
const text = fc.oneof(
  fc.constantFrom("", "one\n", "two\nlines\n", "no end", "\0binary\r\n", "\xff\xfe latin"),
  fc.string({ maxLength: 60 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), name, text, executable: fc.boolean() }),
  fc.record({
    kind: fc.constant("link" as const),
    name,
    text: fc.constantFrom("a", "../out", "dir/sub", "/etc"),
  }),
  fc.record({
    kind: fc.constantFrom("delete" as const, "stage" as const, "intend" as const, "forget" as const),
    name,
  }),
  fc.record({ kind: fc.constant("rename" as const), name, to: name }),
  fc.record({ kind: fc.constant("replace" as const), name }),
);

/** Steps that the state does not allow (a directory in the way) do nothing. */
function apply(repository: TestRepository, one: Step): void {
  const path = join(repository.root, one.name);
  try {
    if (one.kind === "write") {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, Buffer.from(one.text, "latin1"));
      chmodSync(path, one.executable ? 0o755 : 0o644);
    } else if (one.kind === "link") {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      symlinkSync(one.text, path);
    } else if (one.kind === "delete") rmSync(path, { force: true });
    else if (one.kind === "rename") renameSync(path, join(repository.root, one.to));
    else if (one.kind === "replace") {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "inside"), "x\n");
    } else {
      const commands = { stage: ["add", "-A"], intend: ["add", "-N"], forget: ["rm", "-q", "--cached"] };
      repository.git("--literal-pathspecs", ...commands[one.kind], "--", one.name);
    }
  } catch {
    // a file in a directory's place, or a name Git does not have
  }
}

/** Every file below `root` but `.git`, with its type, mode and bytes. */
function treeOf(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (directory: string): void => {
    for (const entry of readdirSync(join(root, directory))) {
      const path = directory === "" ? entry : `${directory}/${entry}`;
      if (path === ".git") continue;
      const stats = lstatSync(join(root, path));
      if (stats.isDirectory()) walk(path);
      else if (stats.isSymbolicLink()) found.set(path, `link ${readlinkSync(join(root, path))}`);
      else found.set(path, `${stats.mode & 0o100} ${readFileSync(join(root, path), "latin1")}`);
    }
  };
  walk("");
  return found;
}

/** Everything of the user's that must stay: index with its time, HEAD, refs, stash, file times, `git status`. */
function keepsakes(repository: TestRepository): unknown {
  const at = (path: string): string => join(repository.root, ".git", path);
  const index = lstatSync(at("index"), { bigint: true, throwIfNoEntry: false });
  const bytes = index === undefined ? "" : readFileSync(at("index"), "latin1");
  const times = [...treeOf(repository.root).keys()].map((path) => [
    path,
    lstatSync(join(repository.root, path), { bigint: true }).mtimeNs,
  ]);
  const refs = repository
    .git("for-each-ref")
    .split("\n")
    .filter((line) => line !== "" && !line.includes("refs/runstone/"));
  return {
    ...{
      index: index?.mtimeNs,
      inode: index?.ino,
      bytes,
      times,
      refs,
      head: readFileSync(at("HEAD"), "utf8"),
    },
    status: repository.git("--no-optional-locks", "status", "--porcelain=v2", "-z"),
    locks: readdirSync(at(".")).filter((entry) => entry.endsWith(".lock")),
  };
}

function fsck(repository: TestRepository): void {
  const output = execFileSync("git", ["fsck", "--strict", "--no-dangling"], {
    ...{ cwd: repository.root, env: { ...GIT_ENV }, encoding: "utf8", stdio: "pipe" },
  });
  assert.equal(output.replace(/^notice: .*\n/gm, ""), "");
}

interface World {
  readonly before: readonly Step[];
  readonly after: readonly Step[];
  readonly sha256: boolean;
  readonly commits: boolean;
}

async function snapshotIsTheWorkTree({ before, after, sha256, commits }: World): Promise<void> {
  const repository = new TestRepository();
  try {
    repository.git("init", "-q", "-b", "main", ...(sha256 ? ["--object-format=sha256"] : []));
    repository.git("config", "user.name", "Ada Example");
    repository.git("config", "user.email", "ada@example.org");
    repository.write(".gitignore", "ignored\n*.log\n");
    for (const one of before) apply(repository, one);
    if (commits) {
      repository.git("add", "-A");
      repository.git("commit", "-q", "-m", "first");
    }
    for (const one of after) apply(repository, one);
    repository.write("ignored/file", "no code\n");
    const kept = keepsakes(repository);
    const { snapshot, missing } = await takeSnapshot({ cwd: repository.root, env: GIT_ENV, runId: "r1" });
    assert.deepEqual(missing, []);
    assert.deepEqual(keepsakes(repository), kept);
    assert.deepEqual([snapshot?.leftOut, snapshot?.complete], [[], true]);
    fsck(repository);
    assert.equal(repository.git("rev-parse", "refs/runstone/runs/r1"), snapshot?.commit);
    const copy = new TestRepository(join(repository.root, ".git", "copy"));
    repository.git("worktree", "add", "-q", "--detach", copy.root, "refs/runstone/runs/r1");
    const wanted = treeOf(repository.root);
    wanted.delete("ignored/file");
    assert.deepEqual(treeOf(copy.root), wanted);
  } catch (error) {
    if (process.env.SHOW) console.error(error);
    throw error;
  } finally {
    repository.remove();
  }
}

test("a snapshot is the work tree, and nothing else changes", {
  skip: process.platform === "win32",
}, async () => {
  const steps = fc.array(step, { maxLength: 12 });
  const world = fc.record({ before: steps, after: steps, sha256: fc.boolean(), commits: fc.boolean() });
  await fc.assert(fc.asyncProperty(world, snapshotIsTheWorkTree), {
    numRuns: process.env.RUNSTONE_TIER === "full" ? 300 : 15,
  });
});
