/** The package as its users get it: packed, installed into an empty folder without scripts, and used. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { REPOSITORY } from "../helpers/python.js";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const ENTRIES = ["runstone", "runstone/core", "runstone/store-format"];
const { RUNSTONE_RUN_ID: _, RUNSTONE_STORE: __, ...inherited } = process.env;
const certificates = process.env.RUNSTONE_TEST_NPM_CERTIFICATES;
const npmEnv = certificates === undefined ? inherited : { ...inherited, NODE_EXTRA_CA_CERTS: certificates };

interface PackedFile {
  readonly path: string;
}

describe("the packed tarball", { skip: noRegistry() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "runstone-package-"));
  let packed: readonly string[] = [];

  before(() => {
    const answer = run(npm, ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], REPOSITORY);
    const [tarball] = JSON.parse(answer) as [{ filename: string; files: readonly PackedFile[] }];
    packed = tarball.files.map(({ path }) => path);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    run(
      npm,
      ["install", "--ignore-scripts", "--no-audit", "--no-fund", join(folder, tarball.filename)],
      folder,
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("holds the program, the library, its types and the documents, and nothing of the tests", () => {
    for (const path of ["dist/bin/runstone.js", "dist/sdk/index.d.ts", "README.md", "SPEC.md", "LICENSE"])
      assert.ok(packed.includes(path), `${path} is in the package`);
    const surplus = packed.filter((path) =>
      /^(?:test|bench|examples)\/|dist\/(?:test|bench)|tsbuildinfo|\.pyc$/.test(path),
    );
    assert.deepEqual(surplus, []);
  });

  test("prints its version", () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
      version: string;
    };
    assert.equal(runstone(["--version"]), `${version}\n`);
  });

  test("does the main job", () => {
    runstone(["init"]);
    runstone([
      "run",
      "--name",
      "first",
      "--",
      process.execPath,
      "-e",
      "console.log('::runstone metric loss=0.5')",
    ]);
    const [found] = JSON.parse(runstone(["runs", "--json"])) as [
      { run_name: string; status: string; metrics: { loss: { value: number } } },
    ];
    assert.deepEqual([found.run_name, found.status, found.metrics.loss.value], ["first", "FINISHED", 0.5]);
    assert.match(runstone(["fsck"]), /no damage/);
  });

  for (const [kind, load] of [
    [
      "import",
      (entry: string) => `import * as entry from "${entry}"; console.log(Object.keys(entry).length);`,
    ],
    ["require", (entry: string) => `console.log(Object.keys(require("${entry}")).length);`],
  ] as const) {
    test(`gives its entries to ${kind}`, () => {
      for (const entry of ENTRIES) {
        const file = join(folder, kind === "import" ? "use.mjs" : "use.cjs");
        writeFileSync(file, load(entry));
        assert.ok(Number(run(process.execPath, [file], folder)) > 20, entry);
      }
    });
  }

  function runstone(args: readonly string[]): string {
    const path = `${join(folder, "node_modules", ".bin")}${delimiter}${process.env.PATH}`;
    const program = process.platform === "win32" ? "runstone.cmd" : "runstone";
    return run(program, args, folder, { ...inherited, PATH: path, RUNSTONE_SPOOL_DIR: folder });
  }
});

test("publint finds nothing to mend", () => {
  const publint = join(REPOSITORY, "node_modules", "publint", "src", "cli.js");
  assert.match(
    run(process.execPath, [publint, "--strict", "--level", "suggestion"], REPOSITORY),
    /All good!/,
  );
});

/** Stdout of a program that must succeed. */
function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = npmEnv): string {
  const shell = process.platform === "win32" && program.endsWith(".cmd");
  const { status, stdout, stderr, error } = spawnSync(program, [...args], {
    cwd,
    env,
    shell,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  assert.equal(status, 0, `${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** The install needs the registry that holds the few dependencies, or npm's cache of it. */
function noRegistry(): string | false {
  const { status } = spawnSync(npm, ["view", "yargs@17.7.3", "version", "--prefer-offline"], {
    env: npmEnv,
    stdio: "ignore",
    shell: process.platform === "win32",
  });
  if (status === 0) return false;
  const reason = "npm reaches no registry: the packed package is not installed";
  if (process.env.CI === "true") throw new Error(reason);
  console.warn(`\n!!! SKIPPED: ${reason}\n`);
  return reason;
}
