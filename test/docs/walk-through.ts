/** Pages whose `console` blocks are run, one after another, in a project of their own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { REPOSITORY } from "../helpers/python.js";
import { fencedBlocks, readPage } from "./pages.js";

interface Step {
  readonly command: string;
  readonly output: readonly string[];
}

const MARK = "@@ step";

/**
 * Runs the commands of a page in one shell, in a Git repository with the examples, and compares what each prints with the
 * page; ids, names, times and places may differ. `adapt` may put other addresses into the page.
 */
export function assertPageRuns(
  context: TestContext,
  page: string,
  atLeast: number,
  adapt: (text: string) => string = (text) => text,
): void {
  const steps = stepsOf(adapt(readPage(page)));
  assert.ok(steps.length >= atLeast, `${page} has its steps`);
  const printed = runInProject(
    context,
    steps.map(({ command }) => command),
  );
  for (const [index, { command, output }] of steps.entries()) {
    assert.match(comparable(printed[index] ?? []), expectation(output), `${page}: output of: ${command}`);
  }
}

/** Why the page cannot be run here; false when it can. Under `CI=true` an error. */
export function withoutPrograms(page: string, programs: readonly string[]): string | false {
  const missing = programs.filter(
    (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status !== 0,
  );
  if (missing.length === 0) return false;
  const reason = `${page} needs ${missing.join(", ")}`;
  if (process.env.CI === "true") throw new Error(reason);
  console.warn(`\n!!! SKIPPED: ${reason}\n`);
  return reason;
}

function stepsOf(text: string): readonly Step[] {
  return fencedBlocks(text)
    .filter(({ language }) => language === "console")
    .flatMap(({ text: block }) => block.split(/^(?=\$ )/m))
    .map((step) => {
      const [command = "", ...output] = step.trimEnd().split("\n");
      return { command: command.replace(/^\$ /, ""), output };
    });
}

/** Returns the lines each printed. */
function runInProject(context: TestContext, commands: readonly string[]): readonly (readonly string[])[] {
  const home = mkdtempSync(join(tmpdir(), "runstone-readme-"));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  const project = join(home, "project");
  const bin = join(home, "bin");
  const spools = join(home, "spools");
  for (const directory of [project, bin, spools]) mkdirSync(directory);
  symlinkSync(join(REPOSITORY, "dist", "bin", "runstone.js"), join(bin, "runstone"));
  cpSync(join(REPOSITORY, "examples"), join(project, "examples"), { recursive: true });
  writeFileSync(join(project, ".gitignore"), "wine-out\nlong.*\n");
  const {
    RUNSTONE_RUN_ID: _,
    RUNSTONE_STORE: __,
    NODE_EXTRA_CA_CERTS: ___,
    XDG_CACHE_HOME: ____,
    XDG_CONFIG_HOME: _____,
    ...env
  } = process.env;
  const script = [
    "git init -q -b main && git config user.name Ada && git config user.email ada@example.org",
    "git add . && git commit -q -m Wine",
    ...commands.flatMap((command, index) => [`echo '${MARK} ${index}'`, command]),
  ].join("\n");
  const { stdout, status } = spawnSync("bash", ["-c", `exec 2>&1\n${script}`], {
    cwd: project,
    env: { ...env, HOME: home, PATH: `${bin}:${env.PATH}`, RUNSTONE_SPOOL_DIR: spools, NO_COLOR: "1" },
    encoding: "utf8",
    timeout: 300_000,
  });
  assert.equal(status, 0, stdout);
  const parts = stdout.split(new RegExp(`^${MARK} \\d+\\n`, "m")).slice(1);
  return parts.map((part) =>
    part
      .trimEnd()
      .split("\n")
      .filter((line) => !/^bash: .*\bKilled\b/.test(line)),
  );
}

/** A line without what differs from one run to the next: ids, names, places, times, and the widths of columns. */
function withoutChance(line: string): string {
  return line
    .replace(/\r$/, "")
    .replace(/\b[0-9a-f]{40}\b/g, "COMMIT")
    .replace(/\([0-9a-f]{8}\)/g, "(ID)")
    .replace(/\b[0-9a-f]{32}\b/g, "RUN")
    .replace(/\b1[0-9]{12}\b/g, "MILLISECONDS")
    .replace(/\b[0-9a-f]{12}\b on /, "COMMIT on ")
    .replace(/^(runstone: )?[0-9a-f]{7,8} /, "$1ID ")
    .replace(/ [0-9a-f]{7}(?= |$)/g, " ID")
    .replace(/\b[a-z]+-[a-z]+-\d{1,3}\b/g, "NAME")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "DATE")
    .replace(/\b\d+(?:\.\d+)?(?:ms|s|m|h)\b(?: \d+s)?/g, "TIME")
    .replace(/\bjust now\b/g, "TIME ago")
    .replace(/\bnow\b/g, "TIME")
    .replace(/: \/\S+ /, ": PLACE ")
    .replace(/\S*\/runstone-readme-[^/\s]+/, "HOME")
    .replace(/process \d+ on \S+\)/, "process N on HOST)")
    .replace(/\b\d+(?:\.\d)? (?:B|KiB|MiB|GiB)(?=[ )]|$)/g, "SIZE")
    .replace(/( {2}SIZE +SIZE +)\d+$/, "$1N")
    .replace(/\b\d+ points\b/g, "N points")
    .replace(/\d+ files and \d+ objects/, "N files and N objects")
    .replace(/ {2,}/g, "  ");
}

function comparable(lines: readonly string[]): string {
  return lines.map((line) => `${withoutChance(line)}\n`).join("");
}

/** `...` stands for any lines. */
function expectation(lines: readonly string[]): RegExp {
  const parts = lines.map((line) =>
    line === "..." ? "(?:.*\\n)*?" : `${literally(withoutChance(line))}\\n`,
  );
  return new RegExp(`^${parts.length === 0 ? "\\n?" : parts.join("")}$`);
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
