/**
 * The main job on real data, in one command (`npm run demo`). From a fresh clone it installs the locked packages, builds,
 * makes a Git repository with the Wine example in a temporary directory, records two training runs in it, and shows
 * them. The repository stays, to look around in.
 *
 *   --run-only    no set-up and no build: dist/ as it is
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { install, npm, step } from "./install.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = join(root, "dist", "bin", "runstone.js");

const { values: options } = parseArgs({ options: { "run-only": { type: "boolean", default: false } } });

process.chdir(root);
if (!options["run-only"]) {
  install();
  step("build", npm, ["run", "--silent", "build"]);
}

const project = makeProject();
const training = hasPython() ? ["python3", "examples/wine/train.py"] : ["node", "examples/wine/train.mjs"];
console.log(`\n== A Git repository with the Wine example: ${project}`);
runstone("init");
runstone("run", "--experiment", "wine", "--", ...training, "--lr", "0.1");
runstone("run", "--experiment", "wine", "--", ...training, "--lr", "1");
runstone("runs");
runstone("show");
runstone("fsck");
console.log(`\nLook around: cd ${project}\n             node ${program} --help`);

/** A temporary Git repository with one commit that holds the example. */
function makeProject() {
  const directory = mkdtempSync(join(tmpdir(), "runstone-demo-"));
  cpSync(join(root, "examples", "wine"), join(directory, "examples", "wine"), { recursive: true });
  writeFileSync(join(directory, ".gitignore"), "node_modules\nwine-out\n");
  // The Node example imports "runstone", as it would after `npm install runstone`.
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules", "runstone"), "junction");
  git(directory, "init", "--quiet");
  git(directory, "add", ".");
  git(directory, "commit", "--quiet", "--no-verify", "--message", "The Wine example");
  return directory;
}

/** Git with a name of its own for the one commit, so that the demo also runs where Git was never set up. */
function git(directory, ...args) {
  const settings = ["user.name=Demo", "user.email=demo@example.org", "commit.gpgsign=false"];
  run("git", ["-C", directory, ...settings.flatMap((setting) => ["-c", setting]), ...args], {});
}

function hasPython() {
  const check = "import sys; sys.exit(sys.version_info < (3, 7))";
  return spawnSync("python3", ["-c", check], { stdio: "ignore" }).status === 0;
}

function runstone(...args) {
  console.log(`\n$ runstone ${args.join(" ")}`);
  // A run around this one, or another store, would draw the demo into itself.
  const { RUNSTONE_RUN_ID: _, RUNSTONE_STORE: __, RUNSTONE_EXPERIMENT: ___, ...env } = process.env;
  run(process.execPath, [program, ...args], { cwd: project, env });
}

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (status === 0) return;
  console.error(`\n${command} ${args.join(" ")} failed: ${error?.message ?? `exit code ${status}`}`);
  process.exit(1);
}
