/** `log`, `blame`, `report`, `diff` and `checkout`: runs that are known, on a history that is known. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { TestRepository } from "../helpers/git-repository.js";
import { type PlainRun, writePlainStore } from "../helpers/plain-store.js";
import { newDirectory, type Workspace } from "./program.js";

interface History extends Workspace {
  readonly files: TestRepository;
  /** Oldest first. */
  readonly commits: readonly string[];
}

const HOUR = 3_600_000;
const START = 1_748_764_800_000;

/** Three commits; two runs at the first, one at the third, one at a commit of elsewhere, one that tells none. */
function newHistory(t: TestContext, more: readonly PlainRun[] = []): History {
  const workspace = newDirectory(t);
  const files = new TestRepository(workspace.directory);
  files.git("init", "-q", "-b", "main");
  files.git("config", "user.name", "Ada Example");
  files.git("config", "user.email", "ada@example.org");
  files.write(".gitignore", "mlruns\n");
  files.git("add", ".gitignore");
  const commits = ["lr = 1\n", "lr = 2\n", "lr = 3\n"].map((text) => files.commit("train.py", text));
  const run = (id: string, commit: string | null, loss: number, at: number): PlainRun => ({
    id,
    name: `run-${id}`,
    startTime: START + at * HOUR,
    metrics: { loss: [9, loss] },
    params: { lr: id },
    tags: commit === null ? {} : { "mlflow.source.git.commit": commit, "mlflow.source.git.dirty": "False" },
  });
  writePlainStore(workspace.directory, [
    run("aaaa", commits[0]!, 0.5, 0),
    run("bbbb", commits[0]!, 0.4, 1),
    run("cccc", commits[2]!, 0.45, 2),
    run("dddd", "e".repeat(40), 0.6, 3),
    run("eeee", null, 0.7, 4),
    ...more,
  ]);
  return { ...workspace, files, commits };
}

const store = ["--store", "mlruns"];

describe("runstone log", () => {
  test("commits with their runs, what a metric did, and what is elsewhere", (t) => {
    const { run, commits } = newHistory(t);
    const { stdout, stderr } = run(["log", "-m", "loss", ...store]);
    const short = commits.map((commit) => commit.slice(0, 7));
    assert.match(
      stdout,
      new RegExp(
        [
          `^\\* ${short[2]} \\(HEAD -> main\\) add train.py  Ada Example, .*`,
          "\\|   cccc000  run-cccc  loss 0.45 \\(worse by 0.05\\)",
          `\\* ${short[1]} add train.py  .*`,
          `\\* ${short[0]} add train.py  .*`,
          "    bbbb000  run-bbbb  loss 0.4 \\(best\\)",
          "    aaaa000  run-aaaa  loss 0.5\n$",
        ].join("\n"),
      ),
    );
    assert.match(stderr, /^1 run ran at commits that are not in this history/m);
    assert.match(stderr, /^1 run tells no commit$/m);
  });

  test("--tolerance, --ran, -n, paths and JSON", (t) => {
    const { read, run, commits, files } = newHistory(t);
    assert.doesNotMatch(read(["log", "-m", "loss", "--tolerance", "0.1", ...store]), /worse/);
    assert.equal(read(["log", "--ran", "-n", "1", "--runs", "1", ...store]).split("\n").length, 2);
    files.commit("other.txt", "x\n");
    const found = JSON.parse(read(["log", "train.py", "-m", "loss", "--json", ...store]));
    assert.deepEqual(
      found.map(({ commit, runs }: { commit: string; runs: unknown[] }) => [commit, runs.length]),
      [
        [commits[2], 1],
        [commits[1], 0],
        [commits[0], 2],
      ],
    );
    assert.deepEqual(found[0].metrics.loss, {
      value: 0.45,
      run_id: "cccc".padEnd(32, "0"),
      before: 0.4,
      best: false,
      regression: true,
    });
    const mistyped = run(["log", "metrc", ...store]);
    assert.equal(mistyped.status, 2);
    assert.match(mistyped.stderr, /Did you mean runstone log metric/);
  });

  test("outside a repository it says so", (t) => {
    const { run, files } = newHistory(t);
    rmSync(join(files.root, ".git"), { recursive: true });
    const { status, stderr } = run(["log", ...store]);
    assert.equal(status, 3);
    assert.match(stderr, /is in no Git work tree/);
  });
});

test("blame: who set each new best value", (t) => {
  const { read, commits } = newHistory(t);
  const found = JSON.parse(read(["blame", "loss", "--json", ...store]));
  assert.deepEqual(
    found.map(({ run_name, value, commit, author }: Record<string, unknown>) => [
      run_name,
      value,
      commit,
      author,
    ]),
    [
      ["run-aaaa", 0.5, commits[0], "Ada Example"],
      ["run-bbbb", 0.4, commits[0], "Ada Example"],
    ],
  );
});

describe("runstone report", () => {
  test("metrics before and now, runs and commits, as Markdown, HTML and JSON", (t) => {
    const { read, run, commits, files } = newHistory(t);
    files.git("tag", "v1", "HEAD~1");
    const text = read(["report", "v1..", ...store]);
    const short = commits[2]!.slice(0, 7);
    assert.match(
      text,
      /^## Runs of v1\.\.\n\n1 commit, 1 run\. Code: 1 file changed, 1 line added, 1 removed\./,
    );
    assert.match(
      text,
      /^\| loss \(min\) \| 0\.4 \| 0\.45 \| \*\*\+0\.05\*\* worse \| run-cccc \(cccc0000\) \|$/m,
    );
    assert.match(
      text,
      new RegExp(`^\\| run-cccc \\(cccc0000\\) \\| \`${short}\` \\| FINISHED \\| 0.45 \\|$`, "m"),
    );
    const record = JSON.parse(read(["report", "v1..", "--json", ...store]));
    assert.deepEqual(
      record.metrics.map(({ metric, verdict }: { metric: string; verdict: string }) => [metric, verdict]),
      [["loss", "worse"]],
    );
    assert.equal(run(["report", "v1..", "--exit-code", ...store]).status, 1);
    assert.equal(run(["report", "v1..", "--exit-code", "--tolerance", "0.1", ...store]).status, 0);
  });

  test("of all the history, and of commits that nothing ran at", (t) => {
    const { read } = newHistory(t);
    assert.match(
      read(["report", ...store]),
      /3 commits, 3 runs[\s\S]*\| loss \(min\) \| - \| 0\.4 \| new \|/,
    );
    assert.match(read(["report", "HEAD~2..HEAD~1", ...store]), /No run ran at these commits\./);
  });

  test("names cannot write markup", (t) => {
    const { read, files } = newHistory(t);
    const evil = "<script>alert(1)</script> | **x** [a](b)";
    files.write("train.py", "lr = 5\n");
    files.git("commit", "-q", "-a", "-m", evil);
    read(["report", "HEAD~1..", "-o", "report.html", ...store]);
    const page = readFileSync(join(files.root, "report.html"), "utf8");
    assert.doesNotMatch(page, /<script/);
    assert.match(page, /&lt;script&gt;/);
    assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
    const text = read(["report", "HEAD~1..", ...store]);
    assert.match(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt; \\\| \\\*\\\*x/);
  });
});

describe("runstone diff", () => {
  test("two runs: params, metrics and the code between", (t) => {
    const { read, commits } = newHistory(t);
    const text = read(["diff", "bbbb", "cccc", ...store]);
    assert.match(text, /lr +bbbb +cccc/);
    assert.match(text, /loss +0\.4 +0\.45 +\+0\.05 worse/);
    assert.match(text, /Code: 1 file changed, 1 line added, 1 removed\n {2}train\.py {2}\+1 -1/);
    assert.match(text, /^-lr = 1\n\+lr = 3$/m);
    const record = JSON.parse(read(["diff", "bbbb", "cccc", "--json", ...store]));
    assert.deepEqual(record.code.files, [{ path: "train.py", before: null, added: 1, removed: 1 }]);
    assert.deepEqual(
      record.sides.map(({ commit }: { commit: string }) => commit),
      [commits[0], commits[2]],
    );
  });

  test("a commit stands for its best or newest run; the work tree for itself", (t) => {
    const { read, files } = newHistory(t);
    const sides = (args: readonly string[]): unknown[] =>
      JSON.parse(read(["diff", ...args, "--json", ...store])).sides.map(
        ({ run_id }: { run_id: string }) => run_id,
      );
    const id = (start: string): string => start.padEnd(32, "0");
    files.git("tag", "first", "HEAD~2");
    assert.deepEqual(sides(["first", "cccc"]), [id("bbbb"), id("cccc")]);
    assert.deepEqual(sides(["first", "HEAD", "-m", "loss"]), [id("bbbb"), id("cccc")]);
    files.write("train.py", "lr = 4\n");
    assert.match(read(["diff", "HEAD", ...store]), /^-lr = 3\n\+lr = 4$/m);
    assert.doesNotMatch(read(["diff", "cccc", "--stat", ...store]), /lr = 4/);
    assert.match(read(["diff", "cccc", "--words", ...store]), /lr = \[-3-\]\{\+4\+\}/);
    assert.match(read(["diff", "cccc", "--path", "nothing-there", ...store]), /Code: the same/);
  });

  test("code that is not here, and changes that were not kept, are said", (t) => {
    const dirty: PlainRun = {
      id: "ffff",
      tags: { "mlflow.source.git.commit": "f".repeat(40), "mlflow.source.git.dirty": "True" },
    };
    const { run } = newHistory(t, [dirty]);
    const { status, stderr } = run(["diff", "ffff", "cccc", ...store]);
    assert.equal(status, 11);
    assert.match(stderr, /the code of ffff is not in this repository/);
    assert.equal(run(["diff", "bbbb", "cccc", "--exit-code", ...store]).status, 1);
    assert.equal(run(["diff", "nowhere", "cccc", ...store]).status, 3);
  });

  test("nothing that a repository names is started", (t) => {
    const { read, files } = newHistory(t);
    const trace = join(files.root, "ran");
    files.write(".gitattributes", "*.py diff=evil\n");
    files.git("config", "diff.evil.textconv", `touch '${trace}'; cat`);
    files.git("config", "diff.evil.command", `touch '${trace}'`);
    files.git("config", "diff.external", `touch '${trace}'`);
    files.write("train.py", "lr = 4\n");
    assert.match(read(["diff", "HEAD", ...store]), /\+lr = 4/);
    assert.equal(existsSync(trace), false);
  });
});

describe("runstone checkout", () => {
  test("the commit of a run of a clean tree is all of its code", (t) => {
    const { read, files, commits } = newHistory(t);
    const found = JSON.parse(read(["checkout", "bbbb", "-w", "out", "--json", ...store]));
    assert.deepEqual(
      [found.commit, found.from, found.exact, found.left_out],
      [commits[0], "commit", true, []],
    );
    assert.equal(readFileSync(join(files.root, "out", "train.py"), "utf8"), "lr = 1\n");
  });

  test("changes that are in no commit come from the patch, when it is asked for and whole", (t) => {
    const patch =
      "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-lr = 3\n+lr = 9\n";
    const dirtyRun = (id: string, commit: string, state: object): PlainRun => ({
      id,
      tags: { "mlflow.source.git.commit": commit, "mlflow.source.git.dirty": "True" },
      artifacts: { "runstone/git.patch": patch, "runstone/git.json": JSON.stringify(state) },
    });
    const { run, files, commits } = newHistory(t);
    writePlainStore(files.root, [
      dirtyRun("ab12", commits[2]!, { truncated: false, redactions: [] }),
      dirtyRun("cd34", commits[2]!, { truncated: false, redactions: [{ rule: "token", count: 1 }] }),
    ]);
    const without = run(["checkout", "ab12", "-w", "one", ...store]);
    assert.equal(without.status, 11);
    assert.match(without.stderr, /not committed; --patch applies/);
    assert.equal(run(["checkout", "ab12", "-w", "two", "--patch", ...store]).status, 0);
    assert.equal(readFileSync(join(files.root, "two", "train.py"), "utf8"), "lr = 9\n");
    const redacted = run(["checkout", "cd34", "-w", "three", "--patch", ...store]);
    assert.equal(redacted.status, 3);
    assert.equal(existsSync(join(files.root, "three")), false);
  });

  test("what a snapshot has not is listed", (t) => {
    const { run, files, commits } = newHistory(t);
    writePlainStore(files.root, [
      {
        id: "ab12",
        tags: { "mlflow.source.git.commit": commits[0]!, "runstone.git.snapshot": commits[1]! },
        artifacts: {
          "runstone/git.json": JSON.stringify({
            snapshot: { leftOut: [{ path: "big\x1b.bin", reason: "size" }] },
          }),
        },
      },
    ]);
    const { status, stdout, stderr } = run(["checkout", "ab12", "-w", "out", ...store]);
    assert.equal(status, 11);
    assert.match(stdout, /^The code of run ab12000 is in .*out$/m);
    assert.match(stderr, /not in it: big\\x1b\.bin \(too large\)/);
    assert.equal(readFileSync(join(files.root, "out", "train.py"), "utf8"), "lr = 2\n");
  });
});
