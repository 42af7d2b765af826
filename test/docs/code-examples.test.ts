/** The JavaScript and TypeScript of the documentation: checked by the compiler against the built package, and run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { REPOSITORY } from "../helpers/python.js";
import { fencedBlocks, pages, readPage } from "./pages.js";

const TSC = join(REPOSITORY, "node_modules", "typescript", "bin", "tsc");

test("the code examples of the documentation compile and run", (context) => {
  const examples = codeExamples();
  const project = projectWith(context, examples);
  const compiled = spawnSync(process.execPath, [TSC, "-p", project], { encoding: "utf8" });
  assert.equal(compiled.status, 0, `${compiled.stdout}${compiled.stderr}`);
  const { RUNSTONE_RUN_ID: _, RUNSTONE_STORE: __, NODE_EXTRA_CA_CERTS: ___, ...env } = process.env;
  // What needs a server is run by test/sync/sdk-on-server.test.ts.
  const onServers = [...examples].filter(([, text]) => text.includes("http://localhost:5000"));
  const skipped = new Set(onServers.map(([name]) => name.replace(/\.ts$/, ".js")));
  for (const name of readdirSync(join(project, "out"))) {
    if (skipped.has(name)) continue;
    const cwd = join(project, "work", name);
    mkdirSync(cwd, { recursive: true });
    const done = spawnSync(process.execPath, [join(project, "out", name)], { cwd, env, encoding: "utf8" });
    assert.equal(done.status, 0, `${name}: ${done.stderr}`);
    assert.equal(done.stderr, "", name);
  }
});

/** File names with their text: `README.md-170.ts`. */
function codeExamples(): ReadonlyMap<string, string> {
  const examples = new Map<string, string>();
  for (const page of pages()) {
    for (const { language, line, text } of fencedBlocks(readPage(page))) {
      if (language !== "js" && language !== "ts") continue;
      examples.set(`${page.replaceAll(/[\\/]/g, "-")}-${line}.${language}`, text);
    }
  }
  assert.ok(examples.size >= 8, `only ${examples.size} examples were found`);
  return examples;
}

/** A project that has the package as its users do: in node_modules. */
function projectWith(context: TestContext, examples: ReadonlyMap<string, string>): string {
  const project = mkdtempSync(join(tmpdir(), "runstone-examples-"));
  context.after(() => rmSync(project, { recursive: true, force: true }));
  mkdirSync(join(project, "node_modules"));
  mkdirSync(join(project, "src"));
  symlinkSync(REPOSITORY, join(project, "node_modules", "runstone"), "junction");
  const compilerOptions = {
    ...{ target: "es2022", module: "nodenext", strict: true, allowJs: true, checkJs: true },
    ...{ rootDir: "src", outDir: "out", types: ["node"] },
    typeRoots: [join(REPOSITORY, "node_modules", "@types")],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, text] of examples) writeFileSync(join(project, "src", name), text);
  return project;
}
