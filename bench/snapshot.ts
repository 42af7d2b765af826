/** What a snapshot costs over `git status`, in a repository of 50,000 files and 10,000 commits. */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeSnapshot } from "../core/git/snapshot/index.js";
import { cleanEnvironment, inTurn, type Sample, summarize, timeCommand, timed } from "./measure.js";
import { milliseconds, printRow } from "./table.js";

const CLEAN_BAR_MS = 15;
const DIRTY_BAR_MS = 90;
const CHANGED = 20;
const STATUS = [
  "--no-optional-locks",
  "status",
  "--porcelain=v2",
  "--branch",
  "-z",
  "--untracked-files=normal",
];

export interface SnapshotSize {
  readonly files: number;
  readonly commits: number;
}

export async function benchSnapshot(size: SnapshotSize): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "runstone-bench-"));
  try {
    makeRepository(root, size);
    const words = `${size.files.toLocaleString("en")} files, ${size.commits.toLocaleString("en")} commits`;
    await compare({ root, scenario: "snapshot of a clean work tree", size: words, bar: CLEAN_BAR_MS });
    change(root, 0);
    await compare({ root, scenario: `snapshot, ${CHANGED} files changed`, size: words, bar: DIRTY_BAR_MS });
    compareWithGit(root, words);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function git(root: string, args: readonly string[], input?: string): void {
  const { status, stderr } = spawnSync("git", args, { cwd: root, env: environment(), input });
  if (status !== 0) throw new Error(`git ${args.join(" ")} failed: ${String(stderr)}`);
}

function environment(): NodeJS.ProcessEnv {
  return { ...cleanEnvironment(), GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
}

function pathOf(file: number): string {
  return `d${Math.floor(file / 1000)}/s${Math.floor(file / 50) % 20}/f${file}.py`;
}

function sourceOf(file: number, version: number): string {
  return `import os\n\n\ndef f${file}():\n    return ${version}\n`.repeat(20);
}

/** One commit with all files, then others that change one each. */
function makeRepository(root: string, { files, commits }: SnapshotSize): void {
  git(root, ["init", "-q", "-b", "main"]);
  git(root, ["config", "user.name", "b"]);
  git(root, ["config", "user.email", "b@example.org"]);
  const parts: string[] = [];
  const blob = (file: number, version: number): string => {
    const text = sourceOf(file, version);
    return `M 100644 inline ${pathOf(file)}\ndata ${text.length}\n${text}\n`;
  };
  for (let commit = 0; commit < commits; commit += 1) {
    parts.push(
      `commit refs/heads/main\ncommitter b <b@example.org> ${1_700_000_000 + commit} +0000\ndata 1\nx\n`,
    );
    if (commit === 0) for (let file = 0; file < files; file += 1) parts.push(blob(file, 0));
    else parts.push(blob((commit * 7) % files, commit));
  }
  git(root, ["fast-import", "--quiet"], parts.join(""));
  git(root, ["reset", "-q", "--hard"]);
  // Files as old as the index are read again by each `git status`.
  spawnSync("sleep", ["1.1"]);
  git(root, ["update-index", "--refresh"]);
}

/** Other content each time, so that no object is there already. */
function change(root: string, round: number): void {
  for (let i = 0; i < CHANGED; i += 1) {
    const file = i * 101;
    writeFileSync(join(root, pathOf(file)), `${sourceOf(file, round)}# round ${round}\n`);
  }
}

interface Comparison {
  readonly root: string;
  readonly scenario: string;
  readonly size: string;
  readonly bar: number;
}

/** The same `git status` as the snapshot's own, without it in turn. */
async function compare({ root, scenario, size, bar }: Comparison): Promise<void> {
  const env = environment();
  let run = 0;
  const isDirty = scenario.includes("changed");
  const { subject, baseline } = await inTurn(
    () => {
      run += 1;
      if (isDirty) change(root, run);
      return timed(async () => {
        const { missing } = await takeSnapshot({ cwd: root, env, runId: `r${run}-${bar}` });
        if (missing.length > 0) throw new Error(missing[0]?.reason);
      });
    },
    () => timeCommand("git", STATUS, { cwd: root, env }),
    15,
  );
  const over = subject.median - baseline.median;
  printRow({
    ...{ scenario, size, result: milliseconds(subject.median) },
    baseline: `${milliseconds(baseline.median)} (\`git status\`)`,
    ...{ ratio: `+${milliseconds(over)}`, bar: `+${bar} ms`, met: over <= bar },
  });
}

/** What people do by hand, for the same 20 files. */
function compareWithGit(root: string, size: string): void {
  const env = environment();
  const options = { cwd: root, env };
  const measure = (action: (round: number) => number): Sample =>
    summarize(Array.from({ length: 7 }, (_, round) => action(round)));
  const stash = measure((round) => {
    change(root, 1000 + round);
    return timeCommand("git", ["stash", "create"], options);
  });
  const commit = measure((round) => {
    change(root, 2000 + round);
    appendFileSync(join(root, pathOf(0)), "\n");
    return (
      timeCommand("git", ["add", "-A"], options) + timeCommand("git", ["commit", "-q", "-m", "x"], options)
    );
  });
  for (const [name, sample] of [
    ["`git stash create`", stash],
    ["`git add -A && git commit`", commit],
  ] as const)
    printRow({
      ...{ scenario: `${name}, ${CHANGED} files changed`, size, result: milliseconds(sample.median) },
      ...{ baseline: "", ratio: "", bar: "", met: null },
    });
}
