/** `npm run demo` does the main job and shows it, also on a machine without Python. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { REPOSITORY } from "../helpers/python.js";

test("the demo records two runs and finds no damage", (context) => {
  assertShown(demo(context, process.env.PATH ?? ""));
});

test("without Python the demo trains in Node", { skip: process.platform === "win32" }, (context) => {
  const output = demo(context, pathOf(context, ["node", "git"]));
  assertShown(output);
  assert.match(output, /^\$ runstone run --experiment wine -- node examples\/wine\/train\.mjs --lr 1$/m);
});

function assertShown(output: string): void {
  assert.equal(output.match(/^runstone: run \S+ FINISHED in /gm)?.length, 2, output);
  assert.match(output, /^ {2}test\/acc .*█/m, "the curve of the newest run");
  assert.match(output, /^2 runs \(2 sealed\), \d+ files and \d+ objects hashed: no damage$/m);
}

/** What the demo prints, stdout and stderr. */
function demo(context: TestContext, path: string): string {
  const directory = temporary(context);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(REPOSITORY, "scripts", "demo.mjs"), "--run-only"],
    {
      env: { ...process.env, PATH: path, TMPDIR: directory, RUNSTONE_SPOOL_DIR: directory },
      encoding: "utf8",
    },
  );
  assert.equal(status, 0, stdout + stderr);
  return stdout + stderr;
}

/** A PATH that holds just these programs. */
function pathOf(context: TestContext, programs: readonly string[]): string {
  const directory = join(temporary(context), "bin");
  mkdirSync(directory);
  for (const program of programs) symlinkSync(find(program), join(directory, program));
  return directory;
}

function find(program: string): string {
  if (program === "node") return process.execPath;
  const places = (process.env.PATH ?? "").split(delimiter).map((place) => join(place, program));
  const found = places.find((path) => spawnSync(path, ["--version"], { stdio: "ignore" }).status === 0);
  return found ?? assert.fail(`there is no ${program}`);
}

function temporary(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "runstone-demo-test-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
