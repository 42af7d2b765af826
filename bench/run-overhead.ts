/** What `runstone run` costs: until the child starts, and in all, in a Git repository of 5,000 files. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, inTurn, summarize, timeCommand } from "./measure.js";
import { milliseconds, printRow } from "./table.js";

const BINARY = fileURLToPath(new URL("../bin/runstone.js", import.meta.url));
const FILES = 5000;
const START_BAR_MS = 100;
const TOTAL_BAR_MS = 250;
const SIZE = `${FILES.toLocaleString("en")} files in Git`;

export async function benchRunOverhead(): Promise<void> {
  const repository = mkdtempSync(join(tmpdir(), "runstone-bench-"));
  try {
    makeRepository(repository);
    execFileSync(process.execPath, [BINARY, "init"], {
      cwd: repository,
      env: cleanEnvironment(),
      stdio: "ignore",
    });
    await inAll(repository);
    await untilStart(repository);
  } finally {
    rmSync(repository, { recursive: true, force: true });
    rmSync(`${repository}-stamp`, { force: true });
  }
}

function makeRepository(repository: string): void {
  for (let index = 0; index < FILES; index += 1) {
    const directory = join(repository, `d${Math.floor(index / 100)}`);
    if (index % 100 === 0) mkdirSync(directory);
    writeFileSync(join(directory, `f${index}.py`), `print(${index})\n`);
  }
  const git = (...args: readonly string[]): void => {
    execFileSync("git", ["-c", "user.name=b", "-c", "user.email=b@example.org", ...args], {
      cwd: repository,
      stdio: "ignore",
    });
  };
  git("init");
  git("add", "-A");
  git("commit", "-m", "all files");
}

async function inAll(repository: string): Promise<void> {
  const options = { cwd: repository };
  const { subject, baseline } = await inTurn(
    () => timeCommand(process.execPath, [BINARY, "run", "--", "true"], options),
    () => timeCommand("true", [], options),
    9,
  );
  const over = subject.median - baseline.median;
  printRow({
    scenario: "`runstone run -- true`, in all",
    size: SIZE,
    result: milliseconds(subject.median),
    baseline: `${milliseconds(baseline.median)} (\`true\`)`,
    ratio: `+${milliseconds(over)}`,
    bar: `+${TOTAL_BAR_MS} ms`,
    met: over <= TOTAL_BAR_MS,
  });
}

/** The child writes the time when it starts; both clocks are the system's. */
async function untilStart(repository: string): Promise<void> {
  // Beside the repository: inside it would be a change, and the patch of changes is captured before the start, too.
  const stamp = `${repository}-stamp`;
  const started = (command: string, args: readonly string[]): number => {
    const begin = Date.now();
    const { status } = spawnSync(command, args, {
      cwd: repository,
      env: cleanEnvironment(),
      stdio: "ignore",
    });
    if (status !== 0) throw new Error(`${command} ended with ${status}`);
    return Number(readFileSync(stamp, "utf8")) - begin;
  };
  const script = `date +%s%3N > ${stamp}`;
  const gitTimes: number[] = [];
  const { subject, baseline } = await inTurn(
    () => started(process.execPath, [BINARY, "run", "--", "sh", "-c", script]),
    () => {
      gitTimes.push(timeCommand("git", ["status", "--porcelain"], { cwd: repository }));
      return Math.max(1, started("sh", ["-c", script]));
    },
    9,
  );
  const git = summarize(gitTimes).median;
  const over = subject.median - baseline.median - git;
  printRow({
    scenario: "`runstone run`, until the child starts",
    size: SIZE,
    result: milliseconds(subject.median),
    baseline: `${milliseconds(baseline.median)} (\`sh\`) + ${milliseconds(git)} (\`git status\`)`,
    ratio: `+${milliseconds(over)}`,
    bar: `+${START_BAR_MS} ms`,
    met: over <= START_BAR_MS,
  });
}
